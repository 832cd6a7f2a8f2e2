"""审计日志: who did what to what, when and how it ended, in a chain that shows every later change.

Rows are only ever added: there is no call that changes or removes one. Each entry holds the digest of the one before
it, so whoever alters, removes or inserts a row breaks the chain from there on, and ``verify`` names the place. Cutting
off the end shows against the head row, or against an anchor (number and digest) that was written down elsewhere; every
entry's anchor is also logged. An entry names operators, never citizens.

Rules: 网络安全法 article 23 (logs kept at least six months); GB/T 22239-2019 8.1.4.3 (审计记录 protected from change).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from pydantic import ConfigDict, ValidationError

from chalicelib.ports import Conflict, Put, Record, Store
from chalicelib.shape import Shape
from chalicelib.times import local_date

log = logging.getLogger(__name__)

_HEAD = ("audit", "head")
_BEFORE_THE_FIRST = "0" * 64
_ATTEMPTS = 50


class Result(StrEnum):
    """How it ended. BEGUN is written before a command runs, so that one that kills the process is there too."""

    BEGUN = "begun"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def chinese(self) -> str:
        return {"begun": "开始", "done": "完成", "refused": "被拒", "failed": "失败"}[self.value]


class Entry(Shape):
    """One line. ``number`` counts from 1; ``of`` is the number of the BEGUN line that this one ends."""

    model_config = ConfigDict(frozen=True)

    number: int
    at: datetime
    who: str
    action: str
    subject: str
    result: Result
    of: int | None = None
    before: str
    digest: str = ""

    def sealed(self) -> Entry:
        """The same with the digest over all of its other fields."""
        return self.model_copy(update={"digest": self.expected_digest()})

    def expected_digest(self) -> str:
        body = self.model_dump(mode="json", exclude={"digest"})
        return sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()

    @property
    def anchor(self) -> str:
        """To be written down outside of the store: number and digest."""
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ``verify`` found: entries that are whole, the anchor of the last of them, and what is wrong (Chinese)."""

    entries: int
    anchor: str
    problem: str | None = None


class AuditLog:
    """Rows ``audit#{month}``/``{number}`` and ``audit``/``head``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(
        self, who: str, action: str, subject: str, result: Result, now: datetime, of: int | None = None
    ) -> Entry:
        """One more entry, behind all that are there, whoever else writes at the same moment. Raises Conflict when
        others were faster fifty times running."""
        for _ in range(_ATTEMPTS):
            head = self._store.get(*_HEAD)
            number, before = (head.body["number"] + 1, head.body["digest"]) if head else (1, _BEFORE_THE_FIRST)
            entry = Entry(
                number=number, at=now, who=who, action=action, subject=subject, result=result, of=of, before=before
            ).sealed()
            try:
                self._store.transact(_writes(entry, head))
            except Conflict:
                continue
            log.info("audit entry", extra={"anchor": entry.anchor, "action": action, "result": result.value})
            return entry
        raise Conflict([_HEAD])

    def anchor(self) -> str | None:
        """That of the last entry as the head row tells it; None before the first."""
        head = self._store.get(*_HEAD)
        return f"{head.body['number']}:{head.body['digest']}" if head else None

    def entries(self, since: datetime | None = None) -> Iterator[Entry]:
        """All entries in order, or those of the months from ``since`` on that are not before it."""
        first = self._first_month()
        head = self._store.get(*_HEAD)
        if first is None or head is None:
            return
        start = max(first, _month(since)) if since else first
        for month in _months(start, head.body["month"]):
            for entry in self._of_month(month):
                if since is None or entry.at >= since:
                    yield entry

    def verify(self, anchor: str | None = None) -> Verdict:
        """Walk the whole chain. ``anchor`` is one that was written down before: that very entry must still be there."""
        checked, last, seen = 0, _BEFORE_THE_FIRST, anchor is None
        try:
            for entry in self.entries():
                problem = _flaw(entry, checked + 1, last)
                if problem:
                    return Verdict(checked, f"{checked}:{last}", problem)
                checked, last = checked + 1, entry.digest
                seen = seen or entry.anchor == anchor
        except ValidationError:
            return Verdict(checked, f"{checked}:{last}", f"第 {checked + 1} 条读不出来，被改过")
        return Verdict(checked, f"{checked}:{last}", self._flaw_of_end(checked, last, seen))

    def _flaw_of_end(self, checked: int, last: str, seen: bool) -> str | None:
        head = self._store.get(*_HEAD)
        if head is None:
            return "找不到日志的末尾标记，可能被删" if checked else None
        if (head.body["number"], head.body["digest"]) != (checked, last):
            return f"末尾标记是第 {head.body['number']} 条，实际只到第 {checked} 条，后面的被删或被改"
        return None if seen else "以前记下的那一条现在对不上，日志被整体改写过"

    def _first_month(self) -> str | None:
        row = self._store.get("audit", "first")
        return str(row.body["month"]) if row else None

    def _of_month(self, month: str) -> Iterator[Entry]:
        page: str | None = None
        while True:
            found = self._store.query(f"audit#{month}", page=page)
            yield from (Entry.model_validate(row.body) for row in found.records)
            if (page := found.next) is None:
                return


def _writes(entry: Entry, head: Record | None) -> list[Put]:
    month = max(_month(entry.at), head.body["month"]) if head else _month(entry.at)  # a clock set back keeps the order
    mark = {"number": entry.number, "digest": entry.digest, "month": month}
    writes = [
        Put(Record(f"audit#{month}", f"{entry.number:012d}", entry.model_dump(mode="json")), if_absent=True),
        Put(Record(*_HEAD, mark), if_absent=head is None, if_version=head.version if head else None),
    ]
    if head is None:
        writes.append(Put(Record("audit", "first", {"month": month}), if_absent=True))
    return writes


def _flaw(entry: Entry, number: int, before: str) -> str | None:
    if entry.number != number:
        return f"第 {number} 条不见了（后面接着的是第 {entry.number} 条）"
    if entry.before != before:
        return f"第 {number} 条与它前面的一条接不上，前面有改动"
    return None if entry.digest == entry.expected_digest() else f"第 {number} 条的内容被改过"


def _month(at: datetime) -> str:
    return f"{local_date(at):%Y-%m}"


def _months(first: str, last: str) -> Iterator[str]:
    year, month = map(int, first.split("-"))
    while (text := f"{year:04d}-{month:02d}") <= last:
        yield text
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
