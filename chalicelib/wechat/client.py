"""The platform's API over wechatpy 1.8.18, which supplies the API groups and nothing of the behaviour.

Every call of every group, ours and wechatpy's own (media, material, tags…), passes through ``_request`` here, because
wechatpy's own one recurses without end on a refused token, sends the token request without a timeout and with the
secret in the URL, and lets URLs with tokens out in exceptions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wechatpy.client import WeChatClient

from chalicelib.ports import Clock
from chalicelib.wechat import apis, transport
from chalicelib.wechat.errors import TOKEN_CODES, ApiError, NotSent, Unclear
from chalicelib.wechat.tokens import Issued, TokenCache, TokenKeeper
from chalicelib.wechat.transport import JsonObject

PLATFORM = "https://api.weixin.qq.com"

ATTEMPTS = 3
"""With the token at hand, with one fetched again, with one forced: the ladder of ``tokens``."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose API it is. ``base`` lets any host stand in for the platform."""

    app_id: str
    secret: str = field(repr=False)
    base: str = PLATFORM


class PlatformClient(WeChatClient):  # type: ignore[misc]  # wechatpy has no types
    """One for a process, shared by its threads. Calls raise ApiError, NotSent or Unclear, nothing else.

    wechatpy evaluates every property before ``__init__``: those here must do no more than raise AttributeError then.
    """

    message = apis.Messages()
    menu = apis.Menus()
    qrcode = apis.QrCodes()
    user = apis.Users()
    drafts = apis.Drafts()
    openapi = apis.OpenApi()
    sns = apis.Sns()
    jsapi = apis.JsApi()

    def __init__(
        self,
        account: Account,
        tokens: TokenCache,
        tickets: TokenCache,
        clock: Clock,
        *,
        timeout: float = 5.0,
        connections: int = 16,
    ) -> None:
        """``timeout``: seconds to connect, and seconds between bytes. ``tickets`` caches the JS-SDK ticket."""
        super().__init__(account.app_id, account.secret, timeout=timeout, auto_retry=False)
        self._http = transport.Connections(connections, account.base)
        self.account = account
        self.clock = clock
        self.tokens = TokenKeeper(tokens, self._stable_token, clock)
        self.tickets = TokenKeeper(tickets, self._jsapi_ticket, clock)

    @property
    def access_token(self) -> str:
        return self.tokens.get().value

    def fetch_access_token(self) -> None:
        """wechatpy's own way to renew; ours is ``tokens``."""
        raise NotImplementedError("use PlatformClient.tokens")

    def close(self) -> None:
        self._http.close()

    def _request(
        self,
        method: str,
        url_or_endpoint: str,
        *,
        params: JsonObject | None = None,
        data: Any = None,
        json: Any = None,
        files: Any = None,
        timeout: float | None = None,
        api_base_url: str | None = None,
        result_processor: Callable[[JsonObject], Any] | None = None,
        authorised: bool = True,
    ) -> Any:
        """What wechatpy's groups call. ``authorised=False``: a call that carries no access token."""
        url = self._url(url_or_endpoint, api_base_url)
        path = url.removeprefix(self.account.base)
        content = data if json is None else json
        body = transport.encode(content) if isinstance(content, dict) else content
        query = dict(params or {})

        def once() -> JsonObject:
            wait = timeout or self.timeout
            return transport.call(self._http, method, url, path, timeout=wait, params=query, data=body, files=files)

        answer = self._with_token(once, query) if authorised else once()
        return result_processor(answer) if result_processor else answer

    def _with_token(self, once: Callable[[], JsonObject], query: JsonObject) -> JsonObject:
        """At most ATTEMPTS calls; a token error of the last one is final."""
        token = self.tokens.get()
        for _ in range(ATTEMPTS - 1):
            query["access_token"] = token.value
            try:
                return once()
            except ApiError as error:
                if error.code not in TOKEN_CODES:
                    raise
            token = self.tokens.renew(token)
        query["access_token"] = token.value
        return once()

    def _url(self, endpoint: str, api_base_url: str | None) -> str:
        if not endpoint.startswith(("http://", "https://")):
            endpoint = (api_base_url or f"{PLATFORM}/cgi-bin/") + endpoint
        return self.account.base + endpoint.removeprefix(PLATFORM) if endpoint.startswith(PLATFORM) else endpoint

    def _stable_token(self, force: bool) -> Issued:
        """POST stable_token: the secret travels in the body. Whatever fails here, no message has been sent."""
        body = {
            "grant_type": "client_credential",
            "appid": self.account.app_id,
            "secret": self.account.secret,
            "force_refresh": force,
        }
        try:
            answer = self._request("POST", "stable_token", data=body, authorised=False)
        except Unclear as error:
            raise NotSent(error.path, error.cause) from None
        return _issued(answer, "access_token", "stable_token")

    def _jsapi_ticket(self, _force: bool) -> Issued:
        answer = self._request("GET", "ticket/getticket", params={"type": "jsapi"})
        return _issued(answer, "ticket", "ticket/getticket")


def _issued(answer: JsonObject, name: str, path: str) -> Issued:
    """Raises NotSent: an empty token would be shared and kept as if it were one, and one without life be fetched for
    every message."""
    value = answer.get(name)
    try:
        seconds = int(answer.get("expires_in", 0))
    except (ValueError, TypeError):
        seconds = 0
    if seconds <= 0:
        raise NotSent(path, "an answer without its seconds of life")
    if not isinstance(value, str) or not value:
        raise NotSent(path, f"an answer without {name}")
    return Issued(value, seconds)
