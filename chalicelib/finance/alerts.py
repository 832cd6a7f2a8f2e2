"""Which step of a loan becomes a word to the enterprise, and what it says on a locked screen.

Texts of the facts (§5.3): the step and its time; never an amount, an account, a bank's remark. Only 法人 and 财务 who
agreed to ``loan_alert`` receive them. 逾期 and the like are never pushed: the bank tells them itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import ALLOWED_ROLES, Scope
from chalicelib.finance.life import live
from chalicelib.finance.model import Loan, LoanEvent, LoanState
from chalicelib.times import chinese_time

_S = LoanState


@dataclass(frozen=True, slots=True)
class Alert:
    """融资进度提醒. ``key`` is deterministic: the same step gives the same key whenever and however often computed.

    ``status`` is the few words for a template field; ``text`` the whole sentence.
    """

    key: str
    loan_id: str
    uscc: str
    event_id: str
    at: datetime
    status: str
    text: str
    is_sample: bool
    scope: Scope = Scope.LOAN_ALERT
    roles: frozenset[Role] = ALLOWED_ROLES[Scope.LOAN_ALERT]


_SAYS: dict[LoanState, tuple[str, str]] = {
    _S.RECOMMENDED: ("已推荐银行", "已由部门推荐给银行（{at}）"),
    _S.ACCEPTED: ("银行已受理", "银行已受理（{at}）"),
    _S.RETURNED: ("需要补件", "还差 {missing} 份资料"),
    _S.APPROVED: ("审批通过", "审批已通过，请在 {days} 日内联系客户经理签约"),
    _S.DECLINED: ("本次未通过", "本次未通过，可查看原因类别并申请其他银行对接"),
    _S.LINE_GRANTED: ("授信已批复", "授信已批复，签约、放款后才算到账"),
    _S.SIGNED: ("已签约", "合同已签，等待放款（{at}）"),
    _S.PAID_OUT: ("款项已发放", "款项已发放，请核对账户"),
    _S.RENEWED: ("续贷已办好", "续贷已办好（{at}）"),
    _S.EXTENDED: ("展期已办好", "展期已办好（{at}）"),
    _S.SETTLED: ("已结清", "已结清（{at}）"),
}
_DEFAULT_DAYS = 3
"""Days to sign when the bank names none (sample value, conversations §11)."""


def new_alerts(loan: Loan, since: datetime | None = None) -> list[Alert]:
    """The alerts of a loan's applied steps, in order; ``since`` leaves out steps that took place before it.

    A pure function of the events: what was placed already is told by its key.
    """
    return [
        _alert(loan, step) for step in live(loan).steps if step.state in _SAYS and (since is None or step.at >= since)
    ]


def _alert(loan: Loan, step: LoanEvent) -> Alert:
    status, says = _SAYS[step.state]
    missing = len(step.missing)
    if step.state is _S.RETURNED and not missing:
        says = "有资料需要补充"
    words = says.format(at=chinese_time(step.at), missing=missing, days=step.reply_days or _DEFAULT_DAYS)
    return Alert(
        key=f"loan:{loan.id}:{step.id}",
        loan_id=loan.id,
        uscc=loan.head.uscc,
        event_id=step.id,
        at=step.at,
        status=status,
        text=f"【溪小办】您有一笔融资业务进度更新：{words}。点击查看详情。",
        is_sample=loan.head.is_sample,
    )
