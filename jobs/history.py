"""Run history (运行记录): rows ``runs#{job}``/``{stamp}#{run id}``, newest last."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from pydantic import ConfigDict

from chalicelib.ports import JsonObject, Record, Store
from chalicelib.shape import Shape
from chalicelib.times import stamp

KEEP = timedelta(days=400)
KEEP_EMPTY = timedelta(days=2)
"""Runs that had nothing to do: a job that runs every minute would bury the others."""


class RunState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    RESUMED = "resumed"  # it stopped half way and another run took its place


class RunRow(Shape):
    """One run. ``result`` is the JSON document of design.md once it is done, ``error`` the name of what went wrong;
    ``done`` of ``of`` parts of the plan were executed when it last said so."""

    model_config = ConfigDict(frozen=True)

    job: str
    run_id: str
    as_of: date
    enterprise: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    state: RunState = RunState.RUNNING
    result: JsonObject | None = None
    error: str | None = None
    done: int = 0
    of: int | None = None

    @property
    def did_nothing(self) -> bool:
        result = self.result or {}
        return self.state is RunState.DONE and not (result.get("planned") or result.get("failed"))


def record(store: Store, row: RunRow) -> None:
    keep = KEEP_EMPTY if row.did_nothing else KEEP
    store.put(
        Record(
            f"runs#{row.job}",
            f"{stamp(row.started_at)}#{row.run_id}",
            row.model_dump(mode="json"),
            expires_at=int((row.started_at + keep).timestamp()),
        )
    )


def runs(store: Store, job: str, limit: int = 20, since: datetime | None = None) -> list[RunRow]:
    """The newest runs of a job, newest first; ``since`` leaves out those that started before."""
    found: list[RunRow] = []
    page: str | None = None
    start = stamp(since) if since else None
    while len(found) < limit:
        got = store.query(f"runs#{job}", start=start, limit=limit - len(found), page=page, reverse=True)
        found += [RunRow.model_validate(r.body) for r in got.records]
        page = got.next
        if page is None:
            break
    return found


def last_run(store: Store, job: str) -> RunRow | None:
    found = runs(store, job, 1)
    return found[0] if found else None
