"""A case (办件) in plain words: what is done, where it stands, what the applicant must do and until when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum

from chalicelib.cases.folding import live
from chalicelib.cases.life import RULES, Due, DueKind, Life, Rules, Step
from chalicelib.cases.model import FORM_SOURCE, Case, CaseAct, CaseState
from chalicelib.cases.next_steps import NextStep, next_steps
from chalicelib.cases.workdays import ESTIMATED_NOTE, Limit, Unit, WorkCalendar
from chalicelib.provenance import SAMPLE_NOTE
from chalicelib.times import local_date, short_date

_S = CaseState
_PASSING = (CaseAct.SUPPLIED, CaseAct.EXTENDED, CaseAct.NOTIFIED)
_ASKING = (_S.CORRECTING, _S.TOL_ACCEPTED)
MAX_STEPS = 6
"""Past steps shown in a chat bubble; a page shows all."""


class Awaits(IntEnum):
    """Whose turn it is."""

    APPLICANT = 0
    OFFICE = 1
    NOBODY = 2


@dataclass(frozen=True, slots=True)
class Timeline:
    """Ready to show. ``past`` lines are done, ``current`` is where it stands, ``next_steps`` are to be numbered."""

    headline: str
    past: tuple[str, ...]
    current: str
    next_steps: tuple[NextStep, ...]
    notes: tuple[str, ...]

    def lines(self, max_steps: int = MAX_STEPS) -> list[str]:
        left_out = len(self.past) - max_steps
        shown = self.past if left_out <= 0 else (f"（更早 {left_out} 步略）", *self.past[-max_steps:])
        return [self.headline, *shown, f"● {self.current}", *self.notes]

    def text(self, max_steps: int = MAX_STEPS) -> str:
        return "\n".join(self.lines(max_steps))


def render(case: Case, now: datetime, calendar: WorkCalendar, rules: Rules = RULES, *, named: bool = True) -> Timeline:
    """The timeline of a case at ``now``.

    ``named`` tells the item's name, papers and notes: for the enterprise itself. Someone who only knows the number and
    four digits is shown states and dates (facts §6.2).
    """
    life = live(case, now, calendar, rules)
    return Timeline(
        headline=_headline(case, life, named),
        past=tuple(_past(step, life, named) for step in life.told),
        current=_current(case, life, now, named),
        next_steps=next_steps(life),
        notes=tuple(_notes(case, life)),
    )


def brief(case: Case, life: Life) -> str:
    """One line of a list: 食品经营许可（新办） · 已受理 · 12-04 前办结."""
    return f"{case.head.title} · {standing(life)}"


def by_turn(lives: Sequence[tuple[Case, Life]]) -> list[tuple[Case, Life]]:
    """Those first that wait for the applicant, then those that wait for an office, each by the day it is due, then
    those that are over."""
    return sorted(lives, key=lambda one: (awaits(one[1]), one[1].due.day if one[1].due else date.max))


def awaits(life: Life) -> Awaits:
    if life.is_final:
        return Awaits.NOBODY
    return Awaits.APPLICANT if any(due.by_applicant for due in life.dues) else Awaits.OFFICE


def standing(life: Life) -> str:
    """已受理 · 12-04 前办结"""
    due = life.due
    return f"{_status(life)} · {_day(due.day, life)} 前{_to_do(due)}" if due else _status(life)


# ---------------------------------------------------------------------------------------------------------- headline


def _headline(case: Case, life: Life, named: bool) -> str:
    name = case.head.title if named else f"办件 尾号 {case.no[-5:]}"
    return f"{name} · {_status(life)}"


def _status(life: Life) -> str:
    if life.state is None:
        return "还没有进展"
    if life.missing and life.state in (_S.CORRECTING, _S.TOL_ACCEPTED, _S.REVIEWING, _S.DECIDED_OK):
        return f"还差 {len(life.missing)} 份材料"
    if life.state is _S.SUSPENDED and life.special:
        return f"特别程序（{life.special}）"
    return life.state.chinese


# -------------------------------------------------------------------------------------------------------------- past


def _past(step: Step, life: Life, named: bool) -> str:
    """11-16 已收件 ✓ — the present step carries no tick while the case is still open."""
    event = step.event
    detail = "、".join(event.materials) if event and event.materials and named else ""
    if event and event.special:
        detail = event.special
    text = f"{short_date(local_date(step.at))} {step.kind.chinese}"
    return f"{text}{'：' + detail if detail else ''}{'' if step is _present(life) else ' ✓'}"


def _present(life: Life) -> Step | None:
    """The step that the case stands at; none once it has ended."""
    stands = (step for step in reversed(life.told) if step.kind not in _PASSING)
    return None if life.is_final else next(stands, None)


# ----------------------------------------------------------------------------------------------------------- current


def _current(case: Case, life: Life, now: datetime, named: bool) -> str:
    if life.state is None:
        return "还没有收到办理部门的信息"
    special = _SAYINGS.get(life.state)
    said = special(case, life) if special else _PLAIN[life.state]
    due = life.due
    if due and local_date(now) > due.day:
        said += f"（已过 {_day(due.day, life)}，{'请尽快处理' if due.by_applicant else '可拨 12345 催办'}）"
    return said + _still_missing(life) + _remark(life) if named else said


def _still_missing(life: Life) -> str:
    """Which papers are still waited for, once some of those in the list above have come."""
    asked = next((s.event.materials for s in reversed(life.steps) if s.event and s.kind in _ASKING), ())
    return f"，还差{'、'.join(life.missing)}" if life.missing and len(life.missing) < len(asked) else ""


def _remark(life: Life) -> str:
    """The office's own words where they matter: why not, and what comes next."""
    event = life.steps[-1].event
    if event is None or not event.note:
        return ""
    if life.state in (_S.RETURNED, _S.REJECTED_ACCEPT, _S.DECIDED_NO):
        return f"。原因：{event.note}"
    return f"。{event.note}" if life.state in (_S.DELIVERING, _S.TRANSFERRED) else ""


