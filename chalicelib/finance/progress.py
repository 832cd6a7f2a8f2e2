"""A loan's progress in plain words for the enterprise itself: 批了 is not 到账, and what comes next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.finance.channel48 import Eligibility, clock
from chalicelib.finance.life import LoanLife, live
from chalicelib.finance.model import Loan, LoanEvent, LoanState
from chalicelib.provenance import SAMPLE_NOTE
from chalicelib.times import local_date, short_date

_S = LoanState
_PATH = (_S.ACCEPTED, _S.REVIEWING, _S.APPROVED, _S.LINE_GRANTED, _S.SIGNED, _S.PAID_OUT)
NOT_YET_PAID = "批了不等于到账：签约、放款后我再告诉您。"


@dataclass(frozen=True, slots=True)
class Progress:
    """Ready to show; no amounts and no accounts. ``steps`` are past dates for a page or on request."""

    headline: str
    notes: tuple[str, ...]
    steps: tuple[str, ...]
    next_steps: tuple[str, ...]

    def text(self) -> str:
        return "\n".join((self.headline, *self.notes))


def render(loan: Loan, now: datetime, *, admission: Eligibility | None = None) -> Progress:
    """Where a loan stands at ``now``, in the shape of conversations §11.

    ``admission`` (``channel48.admission``): a loan asked for on the fast channel that was not admitted is told why and
    the way back, and shown no clock.
    """
    life = live(loan)
    channel = _channel_line(loan, life, now, admission)
    notes = [_explanation(life), channel, SAMPLE_NOTE if loan.head.is_sample else ""]
    return Progress(
        headline=_headline(life),
        notes=tuple(note for note in notes if note),
        steps=tuple(f"{short_date(local_date(step.at))} {step.state.chinese} ✓" for step in life.steps),
        next_steps=_NEXT.get(life.state, ("转人工",)) if life.state else ("转人工",),
    )


def brief(loan: Loan) -> str:
    """One line of a list: 九江银行 科贷通 · 待签约."""
    life = live(loan)
    name = " ".join(part for part in (loan.head.bank, loan.head.product) if part)
    return f"{name} · {_STAGE.get(life.state, life.state.chinese) if life.state else '还没有进展'}"


# ---------------------------------------------------------------------------------------------------------- headline

_STAGE: dict[LoanState, str] = {
    _S.DEMAND: "已登记需求",
    _S.RECOMMENDED: "已推荐给银行",
    _S.ACCEPTED: "银行已受理",
    _S.DUE_DILIGENCE: "尽职调查",
    _S.REVIEWING: "银行审查中",
    _S.RETURNED: "待补资料",
    _S.APPROVED: "待授信批复",
    _S.DECLINED: "本次未通过",
    _S.LINE_GRANTED: "待签约",
    _S.SIGNED: "待放款",
    _S.DRAW_REQUESTED: "待放款",
    _S.PAID_OUT: "已放款",
}


def _headline(life: LoanLife) -> str:
    if life.state is None:
        return "这笔融资还没有进展。"
    says = _HEADLINES[life.state]
    return says if isinstance(says, str) else says(life.steps[-1])


def _returned(step: LoanEvent) -> str:
    if not step.missing:
        return "银行退回补资料，请联系客户经理。"
    return f"还差 {len(step.missing)} 份资料：{'、'.join(step.missing)}。"


def _sign(lead: str) -> Callable[[LoanEvent], str]:
    return lambda step: f"{lead}，请在 {step.reply_days or 3} 日内联系客户经理签约。"


def _declined(step: LoanEvent) -> str:
    return f"本次未通过，原因类别：{step.category or '银行未提供'}。"


_HEADLINES: dict[LoanState, str | Callable[[LoanEvent], str]] = {
    _S.DEMAND: "融资需求已登记，等待部门对接银行。",
    _S.RECOMMENDED: "已推荐给银行，等待银行受理。",
    _S.ACCEPTED: "银行已受理，接下来尽职调查。",
    _S.DUE_DILIGENCE: "银行正在尽职调查，请配合客户经理上门。",
    _S.REVIEWING: "银行正在审查。",
    _S.RETURNED: _returned,
    _S.APPROVED: _sign("审批已通过"),
    _S.DECLINED: _declined,
    _S.LINE_GRANTED: _sign("额度已批"),
    _S.SIGNED: "合同已签，接下来提款、放款。",
    _S.DRAW_REQUESTED: "提款申请已提交，等待银行放款。",
    _S.PAID_OUT: "款项已发放，请核对账户。",
    _S.NORMAL: "贷款正常。",
    _S.REPAID: "还款已入账。",
    _S.RENEWED: "续贷已办好。",
    _S.EXTENDED: "展期已办好。",
    _S.OVERDUE: "这笔贷款有款项到期未还，请尽快联系客户经理。",
    _S.SETTLED: "已结清。",
    _S.WITHDRAWN: "您已撤回，可以重新登记需求。",
}


# ------------------------------------------------------------------------------------------------- notes, next steps


def _explanation(life: LoanLife) -> str:
    """What 批了 leaves open; how a refusal goes on; when money falls due."""
    if life.state in (_S.APPROVED, _S.LINE_GRANTED):
        return NOT_YET_PAID
    if life.state in (_S.SIGNED, _S.DRAW_REQUESTED) and not life.amounts.drawn:
        return "签约→提款申请→放款，一般还要 1–2 个工作日，各行不同。"
    if life.state is _S.DECLINED:
        return "可以申请其他银行对接，也可以向银行问清后申诉。"
    if life.matures_on and life.amounts.balance and not life.is_closed:
        return f"到期日 {life.matures_on.isoformat()}；要续贷请在到期前申请。"
    return ""


def _channel_line(loan: Loan, life: LoanLife, now: datetime, admission: Eligibility | None) -> str:
    """小巨人通道已用 21 小时（暂停 0 小时），目标 48 小时。 Neutral also when late: the departments are told, not the
    enterprise alarmed."""
    if not loan.head.fast_channel:
        return ""
    if admission is not None and admission.ok is not True:
        return f"没有进入小巨人通道：{admission.reason}。{admission.way_back}。"
    running = clock(loan.id, life, now)
    if running is None or running.status == "closed":
        return ""
    standing = f"，现在因{running.pauses[-1].why}暂停" if running.status == "paused" else ""
    verb = "用时" if running.status == "paid" else "已用"
    used, paused, limit = _hours(running.used), _hours(running.paused), _hours(running.limit)
    return f"小巨人通道{verb} {used} 小时（暂停 {paused} 小时{standing}），目标 {limit} 小时。"


def _hours(span: timedelta) -> int:
    return int(span.total_seconds() // 3600)


_NEXT: dict[LoanState, tuple[str, ...]] = {
    _S.RETURNED: ("资料送到哪里", "转人工"),
    _S.APPROVED: ("什么时候到账", "签约要带什么"),
    _S.LINE_GRANTED: ("什么时候到账", "签约要带什么"),
    _S.DECLINED: ("申请其他银行对接", "转人工"),
    _S.PAID_OUT: ("贴息怎么办", "怎么续贷"),
    _S.NORMAL: ("贴息怎么办", "怎么续贷"),
    _S.REPAID: ("贴息怎么办", "怎么续贷"),
    _S.WITHDRAWN: ("重新登记需求",),
}
