"""Cases from tables of the exchange library, of any size (办件导入): good rows in, broken ones told by row and reason.

Nothing grows with the file. A row that brings nothing new is not written, so a second import changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from pydantic import ValidationError

from chalicelib.cases import exchange
from chalicelib.cases.bulk import BulkCases, Known, Outcome
from chalicelib.cases.exchange import BadColumn
from chalicelib.cases.model import CaseEvent, CaseRow
from chalicelib.content import wording
from chalicelib.content.problems import Broken, Problem
from chalicelib.content.sources import RawRow, Rows
from chalicelib.errors import BadInput, Refusal
from chalicelib.times import local_date

BATCH = 200
"""Rows that are read, merged by case and written together."""

CLOCK_SKEW = timedelta(minutes=10)


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
    """``no``: the case as far as it could be read; ``column`` empty where the whole row is meant."""

    row: int
    no: str
    column: str
    text: str


Told = Callable[[Counts, Sequence[RowMistake]], None]
"""Called after each batch, when its rows are written for good."""


class CaseImport:
    """One import by one operator. ``file``: what the cases' origin says."""

    def __init__(self, cases: BulkCases, by: str, now: datetime, file: str) -> None:
        self._cases = cases
        self._now = now
        origin = {"prov": ["F"], "source_note": f"前置库导入：{file}"[:80]}
        self._origin = origin | {"verified_at": local_date(now).isoformat(), "verified_by": by}
        self.counts = Counts()

    def run(self, rows: Rows, told: Told) -> Counts:
        """Raises BadInput for a file that cannot be read on; what came before that stays."""
        source = iter(rows)
        try:
            while batch := list(islice(source, BATCH)):
                mistakes = sorted(self._batch(batch), key=lambda mistake: mistake.row)
                self.counts.rows += len(batch)
                self.counts.failed += len({mistake.row for mistake in mistakes})
                told(self.counts, mistakes)
        except Broken as broken:
            raise BadInput(str(broken.problem)) from None
        return self.counts

    def _batch(self, batch: Sequence[RawRow | Problem]) -> list[RowMistake]:
        mistakes: list[RowMistake] = []
        good: list[tuple[int, CaseRow | Known]] = []
        for number, raw in enumerate(batch, self.counts.rows + 2):
            line = raw.place.row or number
            if isinstance(raw, Problem):
                mistakes.append(RowMistake(line, "", raw.column or "", raw.text))
                continue
            found = self._read(line, raw)
            if isinstance(found, RowMistake):
                mistakes.append(found)
            else:
                good.append((line, found))
        for turn in _turns(good):
            mistakes += self._written(turn)
        return mistakes

    def _read(self, line: int, raw: RawRow) -> CaseRow | Known | RowMistake:
        no = ""
        try:
            values = exchange.renamed(raw.values)
            no = values.get("project_no", "")[:19]
            row = exchange.read(values)
            found = CaseRow.model_validate(self._origin | row) if "title" in row else _known(row)
        except BadColumn as bad:
            return RowMistake(line, no, bad.column, str(bad))
        except ValidationError as error:
            column, text = next(wording.explain(error, CaseRow))
            return RowMistake(line, no, column or "", text)
        if any(event.at > self._now + CLOCK_SKEW for event in found.events):
            return RowMistake(line, no, "", "有还没有到的时间。请核对各个时间列")
        return found

    def _written(self, turn: Sequence[tuple[int, CaseRow | Known]]) -> list[RowMistake]:
        mistakes = []
        outcomes = self._cases.save([row for _, row in turn], self._now)
        for (line, row), outcome in zip(turn, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                mistakes.append(RowMistake(line, row.no, "", str(outcome)))
            elif outcome is Outcome.ADDED:
                self.counts.added += 1
            elif outcome is Outcome.CHANGED:
                self.counts.changed += 1
            else:
                self.counts.unchanged += 1
        return mistakes


def _known(row: dict[str, object]) -> Known:
    """Progress of a case that came before. Raises ValidationError, in the columns of a case."""
    checked = CaseRow.model_validate({**row, "title": "-", "dept": "-", "prov": ["F"], "phone_last4": "0000"})
    return Known(checked.no, tuple(CaseEvent.model_validate(event) for event in checked.events))


def _turns(rows: Sequence[tuple[int, CaseRow | Known]]) -> list[list[tuple[int, CaseRow | Known]]]:
    """Rows of one case go one after the other; all others together."""
    turns: list[list[tuple[int, CaseRow | Known]]] = []
    place: dict[str, int] = {}
    for line, row in rows:
        turn = place.get(row.no, -1) + 1
        place[row.no] = turn
        if turn == len(turns):
            turns.append([])
        turns[turn].append((line, row))
    return turns
