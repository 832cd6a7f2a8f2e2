"""What every use case of award rounds stands on: reading or refusing, one event more or refusing, resuming a pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from chalicelib.policies.awards.life import entry_life, entry_refusal, round_life, round_refusal
from chalicelib.policies.awards.model import (
    AwardRefused,
    Entry,
    EntryAct,
    EntryEvent,
    Pool,
    Round,
    RoundEvent,
    Walk,
)
from chalicelib.policies.awards.repository import AwardRepository, Filed
from chalicelib.ports import Conflict, Write

CHUNK = 45
"""Entries a transaction: two writes each, the head and the pool still fit."""

_TRIES = 5
Item = TypeVar("Item")
Done = TypeVar("Done")
BUSY = "批次 {} 刚刚有变化，请再试一次。"


def the_round(rows: AwardRepository, id_: str) -> Filed[Round]:
    """Raises AwardRefused when there is none."""
    filed = rows.round(id_)
    if filed is None:
        raise AwardRefused(f"没有编号为 {id_} 的批次。请用 award list 查看编号。")
    return filed


def the_entry(rows: AwardRepository, round_: str, uscc: str) -> Filed[Entry]:
    """Raises AwardRefused when the enterprise is not on the list."""
    filed = rows.entry(round_, uscc)
    if filed is None:
        raise AwardRefused(f"批次 {round_} 的名单里没有 {uscc}。如认为应列入，请核对画像数据，下一批次会重新生成名单。")
    return filed


def moved(round_: Round, event: RoundEvent, walk: Walk | None = None) -> Round:
    """The round with one more event. Raises AwardRefused saying why it cannot be."""
    if refusal := round_refusal(round_life(round_), event):
        raise AwardRefused(f"批次 {round_.id}：{refusal}。")
    return round_.with_event(event, walk)


def marked(entry: Entry, event: EntryEvent) -> Entry:
    """The entry with one more event. Raises AwardRefused saying why it cannot be."""
    if refusal := entry_refusal(entry_life(entry), event):
        raise AwardRefused(f"{entry.name}（批次 {entry.round}）：{refusal}。")
    return entry.with_event(event)


def event_of(act: EntryAct, by: str, at: datetime, note: str = "") -> EntryEvent:
    return EntryEvent(act=act, at=at, by=person(by), note=note.strip())


def person(by: str) -> str:
    """Who does something, as it goes into the log. Raises AwardRefused for nobody."""
    name = by.strip()
    if not name:
        raise AwardRefused("要写明经办人（--by）。")
    return name


class Pass:
    """One pass over many rows, written chunk by chunk with the head's ``walk``: whoever comes next goes on there."""

    def __init__(self, rows: AwardRepository, filed: Filed[Round]) -> None:
        assert filed.row.walk is not None
        self._rows = rows
        self._filed = filed
        self._writes: list[Write] = []
        self.walk: Walk = filed.row.walk

    @property
    def round(self) -> Round:
        return self._filed.row

    def take(self, *writes: Write) -> None:
        self._writes += writes

    @property
    def is_full(self) -> bool:
        return len(self._writes) > 2 * (CHUNK - 1)

    def save(self) -> None:
        """Write what was taken, and how far it got. Raises Conflict."""
        if self.walk != self._filed.row.walk:
            self._put(self._filed.row.model_copy(update={"walk": self.walk}))

    def end(self, *events: RoundEvent, pool: Filed[Pool] | None = None) -> Filed[Round]:
        """Write the rest and the events that end the pass, with the pool where it moves."""
        done = self._filed.row
        for event in events:
            done = moved(done, event)
        if pool is not None:
            self.take(self._rows.put_pool(pool.row, pool.version))
        self._put(done)
        return self._filed

    def _put(self, row: Round) -> None:
        self._rows.transact(self._rows.put_round(row, self._filed.version), *self._writes)
        self._filed, self._writes = Filed(row, self._filed.version + 1), []


def resumed(
    rows: AwardRepository, filed: Filed[Round], kind: str, walk: Callable[[Filed[Round]], Filed[Round]]
) -> Filed[Round]:
    """Run a pass to its end although others write too: after a conflict go on from what is stored.

    Another process may finish it; then there is nothing left to do. Raises AwardRefused where it gets no further.
    """
    tries = 0
    while filed.row.walk is not None and filed.row.walk.kind == kind:
        try:
            return walk(filed)
        except Conflict:
            fresh = the_round(rows, filed.row.id)
            tries = tries + 1 if fresh.version == filed.version else 0
            filed = fresh
            if tries == _TRIES:
                raise AwardRefused(BUSY.format(filed.row.id)) from None
    return filed


def retried(id_: str, change: Callable[[], Filed[Round]]) -> Filed[Round]:
    """A short change, read and written again where somebody else was quicker."""
    for _ in range(_TRIES):
        try:
            return change()
        except Conflict:
            continue
    raise AwardRefused(BUSY.format(id_))


def in_chunks(id_: str, items: Sequence[Item], write: Callable[[Sequence[Item]], Done]) -> Iterator[Done]:
    """``write`` for CHUNK items after CHUNK items, again where somebody else was quicker. Raises AwardRefused."""
    for start in range(0, len(items), CHUNK):
        chunk = items[start : start + CHUNK]
        for _ in range(_TRIES):
            try:
                yield write(chunk)
                break
            except Conflict:
                continue
        else:
            raise AwardRefused(BUSY.format(id_))


def written(rows: AwardRepository, id_: str, *writes: Write) -> None:
    """What a person decided on what they saw: had it changed meanwhile, they look again. Raises AwardRefused."""
    try:
        rows.transact(*writes)
    except Conflict:
        raise AwardRefused(BUSY.format(id_)) from None