def _by(life: Life, *kinds: DueKind) -> str:
    """「 12-08 前」 of the first open deadline of these kinds, or nothing."""
    due = min((due for due in life.dues if due.kind in kinds), key=lambda due: due.day, default=None)
    return f" {_day(due.day, life)} 前" if due else ""


def _day(day: date, life: Life) -> str:
    """12-08, and the year where it is another than that of the last step."""
    return short_date(day) if life.steps and local_date(life.steps[-1].at).year == day.year else day.isoformat()


def _draft(case: Case, life: Life) -> str:
    event = life.steps[-1].event
    if event is None or event.source != FORM_SOURCE:
        return "还没提交，30 天内可以接着填"
    return f"申请表已填好，请在{_by(life, DueKind.DRAFT)}打印签名，连同材料交到窗口"


def _submitted(case: Case, life: Life) -> str:
    return f"已收到您的申请，最晚{_by(life, DueKind.ACCEPT)}答复是否受理"


def _received(case: Case, life: Life) -> str:
    return f"窗口已收件，正在核对材料，最晚{_by(life, DueKind.ACCEPT)}答复"


def _correcting(case: Case, life: Life) -> str:
    if life.supplied:
        return f"补交的材料已收到，最晚{_by(life, DueKind.ACCEPT)}答复是否受理"
    return f"请在{_by(life, DueKind.SUPPLY)}补交{_then(case.head.promised)}"


def _then(promised: Limit | None) -> str:
    if promised is None:
        return ""
    return "，受理后当场办结" if promised.unit is Unit.IMMEDIATE else f"，受理后 {promised}内办结"


def _accepted(case: Case, life: Life) -> str:
    lead = "办理部门逾期没有告知，依法已视为受理" if life.steps[-1].kind is CaseAct.DEEMED_ACCEPTED else "已受理"
    return lead + _finish_by(life)


def _finish_by(life: Life) -> str:
    by = _by(life, DueKind.PROMISED, DueKind.LEGAL)
    return f"，最晚{by}办好" if by else ""


def _tolerated(case: Case, life: Life) -> str:
    return f"先办着，请在{_by(life, DueKind.TOLERANCE)}补齐" if life.missing else "材料已补齐，正在办理"


def _reviewing(case: Case, life: Life) -> str:
    papers = f"；容缺材料请在{_by(life, DueKind.TOLERANCE)}补齐" if life.missing else ""
    return f"正在审查{_finish_by(life)}{papers}"


def _decided(case: Case, life: Life) -> str:
    return f"通过了，请在{_by(life, DueKind.TOLERANCE)}补齐材料，补齐后制证" if life.missing else "通过了，接下来制证"


def _suspended(case: Case, life: Life) -> str:
    return f"正在进行{life.special or '特别程序'}，这段时间不算办理时限"


_SAYINGS: dict[CaseState, Callable[[Case, Life], str]] = {
    _S.DRAFT: _draft,
    _S.SUBMITTED: _submitted,
    _S.RECEIVED: _received,
    _S.CORRECTING: _correcting,
    _S.ACCEPTED: _accepted,
    _S.TOL_ACCEPTED: _tolerated,
    _S.REVIEWING: _reviewing,
    _S.SUSPENDED: _suspended,
    _S.DECIDED_OK: _decided,
}
_PLAIN: dict[CaseState, str] = {
    _S.RETURNED: "材料需要修改，请按说明改好后重新提交",
    _S.REJECTED_ACCEPT: "这件事没有受理，您可以问清原因后重新申请，也可在 60 日内申请复议",
    _S.TRANSFERRED: "已转报上级，由上级部门继续办理",
    _S.TERMINATED_NO_SUPPLY: "过了补齐期限，已终止；已交材料下次可以再用",
    _S.WITHDRAWN: "您已撤回，可以重新申请",
    _S.DECIDED_NO: "没有通过，您可在 60 日内申请复议、6 个月内起诉",
    _S.CERTIFYING: "正在制证",
    _S.DELIVERING: "证照已好，请按通知领取",
    _S.FINISHED: "已办结，请评价",
    _S.ARCHIVED: "已归档",
}


# ------------------------------------------------------------------------------------------------------------- notes


def _to_do(due: Due) -> str:
    return {
        DueKind.DRAFT: "提交",
        DueKind.ACCEPT: "答复是否受理",
        DueKind.SUPPLY: "补交材料",
        DueKind.TOLERANCE: "补齐材料",
        DueKind.PROMISED: "办结",
        DueKind.LEGAL: "办结",
        DueKind.DELIVER: "送达",
    }[due.kind]


def _notes(case: Case, life: Life) -> list[str]:
    notes = []
    if life.due and life.due.estimated:
        notes.append(f"日期{ESTIMATED_NOTE}")
    if case.head.is_sample:
        notes.append(SAMPLE_NOTE)
    return notes
