"""The life of a case (办件): events folded into a state, a course and deadlines.

``live`` is a pure function of the events as a set: their order of arrival and repetition change nothing. What cannot
have happened is set aside with the reason, for an operator; when the missing event arrives later, everything is read
again and falls into place. Some things happen by the clock alone: acceptance that an office did not refuse in time
(行政许可法 §32) and the end of an unkept 容缺 commitment. Neither ever rests on an estimated calendar.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from chalicelib.cases.life import CONFIRMED, RULES, Aside, Due, DueKind, Life, Rules, Step
from chalicelib.cases.model import FINAL, OUTCOMES, Case, CaseAct, CaseEvent, CaseHead, CaseState, Outcome
from chalicelib.cases.transitions import at_once, in_order, may_follow
from chalicelib.cases.workdays import Deadline, Limit, Span, Unit, WorkCalendar
from chalicelib.times import at_local, local_date

_S = CaseState


def live(case: Case, now: datetime, calendar: WorkCalendar, rules: Rules = RULES) -> Life:
    """The life of a case as its events tell it, with what the clock did up to ``now``."""
    fold = _Fold(case.head, calendar, rules)
    for event in in_order(case.events):
        fold.pass_time(event.at)
        fold.take(event)
    fold.pass_time(now)
    return fold.life(now)


def tolerance_days(promised: Limit | None, rules: Rules) -> int:
    """容缺期限: min(承诺办结时限 − 1, 10 工作日), at least one day."""
    if promised is None or promised.unit is not Unit.WORKDAY:
        return rules.tolerance_days
    return max(1, min(promised.n - 1, rules.tolerance_days))


class _Fold:
    """Reads events in order. One per call of ``live``; nothing outlives it."""

    def __init__(self, head: CaseHead, calendar: WorkCalendar, rules: Rules) -> None:
        self.head, self.calendar, self.rules = head, calendar, rules
        self.state: CaseState | None = None
        self.entered: date | None = None
        self.steps: list[Step] = []
        self.aside: list[Aside] = []
        self.filed_on: date | None = None
        self.accepted_on: date | None = None
        self.deemed = False
        self.supplied = False
        self.missing: tuple[str, ...] = ()
        self.received: dict[str, None] = {}
        self.correct_by: Deadline | None = None
        self.tolerance: Deadline | None = None
        self.commitment_broken = False
        self.special: str | None = None
        self.notified = True
        self.suspended: list[Span] = []
        self.extra_days = 0
        self.correction_extended = False
        self.outcome: Outcome | None = None

    # ------------------------------------------------------------------------------------------ what the clock does

    def pass_time(self, until: datetime) -> None:
        """Lets happen what happens by itself before ``until``."""
        if self.state in (_S.SUBMITTED, _S.RECEIVED):
            moment = self._morning_after(self._accept_by())
            if moment is not None and moment <= until:
                self._deem_accepted(moment)
        if self.tolerance and not self._over:
            moment = self._morning_after(self.tolerance)
            if moment is not None and moment <= until:
                self._break_commitment(moment)

    def _accept_by(self) -> Deadline:
        assert self.filed_on is not None
        return self.calendar.add_workdays(self.filed_on, self.rules.acceptance_days)

    def _morning_after(self, deadline: Deadline) -> datetime | None:
        """The start of the working day after a deadline; None while that rests on an estimate."""
        day = self.calendar.next_workday(deadline.day)
        return None if deadline.estimated or not self.calendar.known(day) else at_local(day)

    def _deem_accepted(self, moment: datetime) -> None:
        """逾期不告知的，自收到申请材料之日起即为受理: the clock runs from the day the papers came."""
        self.state, self.entered, self.deemed = _S.ACCEPTED, local_date(moment), True
        self.accepted_on = self.filed_on
        self.steps.append(Step(CaseAct.DEEMED_ACCEPTED, moment))

    def _break_commitment(self, moment: datetime) -> None:
        """规定时限不补的终止办理. A decision that was taken is not undone by the clock: what follows it has to wait."""
        self.commitment_broken = True
        if self.state is not _S.DECIDED_OK:
            self._enter(_S.TERMINATED_NO_SUPPLY, moment, None)

    # --------------------------------------------------------------------------------------------- what an event does

    def take(self, event: CaseEvent) -> None:
        if event.kind is self.state and event.kind in CONFIRMED:
            self.steps.append(Step(event.kind, event.at, event))
            return
        if event.kind is CaseAct.MATERIAL and event.materials:
            self._receive(event)
            return
        reason = self._act_refusal(event) if isinstance(event.kind, CaseAct) else self._refusal(event.kind, event)
        if reason is not None:
            self.aside.append(Aside(event, reason))
        elif isinstance(event.kind, CaseAct):
            self._act(event)
        else:
            self._enter(event.kind, event.at, event)

    def _refusal(self, kind: CaseState, event: CaseEvent) -> str | None:
        """Why the case cannot enter this state now; None when it can."""
        if kind is _S.ACCEPTED and self.state is _S.ACCEPTED and self.deemed:
            return None  # the office confirms what the law had done already
        if kind is _S.CORRECTING and self.deemed:
            return "超过 5 个工作日没有一次告知，已视为受理，不能再要求补正"
        if kind is _S.CORRECTING and self.state is _S.CORRECTING:
            allowed = event.approved_by_supervisor and event.note
            return None if allowed else "补正只能一次告知；确需再次告知，请负责人批准并写明理由"
        if not (may_follow(self.state, kind) or (self.head.immediate and at_once(self.state, kind))):
            return f"“{kind.chinese}”不能接在“{self.state.chinese if self.state else '尚未申请'}”之后"
        return self._unmet(kind, event)

    def _unmet(self, kind: CaseState, event: CaseEvent) -> str | None:
        """What the state itself asks for."""
        if kind is _S.TOL_ACCEPTED and not event.committed:
            return "容缺受理要有申请人自愿作出的书面承诺"
        if kind is _S.SUSPENDED and event.special is None:
            return "特别程序要写明种类（听证、检验、鉴定等）"
        if self.tolerance and kind is _S.REVIEWING and not self.rules.review_before_supply:
            return "容缺材料还没有补齐，不能进入审查"
        if self.tolerance and kind in (_S.CERTIFYING, _S.DELIVERING, _S.FINISHED) and self.outcome is Outcome.GRANTED:
            return "容缺材料还没有补齐，不能出件"
        return None

    def _enter(self, kind: CaseState, at: datetime, event: CaseEvent | None) -> None:
        for passed in at_once(self.state, kind):
            self._enter(passed, at, None)
        self._leave(at)
        self.state, self.entered = kind, local_date(at)
        self.steps.append(Step(kind, at, event))
        if kind in (_S.SUBMITTED, _S.RECEIVED):
            self._filed(kind, at)
        elif kind is _S.CORRECTING and event:
            self._ask_for_papers(event)
        elif kind is _S.ACCEPTED and not self.deemed:
            self.accepted_on, self.missing = self.entered, ()
        elif kind is _S.TOL_ACCEPTED and event:
            self._tolerate(event)
        elif kind is _S.SUSPENDED and event:
            self.special, self.notified = event.special, False
        elif kind is _S.TERMINATED_NO_SUPPLY and self.tolerance:
            self.commitment_broken = True
        elif kind is _S.DECIDED_NO:
            self.tolerance, self.missing = None, ()  # nothing that could still come would help
        self.outcome = OUTCOMES.get(kind, self.outcome)

    def _leave(self, at: datetime) -> None:
        if self.state is _S.SUSPENDED and self.entered is not None:
            self.suspended.append((self.entered, local_date(at)))
            self.special = None

    def _filed(self, kind: CaseState, at: datetime) -> None:
        """收到申请材料之日: that of the application, or of the receipt when the window took it directly."""
        if kind is _S.SUBMITTED or self.filed_on is None:
            self.filed_on, self.outcome = self.calendar.counting_day(at), None

    def _ask_for_papers(self, event: CaseEvent) -> None:
        self.missing, self.supplied = event.materials, False
        self.correct_by = self._given_or_counted(event, self.rules.correction_days)

    def _tolerate(self, event: CaseEvent) -> None:
        self.accepted_on = self.entered
        self.missing, self.supplied = event.materials, False
        days = event.days or tolerance_days(self.head.promised, self.rules)
        self.tolerance = self._given_or_counted(event, days)

    def _given_or_counted(self, event: CaseEvent, days: int) -> Deadline:
        if event.due is not None:
            return Deadline(event.due, not self.calendar.known(event.due))
        return self.calendar.add_workdays(local_date(event.at), days)

    # ------------------------------------------------------------------------------------ what is no state of its own

    def _act_refusal(self, event: CaseEvent) -> str | None:
        if event.kind is CaseAct.MATERIAL:
            return "收到材料要写明是哪一份"
        if event.kind is CaseAct.SUPPLIED:
            waiting = self.tolerance is not None or (self.state is _S.CORRECTING and not self.supplied)
            return None if waiting and not self._over else "现在没有等待补交的材料"
        if event.kind is CaseAct.NOTIFIED:
            return None if self.state is _S.SUSPENDED else "不在特别程序中，没有要告知的"
        return self._extension_refusal(event)

    @property
    def _over(self) -> bool:
        return self.state is None or self.state in FINAL

    def _extension_refusal(self, event: CaseEvent) -> str | None:
        if event.days is None or not event.note or not event.approved_by_supervisor:
            return "延长期限要写明天数和理由，并经负责人批准"
        if self.state is _S.CORRECTING:
            return "补正期限只能延长一次" if self.correction_extended else None
        if self.state not in (_S.ACCEPTED, _S.TOL_ACCEPTED, _S.REVIEWING, _S.SUSPENDED):
            return "现在没有可以延长的办理期限"
        return "办理期限只能延长一次" if self.extra_days else None

    def _act(self, event: CaseEvent) -> None:
        self.steps.append(Step(event.kind, event.at, event))
        if event.kind is CaseAct.SUPPLIED:
            self._supply(local_date(event.at))
        elif event.kind is CaseAct.NOTIFIED:
            self.notified = True
        elif self.state is _S.CORRECTING:
            assert self.correct_by is not None and event.days is not None
            later = self.calendar.add_workdays(self.correct_by.day, event.days)
            self.correct_by = Deadline(later.day, later.estimated or self.correct_by.estimated)
            self.correction_extended = True
        else:
            assert event.days is not None
            self.extra_days = event.days

    def _receive(self, event: CaseEvent) -> None:
        """A paper came, before or after it was asked for; with the last of those that are waited for, all are there."""
        self.received |= dict.fromkeys(event.materials)
        if not self.missing or self._act_refusal(event.model_copy(update={"kind": CaseAct.SUPPLIED})):
            return
        self.missing = tuple(name for name in self.missing if name not in event.materials)
        if not self.missing:
            self.steps.append(Step(CaseAct.SUPPLIED, event.at, event))
            self._supply(local_date(event.at))

    def _supply(self, day: date) -> None:
        self.supplied, self.missing = True, ()
        if self.state is _S.CORRECTING:
            self.correct_by = self.calendar.add_workdays(day, self.rules.acceptance_days)
        elif not self.rules.review_before_supply:
            self.accepted_on = day
        self.tolerance = None

    # ------------------------------------------------------------------------------------------------- what comes out

    def _warnings(self, now: datetime) -> Iterator[str]:
        """What an operator should see to; none of it is the clock's to settle."""
        if not self.notified:
            yield "特别程序还没有书面告知申请人（行政许可法第四十五条）"
        if self.commitment_broken and not self._over:
            yield "容缺材料过了期限还没有补齐，已作出的决定不会自动终止，请办理部门处理"
        if self.state is _S.CORRECTING and self.supplied and self.correct_by and local_date(now) > self.correct_by.day:
            yield "补正材料已收到，超过 5 个工作日没有答复是否受理，请办理部门答复（行政许可法第三十二条）"

    def life(self, now: datetime) -> Life:
        return Life(
            state=self.state,
            steps=tuple(self.steps),
            aside=tuple(self.aside),
            dues=tuple(self._dues()),
            missing=self.missing,
            special=self.special,
            outcome=self.outcome,
            accepted_on=self.accepted_on,
            supplied=self.supplied,
            received=tuple(self.received),
            commitment_broken=self.commitment_broken,
            warnings=tuple(self._warnings(now)),
        )

    def _dues(self) -> list[Due]:
        if self._over:
            return []
        dues = [_due(DueKind.TOLERANCE, self.tolerance)] if self.tolerance else []
        if self.state is _S.DRAFT and self.entered:
            dues.append(Due(DueKind.DRAFT, self.entered + timedelta(days=self.rules.draft_calendar_days)))
        elif self.state in (_S.SUBMITTED, _S.RECEIVED):
            dues.append(_due(DueKind.ACCEPT, self._accept_by()))
        elif self.state is _S.CORRECTING and self.correct_by:
            dues.append(_due(DueKind.ACCEPT if self.supplied else DueKind.SUPPLY, self.correct_by))
        elif self.state in (_S.ACCEPTED, _S.TOL_ACCEPTED, _S.REVIEWING):
            dues += self._decision_dues()
        elif self.state in (_S.DECIDED_OK, _S.CERTIFYING):
            dues.append(_due(DueKind.DELIVER, self._deliver_by()))
        return dues

    def _decision_dues(self) -> list[Due]:
        return [
            _due(kind, self._decide_by(limit))
            for kind, limit in ((DueKind.PROMISED, self.head.promised), (DueKind.LEGAL, self.head.legal))
            if limit is not None
        ]

    def _decide_by(self, limit: Limit) -> Deadline:
        assert self.accepted_on is not None
        return self.calendar.deadline(self.accepted_on, limit, self.suspended, self.extra_days)

    def _deliver_by(self) -> Deadline:
        decided = next(step.at for step in reversed(self.steps) if step.kind is _S.DECIDED_OK)
        return self.calendar.add_workdays(local_date(decided), self.rules.delivery_days)


def _due(kind: DueKind, deadline: Deadline) -> Due:
    return Due(kind, deadline.day, deadline.estimated)
