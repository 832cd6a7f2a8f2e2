"""One HTTP call to the platform: what left, what came back, and no secret in either's error."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import NewConnectionError, SSLError

from chalicelib.wechat.errors import ApiError, NotSent, Unclear

JsonObject = dict[str, Any]

MAX_ERRMSG = 300
_SECRET = re.compile(r"((?:access_token|secret|appsecret|ticket)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]+", re.IGNORECASE)
_OPENID = re.compile(r"\bo[A-Za-z0-9_-]{27}\b")

_HANDSHAKE = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "HANDSHAKE_FAILURE", "PROTOCOL_VERSION")
"""TLS errors that come before a request can leave; others may come after it."""

log = logging.getLogger(__name__)

# At DEBUG urllib3 logs each URL with its query, and the platform wants its access token in there.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


def pooled_session(connections: int, base: str) -> requests.Session:
    """Keep-alive connections to ``base`` for so many threads at once; never retries by itself.

    The environment's proxies for it are looked up here: requests would read all of the environment for every call,
    which takes as long as the rest of what it does.
    """
    session = requests.Session()
    session.trust_env = False
    session.proxies.update(get_environ_proxies(base))
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=connections, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def call(
    session: requests.Session,
    method: str,
    url: str,
    path: str,
    *,
    timeout: float,
    params: Mapping[str, Any] | None = None,
    data: bytes | None = None,
    files: Any = None,
) -> JsonObject:
    """The JSON object that the platform answered, errcode 0 or none. ``path`` names the call in errors.

    Raises ApiError, NotSent (nothing left this machine) or Unclear (it may have been carried out).
    """
    request = requests.PreparedRequest()
    request.prepare_method(method)
    request.url = _address(url, tuple((params or {}).items()))
    request.prepare_headers(session.headers)
    request.prepare_body(data, files)
    try:
        response = _send(session, request, timeout)
    except requests.RequestException as error:
        # ``from None``: the text of the original holds the URL, and that the token.
        raise _network_problem(path, error) from None
    return _result(path, response)


@lru_cache(maxsize=64)
def _address(url: str, params: tuple[tuple[str, Any], ...]) -> str | None:
    """With its query. To take an address apart and put it together again is a tenth of what a call costs, and messages
    all go to the same one."""
    request = requests.PreparedRequest()
    request.prepare_url(url, dict(params))
    return request.url


def _send(session: requests.Session, request: requests.PreparedRequest, timeout: float) -> requests.Response:
    """Straight through the adapter: a session merges its settings, keeps cookies and follows redirects at every call.
    We need none of it, and a redirect would carry the token to who knows where."""
    adapter = session.get_adapter(request.url or "")
    response = adapter.send(request, timeout=timeout, proxies=session.proxies)
    _ = response.content  # read now: a connection that breaks half way must be told as such
    return response


def encode(data: object) -> bytes:
    """JSON as UTF-8 without \\u escapes, which the platform refuses (40033)."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def scrub(text: str) -> str:
    """The platform's message without tokens, secrets and openids."""
    return _OPENID.sub("[openid]", _SECRET.sub(r"\1[hidden]", text))[:MAX_ERRMSG]


def _network_problem(path: str, error: requests.RequestException) -> NotSent | Unclear:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    cause = type(reason or error).__name__
    unreached = isinstance(reason, NewConnectionError) or isinstance(error, requests.ConnectTimeout)
    no_handshake = isinstance(reason, SSLError) and any(sign in str(reason) for sign in _HANDSHAKE)
    return NotSent(path, cause) if unreached or no_handshake else Unclear(path, cause)


def _result(path: str, response: requests.Response) -> JsonObject:
    try:
        answer = json.loads(response.content)
    except ValueError:
        raise Unclear(path, f"HTTP {response.status_code}, not JSON") from None
    if not isinstance(answer, dict) or response.status_code >= 500:
        raise Unclear(path, f"HTTP {response.status_code}, not an answer of the platform")
    code = answer.get("errcode", 0)
    if not isinstance(code, int):
        raise Unclear(path, "errcode is not a number")
    if code != 0:
        error = ApiError(path, code, scrub(str(answer.get("errmsg", ""))), message_id(answer))
        log.info("the platform refused a call", extra={"path": path, "errcode": code, "rid": error.rid})
        raise error
    return answer


def message_id(answer: JsonObject) -> str | None:
    """The platform's id of a message as text (it is 64 bits long); None for none and for 0."""
    found = answer.get("msgid") or answer.get("msg_id")
    return str(found) if found else None
