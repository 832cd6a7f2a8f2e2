"""What every job is: a plan that changes nothing, then its execution; and the run that joins and records them."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import uuid4

from chalicelib.cases.service import CaseService
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.content.catalogue import Catalogue
from chalicelib.content.drop import DropBox
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.errors import Refusal
from chalicelib.finance.service import LoanService
from chalicelib.notices.planning import PlannedNotice
from chalicelib.notices.service import NoticeService
from chalicelib.ports import Blobs, Clock, JsonObject, Queue, Store, Throttled, Write
from chalicelib.times import local_date
from jobs.history import RunRow, RunState, record
from jobs.schedule import Schedule

log = logging.getLogger(__name__)

TELL = timedelta(seconds=2)
"""Between two words of a run on how far it is: each is a write."""


class JobError(Refusal):
    """The text is the sentence to show to an operator."""


Step = Callable[[int, int], None]
"""Told how many parts of how many are done."""


def _silent(done: int, of: int) -> None:
    """Nobody watches."""


def _no_queue() -> Queue:
    raise JobError("这里没有接队列，任务不能分片运行。")


@dataclass(frozen=True, slots=True)
class JobContext:
    """The services that jobs use. ``catalogue`` is asked once by each plan: one version of the content for all."""

    store: Store
    clock: Clock
    enterprises: EnterpriseService
    catalogue: Callable[[], Catalogue]
    cases: CaseService
    loans: LoanService
    notices: NoticeService
    calendar: WorkCalendar
    demo: bool = False
    drop: DropBox | None = None
    verified_until: date | None = None
    blobs: Blobs | None = None
    queue: Callable[[], Queue] = _no_queue
    province: bool = False
    step: Step = _silent


@dataclass(frozen=True, slots=True)
class When:
    """The day asked about, the moment of the run, and the one enterprise it is for (None: all)."""

    on: date
    now: datetime
    enterprise: str | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """Notices to put into the ledger together, with the rows that stand or fall with them; ``digest_on`` also takes the
    enterprise's one digest of that day."""

    notices: tuple[PlannedNotice, ...]
    rows: tuple[Write, ...] = ()
    digest_on: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Something a job would do, or found, that is no notice: ``what`` it is about and ``why``."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class JobPlan:
    """What would be done and why, and how many were left out for which reason (Chinese)."""

    placements: tuple[Placement, ...] = ()
    lines: tuple[Line, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)
    failed: int = 0

    @property
    def notices(self) -> list[PlannedNotice]:
        return [item for placement in self.placements for item in placement.notices]

    @property
    def planned(self) -> int:
        return len(self.notices) + len(self.lines)


@dataclass(frozen=True, slots=True)
class Done:
    """What an execution came to: notices queued (or things done) and those that could not be."""

    queued: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is that a run handed to queues: ``failed`` parts were given up; ``sentence`` is for people."""

    done: int
    of: int
    failed: int
    sentence: str

    @property
    def is_over(self) -> bool:
        return self.failed > 0 or self.done >= self.of


class Job(ABC):
    """One job. ``plan`` reads and decides; ``execute`` does what the plan says and nothing else."""

    name: str
    title: str
    schedule: Schedule

    @abstractmethod
    def plan(self, context: JobContext, when: When) -> JobPlan: ...

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        """Place the plan's notices. What another run placed meanwhile is not placed again."""
        queued = failed = 0
        for number, placement in enumerate(plan.placements):
            context.step(number, len(plan.placements))
            notices = [item.notice for item in placement.notices]
            try:
                if place(context, placement, when):
                    queued += len(notices)
            except Throttled:
                log.warning("job %s: store busy, %d notices left for the next run", self.name, len(notices))
                failed += len(notices)
        return Done(queued, failed)

    def progress(self, context: JobContext, on: date) -> Progress | None:
        """Of what the run for that day has handed to queues; None: a run does all by itself."""
        return None


