"""Drive a running simulator over HTTP, from tests and scripts.

sim = Client("http://127.0.0.1:9000/simulator")
chen = sim.add_user("陈先生")
sim.follow(chen)
assert "身份证" in sim.say(chen, "换法人要带什么")[0]
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import requests

_NOTHING_AFTER = str(2**62)


class ClientError(Exception):
    """The simulator refused an act; the text is its reason."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat. ``sender`` is user, account or system; ``channel`` is how it came."""

    id: int
    sender: str
    kind: str
    channel: str
    body: dict[str, Any]
    msgid: str
    template: str

    @property
    def text(self) -> str:
        """The words that a person would read, in one string."""
        if self.kind == "notice":
            return "\n".join([self.body["title"], *(f"{label} {value}" for label, value in self.body["rows"])])
        if self.kind == "article":
            return f"{self.body['title']}\n{self.body['description']}"
        return str(self.body.get("text", ""))


class Client:
    """``base`` is the simulator's address, such as ``http://127.0.0.1:9000/simulator``; ``wait`` is in seconds."""

    def __init__(self, base: str, wait: float = 20.0) -> None:
        self._base = base.rstrip("/")
        self._wait = wait
        self._http = requests.Session()
        self._http.trust_env = False

    def close(self) -> None:
        self._http.close()

    def add_user(self, name: str, *, openid: str = "", snapshot: bool = False) -> str:
        """A new person; returns the openid."""
        return str(self.act("users", name=name, openid=openid, snapshot=snapshot)["openid"])

    def follow(self, user: str) -> list[str]:
        """Follow; returns the texts that answer it."""
        return self._answered("follow", user)

    def unfollow(self, user: str) -> None:
        self._answered("unfollow", user)

    def say(self, user: str, text: str) -> list[str]:
        """Send text; returns the texts that the account (or, as a banner, the platform) answers."""
        return self._answered("say", user, text=text)

    def tap_menu(self, user: str, *path: int) -> list[str]:
        """Tap a menu button by its places; returns the texts that answer it, or the address it opens."""
        last = self._last(user)
        opened = self.act("menu", user=user, path=list(path))["open"]
        return [opened] if opened else self._new_texts(user, last)

    def send_location(self, user: str, latitude: float, longitude: float, label: str = "") -> list[str]:
        return self._answered("location", user, latitude=latitude, longitude=longitude, label=label)

    def send_image(self, user: str) -> list[str]:
        return self._answered("image", user)

    def scan(self, user: str, ticket: str) -> list[str]:
        return self._answered("scan", user, ticket=ticket)

    def consent(self, user: str, templates: dict[str, bool], *, long_term: bool = True) -> None:
        """Answer the consent popup: template id to accepted or not."""
        self._answered("consent", user, choices=templates, long_term=long_term)

    def withdraw_consent(self, user: str, template: str) -> None:
        self._answered("consent/withdraw", user, template=template)

    def change_profile(self, user: str) -> None:
        self._answered("profile", user)

    def revoke(self, user: str) -> None:
        """Take back the authorisation (撤回授权)."""
        self._answered("revoke", user)

    def refuse(self, user: str, refuses: bool = True) -> None:
        self.act("refuse", user=user, refuses=refuses)

    def set_mode(self, mode: str) -> None:
        self.act("mode", mode=mode)

    def set_scenario(self, scenario: dict[str, Any]) -> None:
        """Start a scenario of faults; see ``simulator.faults``."""
        self.act("scenario", **scenario)

    def messages(self, user: str, after: int = 0) -> list[Message]:
        rows = self._get("state", user=user, after=str(after))["messages"]
        return [
            Message(row["id"], row["from"], row["kind"], row["channel"], row["body"], row["msgid"], row["template"])
            for row in rows
        ]

    def deliveries(self) -> list[dict[str, Any]]:
        """What the API delivered: openid, channel, client_msg_id, template_id, fingerprint, count."""
        rows: list[dict[str, Any]] = self._get("deliveries.json")
        return rows

    def inspect(self) -> dict[str, Any]:
        """Counts of calls and the latest lines of the logs."""
        found: dict[str, Any] = self._get("inspect.json")
        return found

    def calls(self, path: str) -> int:
        """How often an API was called, whatever it answered; ``path`` is the end of its address."""
        return sum(row["calls"] for row in self.inspect()["calls"] if row["path"].endswith(path))

    def verify(self) -> bool:
        """Whether the callback echoes the platform's check."""
        return bool(self.act("verify")["echoed"])

    def settle(self, user: str = "") -> None:
        """Wait until nothing is on its way, for one user or for all. Raises TimeoutError."""
        deadline = time.monotonic() + self._wait
        while time.monotonic() < deadline:
            found = self._get("state", user=user, after=_NOTHING_AFTER) if user else self.inspect()
            if not found["pending"]:
                return
            time.sleep(0.02)
        raise TimeoutError(f"simulator: pushes are still on their way after {self._wait} s")

    def act(self, path: str, /, **body: Any) -> dict[str, Any]:
        """Post one act. Raises ClientError with the simulator's words."""
        response = self._http.post(f"{self._base}/{path}", json=body, timeout=self._wait)
        answer: dict[str, Any] = response.json()
        if not response.ok:
            raise ClientError(str(answer.get("error")))
        return answer

    def _answered(self, path: str, user: str, /, **body: Any) -> list[str]:
        last = self._last(user)
        self.act(path, user=user, **body)
        return self._new_texts(user, last)

    def _last(self, user: str) -> int:
        return int(self._get("state", user=user, after=_NOTHING_AFTER)["last"])

    def _new_texts(self, user: str, last: int) -> list[str]:
        self.settle(user)
        return [message.text for message in self.messages(user, last) if message.channel in ("passive", "system")]

    def _get(self, path: str, **query: str) -> Any:
        response = self._http.get(f"{self._base}/{path}", params=query, timeout=self._wait)
        response.raise_for_status()
        return response.json()
