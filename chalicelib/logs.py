"""Structured logs: one JSON object a line, scrubbed of everything personal or secret on its way out.

Domain code logs ids only; the formatter is the net under it. It covers message, arguments, ``extra``, exception and
stack text, and the lines of libraries as well (an HTTP client logs the address with the access_token in it).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

from chalicelib import masking, times

_CONTEXT: ContextVar[Mapping[str, str] | None] = ContextVar("log_context", default=None)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_MAX_DEPTH = 6

_OPENID_KEYS = frozenset(
    {"openid", "person", "from_user", "to_user", "touser", "fromusername", "tousername", "unionid"}
)
_HIDDEN_KEYS = frozenset(
    "name legal_rep contact contacts mobile phone tel id_card idcard account bank_account email address "
    "password secret app_secret appsecret token access_token refresh_token aes_key encodingaeskey session_secret "
    "authorization signature".split()
)
_SECRET = re.compile(
    r"""(?i)((?:access_token|refresh_token|secret|aes_?key|token|signature|password|authorization)["']?"""
    r"""\s{0,3}[=:]\s{0,3}["']?(?:bearer\s|basic\s)?)([^\s"'&,;}\])]+)"""
)
_AES_KEY = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9]{43}=?(?![A-Za-z0-9+/=_-])")
_OPENID = re.compile(r"(?<![A-Za-z0-9_-])(?=o|[a-z_]{0,27}[A-Z0-9-])[A-Za-z0-9_-]{28}(?![A-Za-z0-9_-])")
_USCC = re.compile(r"(?<![A-Za-z0-9])[0-9A-HJ-NP-RTUW-Y]{2}\d{6}[0-9A-HJ-NP-RTUW-Y]{10}(?![A-Za-z0-9])")


def scrub(text: str) -> str:
    """Free text for a log line: secrets gone, openids hashed, credit codes and all of ``masking.scrub`` masked."""
    text = _SECRET.sub(r"\1***", text)
    text = _AES_KEY.sub("***", text)
    text = _OPENID.sub(lambda found: masking.openid(found.group()), text)
    text = _USCC.sub(lambda found: masking.uscc(found.group()), text)
    return masking.scrub(text)


@contextmanager
def bind(**ids: str) -> Iterator[None]:
    """Add ids (correlation_id=…) to every line logged inside the block, in this thread or task only."""
    token = _CONTEXT.set({**(_CONTEXT.get() or {}), **ids})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def bound(name: str) -> str | None:
    """What ``bind`` holds under this name here and now."""
    return (_CONTEXT.get() or {}).get(name)


def configure(level: str, stream: TextIO) -> None:
    """Make ``stream`` the one place where this process logs; replaces what an earlier call or the runtime set up."""
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    handler = logging.StreamHandler(stream)
    handler.addFilter(add_context)
    handler.setFormatter(JsonFormatter())
    root.addHandler(handler)
    root.setLevel(level)


def add_context(record: logging.LogRecord) -> bool:
    """A logging filter: puts what ``bind`` holds on the record, without overwriting what the call itself says."""
    for key, value in (_CONTEXT.get() or {}).items():
        if key not in record.__dict__:
            setattr(record, key, value)
    return True


class JsonFormatter(logging.Formatter):
    """``{"at", "level", "logger", "message", …extra, "error", "stack"}``, scrubbed."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": times.stamp(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": scrub(record.getMessage()),
        }
        for key, value in record.__dict__.items():
            if key not in _STANDARD and not key.startswith("_"):
                line[key if key not in line else f"extra_{key}"] = clean(key, value)
        if record.exc_info:
            line["error"] = scrub(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = scrub(record.stack_info)
        return json.dumps(line, ensure_ascii=False)


def clean(key: str, value: object, depth: int = 0) -> object:
    """A value as it may be logged under ``key``: names and secrets are dropped by key, the rest scrubbed by form."""
    if value is None or isinstance(value, bool | float):
        return value
    bare = key.lower()
    if bare in _HIDDEN_KEYS:
        return "***"
    if bare in _OPENID_KEYS:
        return masking.openid(str(value))
    if isinstance(value, int):
        text = scrub(str(value))
        return value if text == str(value) else text
    return _clean_nested(key, value, depth)


def _clean_nested(key: str, value: object, depth: int) -> object:
    if depth < _MAX_DEPTH:
        if isinstance(value, Mapping):
            return {scrub(str(inner)): clean(str(inner), item, depth + 1) for inner, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [clean(key, item, depth + 1) for item in value]
    return scrub(str(value))
