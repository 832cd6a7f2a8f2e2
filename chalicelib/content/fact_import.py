"""Facts of enterprises from a table of any size (企业数据导入): row by row, in conditional batches.

Nothing grows with the file. A row with a mistake is left out whole and told; a value that is there already is not
written, so a second import changes nothing; an older figure never replaces a newer one, and what an office states
replaces what the enterprise says of itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chalicelib.content import wording
from chalicelib.content.documents import read_json_lines
from chalicelib.content.fact_mapping import BadCell, Columns, RowFacts
from chalicelib.content.fact_merge import Merge
from chalicelib.content.problems import Broken, Place, Problem
from chalicelib.content.sources import RawRow, Rows
from chalicelib.content.tables import read_csv
from chalicelib.content.workbooks import read_sheet, sheet_names
from chalicelib.enterprises import uscc as credit_code
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.repository import PROFILE, enterprise_key, profile_record
from chalicelib.errors import BadInput, Refusal
from chalicelib.ports import MAX_TRANSACT, Conflict, JsonObject, Put, Store

BATCH = MAX_TRANSACT
"""Rows in one transaction: one write each, so as many as the store takes."""
_TRIES = 5


@dataclass(slots=True)
class Counts:
    """``rows`` read so far, and what became of them."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class RowMistake:
    """``uscc`` as far as it could be read; ``column`` empty where the whole row is meant."""

    row: int
    uscc: str
    column: str
    text: str


Told = Callable[[Counts, Sequence[RowMistake]], None]
"""Called after each batch, when its rows are written for good."""

Changed = Callable[[Collection[str]], None]
"""Called with the credit codes of a batch whose profiles are new or no longer what they were."""


def open_rows(path: Path) -> Rows:
    """Rows of a .csv, .jsonl or .xlsx file (its first sheet). Raises BadInput for another one."""
    place = Place(path.name)
    match path.suffix.lower():
        case ".csv":
            return read_csv(path, place)
        case ".jsonl":
            return read_json_lines(path, place, "uscc")
        case ".xlsx":
            return read_sheet(path, Place(path.name, sheet=sheet_names(path, place)[0]))
    raise BadInput(f"不能读 {path.suffix or '没有扩展名的'} 文件，可用：.csv、.xlsx、.jsonl")


class FactImport:
    """One import by one operator."""

    def __init__(
        self, store: Store, columns: Columns, by: str, now: datetime, file: str, changed: Changed | None = None
    ) -> None:
        self._store = store
        self._columns = columns
        self._merge = Merge(by, now, file)
        self._changed = changed
        self._all_new = False
        """What the last batch brought. In a first import there is hardly anything to look up: the write finds out."""
        self.counts = Counts()

    def run(self, rows: Rows, told: Told, skip: int = 0) -> Counts:
        """Import all rows but the first ``skip``, which an earlier run has done. Raises BadInput for a file that
        cannot be read on; what came before that stays."""
        try:
            source = iter(rows)
            self.counts.rows = sum(1 for _ in islice(source, skip))
            while batch := list(islice(source, BATCH)):
                mistakes = self._batch(batch)
                self.counts.rows += len(batch)
                self.counts.failed += len({mistake.row for mistake in mistakes})
                told(self.counts, mistakes)
        except Broken as broken:
            raise BadInput(str(broken.problem)) from None
        return self.counts

    def _batch(self, batch: Sequence[RawRow | Problem]) -> list[RowMistake]:
        mistakes: list[RowMistake] = []
        wanted: list[tuple[int, str, RowFacts]] = []
        for number, raw in enumerate(batch, self.counts.rows + 1):
            read = self._read(number, raw)
            if isinstance(read, RowMistake):
                mistakes.append(read)
            else:
                wanted.append(read)
        mistakes += self._written(wanted)
        return sorted(mistakes, key=lambda mistake: mistake.row)

    def _read(self, number: int, raw: RawRow | Problem) -> tuple[int, str, RowFacts] | RowMistake:
        """``number`` counts rows without the header; a mistake names the line as the file shows it."""
        line = raw.place.row or number
        if isinstance(raw, Problem):
            return RowMistake(line, "", raw.column or "", raw.text)
        try:
            row = self._columns.read(_flat(raw.values))
        except BadCell as bad:
            return RowMistake(line, "", bad.column, str(bad))
        code = credit_code.normalise(row.uscc)
        wrong = credit_code.problem(code)
        return RowMistake(line, code[:18], "统一社会信用代码", wrong) if wrong else (line, code, row)

    def _written(self, wanted: Sequence[tuple[int, str, RowFacts]]) -> list[RowMistake]:
        """Write what differs in one transaction; again from the start when a profile was changed meanwhile."""
        for tries in range(_TRIES):
            attempt = _Attempt(self._store, self._merge, guess_new=self._all_new and not tries)
            for line, code, row in wanted:
                attempt.take(line, code, row)
            try:
                attempt.commit()
            except Conflict:
                continue
            self.counts.added += attempt.added
            self.counts.changed += attempt.changed
            self.counts.unchanged += attempt.unchanged
            self._all_new = attempt.added > 0 and attempt.changed == attempt.unchanged == 0
            if self._changed is not None:
                self._changed(attempt.codes)
            return attempt.mistakes
        raise Refusal("同时有别人在改动企业数据，导入停在这一批。请再运行一次，会从这里继续。")


class _Attempt:
    """One batch against the store as it is now; a code that comes twice in it is merged in order.

    ``guess_new`` looks nothing up: where a code is there after all, ``commit`` is refused.
    """

    def __init__(self, store: Store, merge: Merge, *, guess_new: bool) -> None:
        self._store = store
        self._merge = merge
        self._guess_new = guess_new
        self._held: dict[str, tuple[JsonObject | None, int]] = {}
        self._new: dict[str, JsonObject] = {}
        self.mistakes: list[RowMistake] = []
        self.added = self.changed = self.unchanged = 0

    @property
    def codes(self) -> Collection[str]:
        """What the batch adds or changes."""
        return self._new.keys()

    def take(self, line: int, code: str, row: RowFacts) -> None:
        held = self._new.get(code) or self._current(code, row)
        if held is None and "name" not in row.profile:
            text = "库里没有这家企业，这一行也没有名称，不能新建。请补上名称列，或先导入企业"
            self.mistakes.append(RowMistake(line, code, "名称", text))
            return
        try:
            merged = self._merge.merged(held, row) if held else self._merge.made(code, row)
        except ValidationError as error:
            column, text = next(wording.explain(error, Enterprise))
            self.mistakes.append(RowMistake(line, code, column or "", text))
            return
        if held is None:
            self.added += 1
        elif merged is held:
            self.unchanged += 1
            return
        else:
            self.changed += 1
        self._new[code] = merged

    def commit(self) -> None:
        """Raises Conflict, having written nothing."""
        puts = []
        for code, enterprise in self._new.items():
            before, version = self._held[code]
            record = profile_record(code, self._merge.body(enterprise))
            puts.append(Put(record, if_absent=before is None, if_version=version if before else None))
        if puts:
            self._store.transact(puts)

    def _current(self, code: str, row: RowFacts) -> JsonObject | None:
        if code not in self._held:
            guessed = self._guess_new and "name" in row.profile
            record = None if guessed else self._store.get(enterprise_key(code), PROFILE)
            self._held[code] = (record.body["enterprise"], record.version) if record else (None, 0)
        return self._held[code][0]


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON Lines may put facts under ``facts``, as ``policy match`` reads them."""
    inner = values.get("facts")
    if not isinstance(inner, dict):
        return dict(values)
    return {name: value for name, value in values.items() if name != "facts"} | inner