def place(context: JobContext, placement: Placement, when: When) -> bool:
    notices = [item.notice for item in placement.notices]
    if placement.digest_on:
        return context.notices.place_digest(notices, placement.digest_on, when.now, placement.rows)
    return context.notices.place_together(notices, when.now, placement.rows)


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of a run; ``document`` is its JSON contract. ``plan`` holds the details for people."""

    job: str
    run_id: str
    as_of: date
    dry_run: bool
    planned: int
    queued: int
    skipped: Mapping[str, int]
    failed: int
    plan: JobPlan

    def document(self) -> JsonObject:
        return {
            "job": self.job,
            "run_id": self.run_id,
            "as_of": self.as_of.isoformat(),
            "dry_run": self.dry_run,
            "planned": self.planned,
            "queued": self.queued,
            "skipped": dict(self.skipped),
            "failed": self.failed,
        }

    def sentence(self) -> str:
        """计划推送 37 家 52 项；跳过：未授权 4、示例数据 11；没有发送任何消息。"""
        enterprises = len({item.notice.uscc for item in self.plan.notices} - {""})
        parts = [f"计划推送 {enterprises} 家 {len(self.plan.notices)} 项" if enterprises else f"计划 {self.planned} 项"]
        if self.skipped:
            parts.append("跳过：" + "、".join(f"{reason} {n}" for reason, n in self.skipped.items()))
        if self.failed:
            parts.append(f"失败 {self.failed} 项，下次运行会再试")
        parts.append("没有发送任何消息" if self.dry_run else f"已处理 {self.queued} 项")
        return "；".join(parts) + "。"


def run(
    job: Job,
    context: JobContext,
    as_of: date | None = None,
    dry_run: bool = False,
    enterprise: str | None = None,
) -> RunResult:
    """Plan, and unless ``dry_run`` execute and record. Raises what planning raises; the run is then recorded as failed.

    ``as_of`` is the day asked about (default: today in China); messages go out now all the same.
    """
    now = context.clock.now()
    when = When(as_of or local_date(now), now, enterprise)
    run_id = uuid4().hex[:12]
    if dry_run:
        return _result(job, run_id, when, True, job.plan(context, when), Done())
    row = RunRow(job=job.name, run_id=run_id, as_of=when.on, enterprise=enterprise, started_at=now)
    record(context.store, row)
    try:
        plan = job.plan(context, when)
        done = job.execute(replace(context, step=_Telling(context, row)), plan, when)
    except Exception as error:
        failed = row.model_copy(
            update={"state": RunState.FAILED, "ended_at": context.clock.now(), "error": type(error).__name__}
        )
        record(context.store, failed)
        raise
    result = _result(job, run_id, when, False, plan, done)
    ended = {"state": RunState.DONE, "ended_at": context.clock.now(), "result": result.document()}
    record(context.store, row.model_copy(update=ended))
    return result


class _Telling:
    """Lets who follows the run know, on its row: a write every TELL at most, however many parts there are."""

    def __init__(self, context: JobContext, row: RunRow) -> None:
        self._context = context
        self._row = row
        self._told = row.started_at

    def __call__(self, done: int, of: int) -> None:
        self._context.step(done, of)
        now = self._context.clock.now()
        if now - self._told < TELL:
            return
        self._told = now
        try:
            record(self._context.store, self._row.model_copy(update={"done": done, "of": of}))
        except Exception as error:  # a bar that stands still must not end the run
            log.warning("job %s: cannot say how far it is: %s", self._row.job, type(error).__name__)


def _result(job: Job, run_id: str, when: When, dry_run: bool, plan: JobPlan, done: Done) -> RunResult:
    failed = plan.failed + done.failed
    return RunResult(job.name, run_id, when.on, dry_run, plan.planned, done.queued, plan.skipped, failed, plan)


def chosen(context: JobContext, enterprise: str | None) -> Sequence[Enterprise]:
    """The enterprise asked for, or all. Raises JobError for one that is not there."""
    if enterprise is None:
        return list(context.enterprises.all())
    found = context.enterprises.get(enterprise)
    if found is None:
        raise JobError(f"没有统一社会信用代码为 {enterprise} 的企业，请核对后再试。")
    return [found]
