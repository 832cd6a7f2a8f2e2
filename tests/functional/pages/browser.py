"""A browser on the real Chalice app, held by one person whom the platform knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from chalice.test import Client

from chalicelib.bootstrap import Application
from chalicelib.wechat.oauth import Identity
from tests.functional.support import SETTINGS
from tests.unit.pages.house import FakeClient

FORM = "application/x-www-form-urlencoded"


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, Any]


@dataclass
class Browser:
    client: Client
    application: Application
    openid: str | None
    cookies: dict[str, str] = field(default_factory=dict)

    def open(self, address: str) -> Answer:
        """Follow redirects to the platform and back."""
        for _ in range(6):
            answer = self.request("GET", address)
            if answer.status not in (302, 303):
                return answer
            address = self._follow(answer.headers["Location"])
        raise AssertionError("redirects without end")

    def request(self, method: str, address: str, body: bytes = b"", **headers: str) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | {"Cookie": cookies}
        got = self.client.http.request(method, address, headers=sent, body=body)
        set_cookies = got.headers.get("Set-Cookie", [])
        for cookie in set_cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(got.status_code, got.body.decode(), dict(got.headers))

    def post(self, address: str, **form: str) -> Answer:
        return self.request("POST", address, urlencode(form).encode(), Content_Type=FORM)

    def _follow(self, location: str) -> str:
        ours = str(SETTINGS["public_url"])
        if location.startswith(ours):
            return location.removeprefix(ours)
        assert self.openid, "sent to sign in, and nobody is there"
        asked = dict(parse_qsl(urlsplit(location).query))
        client = self.application.wechat_client
        assert isinstance(client, FakeClient)
        client.sns.codes["code-1"] = Identity(openid=self.openid)
        back = asked["redirect_uri"].removeprefix(ours)
        return f"{back}&code=code-1&state={asked['state']}"
