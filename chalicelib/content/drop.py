"""Files that a back office leaves for us (投放文件): a folder on one machine, a prefix of the bucket on aws.

A file is taken when it has stood unchanged between two looks, so one that is still being written is left alone; names
that end in .part, .tmp or .filepart, or begin with a dot or ~, are not looked at: write under such a name and rename.
What was read goes to ``done/``, its broken rows beside it; a file nobody can read goes to ``failed/`` with the reason.
Cut short anywhere, the next look begins the file again, and what was taken before is found unchanged.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from chalicelib.cases.bulk import BulkCases
from chalicelib.content.case_import import CaseImport, Counts, RowMistake
from chalicelib.content.problems import Place
from chalicelib.content.tables import read_csv
from chalicelib.errors import BadInput
from chalicelib.ports import Blobs, Record, Store
from chalicelib.times import local

log = logging.getLogger(__name__)

HEADER = ("行", "办件编号", "列", "问题")
_OURS = ("done/", "failed/")
_REMEMBERED = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DropBox:
    """Where files are left: ``prefix`` ends in a slash or is empty."""

    blobs: Blobs
    prefix: str = ""


@dataclass(slots=True)
class Look:
    """What one look at the box came to, by file name."""

    ready: list[str] = field(default_factory=list)
    growing: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a file; ``is_unreadable``: it lies in ``failed/`` and somebody has to look at it."""

    counts: Counts
    is_unreadable: bool


class CaseDrop:
    """Rows ``drop#{sha256(name)}``: the digest of a file as it was seen last."""

    def __init__(self, box: DropBox, store: Store, cases: BulkCases) -> None:
        self._box = box
        self._store = store
        self._cases = cases

    def look(self) -> Look:
        """Which files may be taken now. Changes nothing."""
        found = Look()
        for name in self._names():
            try:
                data = self._box.blobs.get(self._box.prefix + name)
            except ValueError:
                found.odd.append(name)
                continue
            if data is not None:
                (found.ready if self._seen(name) == _digest(data) else found.growing).append(name)
        return found

    def note(self, name: str, now: datetime) -> None:
        """Remember how the file looks; the next look takes it if it still looks so."""
        data = self._box.blobs.get(self._box.prefix + name)
        if data is not None:
            expires = int((now + _REMEMBERED).timestamp())
            self._store.put(Record(_key(name), "row", {"digest": _digest(data)}, expires_at=expires))

    def take(self, name: str, now: datetime) -> Taken | None:
        """Import one file and put it away; None when it has changed since the look, or is gone."""
        data = self._box.blobs.get(self._box.prefix + name)
        if data is None or self._seen(name) != _digest(data):
            return None
        mistakes: list[RowMistake] = []
        job = CaseImport(self._cases, f"drop:{name}"[:60], now, name)
        try:
            counts = _read(data, name, job, mistakes)
        except BadInput as error:
            mistakes.append(RowMistake(0, "", "", str(error)))
            taken, place = Taken(job.counts, is_unreadable=True), "failed/"
        else:
            taken, place = Taken(counts, is_unreadable=False), "done/"
        self._put_away(name, f"{place}{local(now):%Y%m%d}/{name}", data, mistakes)
        log.info("file taken", extra={"rows": taken.counts.rows, "failed": taken.counts.failed, "place": place})
        return taken

    def _put_away(self, name: str, to: str, data: bytes, mistakes: Sequence[RowMistake]) -> None:
        blobs, prefix = self._box.blobs, self._box.prefix
        if mistakes:
            blobs.put(f"{prefix}{to}.errors.csv", _report(mistakes))
        blobs.put(prefix + to, data)
        blobs.delete(prefix + name)
        self._store.delete(_key(name), "row")

    def _names(self) -> list[str]:
        names = (name.removeprefix(self._box.prefix) for name in self._box.blobs.list(self._box.prefix))
        return [name for name in names if _meant(name)]

    def _seen(self, name: str) -> str | None:
        row = self._store.get(_key(name), "row")
        return str(row.body["digest"]) if row else None


def _meant(name: str) -> bool:
    last = name.rpartition("/")[2].lower()
    return not name.startswith(_OURS) and not last.startswith((".", "~")) and last.endswith(".csv")


def _read(data: bytes, name: str, job: CaseImport, mistakes: list[RowMistake]) -> Counts:
    with NamedTemporaryFile(suffix=".csv") as file:
        file.write(data)
        file.flush()
        return job.run(read_csv(Path(file.name), Place(name)), lambda counts, told: mistakes.extend(told))


def _report(mistakes: Sequence[RowMistake]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows((m.row or "", m.no, m.column, m.text) for m in mistakes)
    return text.getvalue().encode("utf-8-sig")


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def _key(name: str) -> str:
    return f"drop#{sha256(name.encode()).hexdigest()[:32]}"
