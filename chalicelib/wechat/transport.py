"""One HTTP call to the platform: what left, what came back, and no secret in either's error."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3 import HTTPConnectionPool, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError, SSLError

from chalicelib.wechat.errors import ApiError, NotSent, Unclear

JsonObject = dict[str, Any]
Params = tuple[tuple[str, Any], ...]

_HOSTS = 16
"""Far more than we talk to: the connections to one that is asked again are never dropped for another's."""

MAX_ERRMSG = 300
MAX_ANSWER = 1 << 20
"""Bytes of an answer. The longest that we ask for, 10,000 openids, has a third of it."""

_SECRET = re.compile(r"((?:access_token|secret|appsecret|ticket)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]+", re.IGNORECASE)
_OPENID = re.compile(r"(?<![A-Za-z0-9_-])o[A-Za-z0-9_-]{27}(?![A-Za-z0-9_-])")

_HANDSHAKE = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "HANDSHAKE_FAILURE", "PROTOCOL_VERSION")
"""TLS errors that come before a request can leave; others may come after it."""

_NUMBER = re.compile(r"-?[0-9]{1,9}")

log = logging.getLogger(__name__)

# At DEBUG urllib3 logs each URL with its query, and the platform wants its access token in there.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


class AnswerTooLong(HTTPError):
    """More than MAX_ANSWER: no answer of the platform."""


class Connections:
    """Keep-alive connections for so many threads at once; no retries, no redirects (they would carry the token to who
    knows where), no cookies.

    They are those of requests, with its certificates and proxies, used without what requests does around each call:
    that takes longer than the call. The environment's proxies for ``base`` are looked up once, here.
    """

    def __init__(self, most: int, base: str) -> None:
        self._adapter = HTTPAdapter(pool_connections=_HOSTS, pool_maxsize=most, max_retries=0)
        self._proxies = get_environ_proxies(base)
        self._headers = requests.utils.default_headers()
        self._route = lru_cache(maxsize=64)(self._find)

    def close(self) -> None:
        self._route.cache_clear()
        self._adapter.close()

    def exchange(
        self, method: str, url: str, params: Params, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes]:
        """The status and the whole body of the answer. Raises what urllib3 raises."""
        pool, target = self._route(url, params)
        answer = pool.urlopen(
            method.upper(),
            target,
            body=body,
            headers={**self._headers, **headers},
            timeout=Timeout(connect=timeout, read=timeout),
            retries=False,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )
        content = answer.read(MAX_ANSWER + 1)
        if len(content) > MAX_ANSWER:
            answer.close()
            raise AnswerTooLong
        return answer.status, content

    def _find(self, url: str, params: Params) -> tuple[HTTPConnectionPool, str]:
        """The connections to its host, and what to ask for there. To take an address apart and put it together again
        is a tenth of what a call costs, and messages all go to the same one."""
        request = requests.Request(method="POST", url=url, params=dict(params)).prepare()
        pool = self._adapter.get_connection_with_tls_context(request, True, proxies=self._proxies)
        assert isinstance(pool, HTTPConnectionPool)
        self._adapter.cert_verify(pool, request.url, True, None)  # type: ignore[no-untyped-call]
        return pool, self._adapter.request_url(request, self._proxies)


def call(
    connections: Connections,
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
    body, headers = _multipart(data, files) if files else (data, {})
    try:
        status, content = connections.exchange(method, url, tuple((params or {}).items()), body, headers, timeout)
    except HTTPError as error:
        problem = _network_problem(path, error)
    else:
        return _result(path, status, content)
    # Out here nothing is chained to it: the text of the original holds the URL, and that the token.
    raise problem


def _multipart(data: Any, files: Any) -> tuple[Any, Mapping[str, str]]:
    request = requests.PreparedRequest()
    request.prepare_headers({})
    request.prepare_body(data, files)
    return request.body, {"Content-Type": request.headers["Content-Type"]}


def encode(data: object) -> bytes:
    """JSON as UTF-8 without \\u escapes, which the platform refuses (40033)."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def scrub(text: str) -> str:
    """The platform's message without tokens, secrets and openids."""
    return _OPENID.sub("[openid]", _SECRET.sub(r"\1[hidden]", text))[:MAX_ERRMSG]


def _network_problem(path: str, error: HTTPError) -> NotSent | Unclear:
    if isinstance(error, ProxyError):  # urllib3 says so only until the way through the proxy stands
        return NotSent(path, type(error.original_error).__name__)
    cause = type(error).__name__
    unreached = isinstance(error, NewConnectionError | ConnectTimeoutError)
    no_handshake = isinstance(error, SSLError) and any(sign in str(error) for sign in _HANDSHAKE)
    return NotSent(path, cause) if unreached or no_handshake else Unclear(path, cause)


def _result(path: str, status: int, content: bytes) -> JsonObject:
    """The platform says 200 whatever comes of a call; any other status is a word of somebody in between."""
    answer = _object(content)
    if status != 200 or answer is None:
        raise Unclear(path, f"HTTP {status}, {'not JSON' if answer is None else 'not an answer of the platform'}")
    code = _code(answer.get("errcode", 0))
    if code is None:
        raise Unclear(path, "errcode is not a number")
    if code != 0:
        error = ApiError(path, code, scrub(str(answer.get("errmsg", ""))), message_id(answer))
        log.info("the platform refused a call", extra={"path": path, "errcode": code, "rid": error.rid})
        raise error
    return answer


def _object(content: bytes) -> JsonObject | None:
    with suppress(ValueError, RecursionError):
        answer = json.loads(content)
        return answer if isinstance(answer, dict) else None
    return None


def _code(value: object) -> int | None:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def message_id(answer: JsonObject) -> str | None:
    """The platform's id of a message as text (it is 64 bits long); None for none and for 0."""
    found = answer.get("msgid") or answer.get("msg_id")
    return str(found) if found else None
