"""What every Store adapter must agree on: the form of keys, bodies and page tokens, and which calls make no sense.

The limits are DynamoDB's, so that a row which works on one machine works in the cloud too
(Amazon DynamoDB Developer Guide, "Quotas and limits": keys 2,048 and 1,024 bytes, items 400 KB, transactions 4 MB).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import from_json, to_json

from chalicelib.ports import MAX_GET, MAX_TRANSACT, Check, JsonObject, Put, Record, Write

MAX_PK_BYTES = 2_048
MAX_SK_BYTES = 1_024
_SHORT = MAX_SK_BYTES // 4
"""Characters that fit into any key, whatever they are: UTF-8 has at most four bytes for one."""
MAX_BODY_BYTES = 380_000
MAX_TRANSACT_BYTES = 4_000_000

_STRICT = json.JSONEncoder(allow_nan=False)

Key = tuple[str, str]


def encode_body(body: JsonObject) -> str:
    """Compact JSON text. Raises ValueError for what JSON cannot hold or a row cannot carry."""
    text = to_json(body).decode()  # a quarter of the time that json takes, and every write encodes
    if "NaN" in text or "Infinity" in text:  # a word of the text, or a number that JSON does not know
        check_body(body)
    if _above(MAX_BODY_BYTES, text):
        raise ValueError(f"body is larger than {MAX_BODY_BYTES} bytes")
    return text


def check_body(body: JsonObject) -> None:
    """Raises ValueError for numbers that JSON does not know, TypeError for dates, sets and the like, which
    ``encode_body`` would write as if they were text and lists: slow, for where nobody waits."""
    _STRICT.encode(body)


def _above(limit: int, text: str) -> bool:
    """Whether it has more bytes in UTF-8; four for each character is the most there can be."""
    return 4 * len(text) > limit and len(text.encode()) > limit


def decode_body(text: str) -> JsonObject:
    body: JsonObject = from_json(text)
    return body


def is_live(expires_at: int | None, now: datetime) -> bool:
    """False from the second of expiry on."""
    return expires_at is None or expires_at > epoch(now)


def epoch(now: datetime) -> int:
    """Whole seconds; ``expires_at > epoch(now)`` is the one test of life in every adapter."""
    return int(now.timestamp() // 1)


def check_key(pk: str, sk: str) -> None:
    """Raises ValueError for keys that DynamoDB refuses."""
    if 0 < len(pk) <= _SHORT and 0 < len(sk) <= _SHORT:  # as nearly all are
        return
    if not pk or not sk or _above(MAX_PK_BYTES, pk) or _above(MAX_SK_BYTES, sk):
        raise ValueError("keys must be 1 to 2048 (pk) and 1 to 1024 (sk) bytes long")


def check_keys(keys: Sequence[tuple[str, str]]) -> None:
    """Raises ValueError for keys that no row has, for one asked twice, and for too many."""
    if len(set(keys)) < len(keys) or len(keys) > MAX_GET:
        raise ValueError(f"at most {MAX_GET} different rows are read together, not {len(keys)}")
    for pk, sk in keys:
        check_key(pk, sk)


def check_put(record: Record, if_absent: bool, if_version: int | None) -> None:
    """Raises ValueError for a row or a pair of conditions that cannot be."""
    check_key(record.pk, record.sk)
    for key in (record.gsi1, record.gsi2):
        if key is not None:
            check_key(*key)
    if if_absent and if_version is not None:
        raise ValueError("if_absent and if_version exclude each other")


def check_add(pk: str, sk: str, counts: Mapping[str, int]) -> None:
    check_key(pk, sk)
    if not counts:
        raise ValueError("nothing to add")


def added(old: Mapping[str, int], counts: Mapping[str, int], at_most: Mapping[str, int]) -> dict[str, int] | None:
    """All counters after an addition, or None when one would pass its limit."""
    totals = dict(old)
    for name, number in counts.items():
        totals[name] = totals.get(name, 0) + number
    return None if any(totals.get(name, 0) > limit for name, limit in at_most.items()) else totals


def check_writes(writes: Sequence[Write]) -> list[str]:
    """The encoded body of each, "" where there is none. Raises ValueError for too many writes, a row named twice, or
    conditions that cannot be."""
    if len(writes) > MAX_TRANSACT:
        raise ValueError(f"at most {MAX_TRANSACT} writes in one transaction")
    keys = [key_of(write) for write in writes]
    if len(set(keys)) != len(keys):
        raise ValueError("a transaction may name each row once")
    bodies = []
    for write in writes:
        if isinstance(write, Put):
            check_put(write.record, write.if_absent, write.if_version)
        elif isinstance(write, Check) and write.if_absent and write.if_version is not None:
            raise ValueError("if_absent and if_version exclude each other")
        bodies.append(encode_body(write.record.body) if isinstance(write, Put) else "")
    if _above(MAX_TRANSACT_BYTES, "".join(bodies)):
        raise ValueError(f"a transaction carries at most {MAX_TRANSACT_BYTES} bytes")
    return bodies


def key_of(write: Write) -> Key:
    return (write.record.pk, write.record.sk) if isinstance(write, Put) else (write.pk, write.sk)


def refuses(write: Write, version: int | None) -> bool:
    """Whether the condition of a write fails over the live row's version, None when no live row is there."""
    if write.if_version is not None:
        return version != write.if_version
    if isinstance(write, Put):
        return write.if_absent and version is not None
    if isinstance(write, Check):
        return (version is not None) if write.if_absent else version is None
    return False


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a partition that a query asks for, by sort key; ``after`` is the last key of the page before."""

    limit: int
    reverse: bool
    prefix: str | None = None
    start: str | None = None
    end: str | None = None
    after: tuple[str, ...] | None = None

    @property
    def empty(self) -> bool:
        return self.start is not None and self.end is not None and self.start > self.end

    def holds(self, sort: str) -> bool:
        if self.prefix is not None:
            return sort.startswith(self.prefix)
        return (self.start is None or sort >= self.start) and (self.end is None or sort <= self.end)


def span(
    *,
    prefix: str | None,
    start: str | None,
    end: str | None,
    limit: int,
    page: str | None,
    reverse: bool,
    key_length: int,
) -> Span:
    """The arguments of a query, checked. ``key_length``: parts of a page token, 1 for the table, 3 for an index."""
    if prefix is not None and (start is not None or end is not None):
        raise ValueError("prefix and start/end exclude each other")
    if limit < 1:
        raise ValueError("limit must be at least 1")
    after = None if page is None else read_token(page, key_length)
    return Span(limit, reverse, prefix or None, start or None, end, after)


def make_token(key: Sequence[str]) -> str:
    """An opaque page token that names the last key of a page."""
    return base64.urlsafe_b64encode(json.dumps(list(key)).encode()).decode()


def read_token(token: str, key_length: int) -> tuple[str, ...]:
    """Raises ValueError for a token that no adapter made for this kind of query."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError):
        raise ValueError("not a page token") from None
    if not isinstance(parts, list) or len(parts) != key_length or not all(isinstance(part, str) for part in parts):
        raise ValueError("not a page token of this query")
    return tuple(parts)


def prefix_end(prefix: str) -> str | None:
    """The first string after all that start with ``prefix``, in code-point order; None when there is none."""
    while prefix:
        last = ord(prefix[-1])
        if last < 0x10FFFF:
            return prefix[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)
        prefix = prefix[:-1]
    return None
