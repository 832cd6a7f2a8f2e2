"""What filling in takes (填表统计): per form the share of fields filled in for the person, the time from start to end,
and where people give up.

One row a draft, written once when it ends, in a form that tells nothing of the person: no openid, no enterprise, no
value, only which form, counts, seconds and the field of the open question. Rows end after 400 days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil
from typing import Literal

from pydantic import ConfigDict

from chalicelib.forms.draft import Draft, DraftState
from chalicelib.forms.model import Compiled, Source
from chalicelib.forms.wanted import next_field, wanted
from chalicelib.ports import Conflict, Record, Store
from chalicelib.shape import Shape
from chalicelib.shards import SHARDS, shard
from chalicelib.times import local

KEPT = timedelta(days=400)
"""A year and a month: the same month of last year can be held against this one."""

End = Literal["已提交", "已取消", "已过期"]


class Filled(Shape):
    """One draft at its end. Of the wanted fields, ``prefilled`` were known, ``derived`` computed, ``asked`` given by
    the person, ``blank`` left open. ``gave_up_at`` is the field of the open question where it was not handed in."""

    model_config = ConfigDict(frozen=True)

    form: str
    version: int
    end: End
    prefilled: int
    derived: int
    asked: int
    blank: int
    seconds: int
    gave_up_at: str = ""
    corrections: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """One form over some months. Shares are of the filled ``fields`` of forms handed in, 0 to 1; times are seconds from
    start to handing in (median and 90th percentile, nearest rank); None without any handed in."""

    form: str
    started: int
    submitted: int
    cancelled: int
    expired: int
    fields: int
    prefilled: float | None
    derived: float | None
    asked: float | None
    median_seconds: int | None
    p90_seconds: int | None
    corrections: float | None
    gave_up_at: tuple[tuple[str, int], ...]
    """Fields with how many gave up there, the most first."""


def filled(compiled: Compiled, draft: Draft, now: datetime) -> Filled:
    """What is counted of a draft that has ended. Raises ValueError for one that is still open."""
    if draft.state not in (DraftState.SUBMITTED, DraftState.CANCELLED, DraftState.EXPIRED):
        raise ValueError("the draft is still open")
    asked_for = wanted(compiled, draft.values())
    sources = Counter(_kind(draft.answers[name].source) for name in asked_for if name in draft.answers)
    handed_in = draft.state is DraftState.SUBMITTED
    ended = draft.submitted_at or now if handed_in else draft.updated_at
    return Filled(
        form=draft.form,
        version=draft.version,
        end=draft.state.value,
        prefilled=sources["prefilled"],
        derived=sources["derived"],
        asked=sources["asked"],
        blank=len(asked_for) - sources.total(),
        seconds=max(0, round((ended - draft.started_at).total_seconds())),
        gave_up_at="" if handed_in else draft.asking or next_field(compiled, draft) or "",
        corrections=draft.corrections,
        steps=draft.steps,
    )


def figures(rows: Iterable[Filled]) -> list[Figures]:
    """Per form, in the order of their ids."""
    by_form: dict[str, list[Filled]] = {}
    for row in rows:
        by_form.setdefault(row.form, []).append(row)
    return [_figures(form, by_form[form]) for form in sorted(by_form)]


class FormMeasure:
    """Rows ``formmeasure#{month}#{shard}``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def note(self, compiled: Compiled, draft: Draft, now: datetime) -> bool:
        """Count a draft that has ended; False where it was counted before. The month is that of its end (China)."""
        key = sha256(f"measure\n{draft.id}".encode()).hexdigest()[:24]
        ended = draft.submitted_at or draft.updated_at
        record = Record(
            pk=_pk(f"{local(ended):%Y-%m}", shard(key)),
            sk=f"{draft.form}#{key}",
            body=filled(compiled, draft, now).model_dump(mode="json"),
            expires_at=int((ended + KEPT).timestamp()),
        )
        try:
            self._store.put(record, if_absent=True)
        except Conflict:
            return False
        return True

    def of_months(self, first: str, last: str) -> Iterator[Filled]:
        """Rows of the months from ``first`` to ``last`` (2026-11), both included."""
        for month in months(first, last):
            for number in range(SHARDS):
                yield from self._rows(_pk(month, number))

    def _rows(self, pk: str) -> Iterator[Filled]:
        page: str | None = None
        while True:
            found = self._store.query(pk, page=page)
            yield from (Filled.model_validate(record.body) for record in found.records)
            if (page := found.next) is None:
                return


def months(first: str, last: str) -> Iterator[str]:
    """2026-11, 2026-12, 2027-01: each month from the first to the last."""
    year, month = map(int, first.split("-"))
    while (name := f"{year:04d}-{month:02d}") <= last:
        yield name
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def share_text(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def time_text(seconds: int | None) -> str:
    """4分10秒, 2小时5分, 3天: the two largest parts."""
    if seconds is None:
        return "-"
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    parts = [(days, "天"), (hours, "小时"), (minutes, "分"), (left, "秒")]
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts))
    return "".join(f"{count}{unit}" for count, unit in parts[first : first + 2] if count) or "0秒"


def _pk(month: str, number: int) -> str:
    return f"formmeasure#{month}#{number}"


def _kind(source: Source) -> str:
    if source is Source.COMPUTED:
        return "derived"
    return "prefilled" if source.prefilled else "asked"


def _figures(form: str, rows: Sequence[Filled]) -> Figures:
    ends = Counter(row.end for row in rows)
    done = [row for row in rows if row.end == "已提交"]
    fields = sum(row.prefilled + row.derived + row.asked for row in done)
    seconds = sorted(row.seconds for row in done)
    stuck = Counter(row.gave_up_at for row in rows if row.gave_up_at)
    return Figures(
        form=form,
        started=len(rows),
        submitted=len(done),
        cancelled=ends["已取消"],
        expired=ends["已过期"],
        fields=fields,
        prefilled=_share(sum(row.prefilled for row in done), fields),
        derived=_share(sum(row.derived for row in done), fields),
        asked=_share(sum(row.asked for row in done), fields),
        median_seconds=_rank(seconds, 0.5),
        p90_seconds=_rank(seconds, 0.9),
        corrections=_share(sum(row.corrections for row in done), len(done)),
        gave_up_at=tuple(sorted(stuck.items(), key=lambda each: (-each[1], each[0]))),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _rank(ordered: Sequence[int], share: float) -> int | None:
    """The nearest-rank percentile of ascending values."""
    return ordered[ceil(share * len(ordered)) - 1] if ordered else None
