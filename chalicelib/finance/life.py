"""The life of a loan (贷款): events folded into a state, amounts and what had to be set aside.

``live`` is a pure function of the events as a set. Banks report late, twice and out of order: their arrival changes
nothing. An event that cannot follow, or that breaks an invariant of the amounts (facts §5.2), is set aside with the
reason, never applied and never dropped; once what was missing arrives, everything is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from chalicelib.finance.model import CLOSED, Loan, LoanEvent, LoanHead, LoanState, Refusal, Source
from chalicelib.times import local_date

_S = LoanState

_BEFORE_LINE = frozenset({_S.DUE_DILIGENCE, _S.REVIEWING, _S.RETURNED, _S.WITHDRAWN})
_RUNNING = frozenset(
    {
        _S.SIGNED,
        _S.DRAW_REQUESTED,
        _S.PAID_OUT,
        _S.NORMAL,
        _S.REPAID,
        _S.RENEWED,
        _S.EXTENDED,
        _S.OVERDUE,
        _S.SETTLED,
    }
)
_AFTER: dict[LoanState | None, frozenset[LoanState]] = {
    None: frozenset({_S.DEMAND, _S.RECOMMENDED, _S.ACCEPTED}),
    _S.DEMAND: frozenset({_S.RECOMMENDED, _S.ACCEPTED, _S.WITHDRAWN}),
    _S.RECOMMENDED: frozenset({_S.ACCEPTED, _S.WITHDRAWN}),
    _S.ACCEPTED: _BEFORE_LINE,
    _S.DUE_DILIGENCE: _BEFORE_LINE - {_S.DUE_DILIGENCE},
    _S.REVIEWING: frozenset({_S.APPROVED, _S.DECLINED, _S.RETURNED, _S.WITHDRAWN}),
    _S.RETURNED: frozenset({_S.ACCEPTED, _S.DUE_DILIGENCE, _S.REVIEWING, _S.DECLINED, _S.WITHDRAWN}),
    _S.APPROVED: frozenset({_S.LINE_GRANTED, _S.WITHDRAWN}),
    _S.LINE_GRANTED: frozenset({_S.SIGNED, _S.WITHDRAWN}),
    _S.SIGNED: _RUNNING | {_S.WITHDRAWN},
    _S.DRAW_REQUESTED: _RUNNING - {_S.DRAW_REQUESTED} | {_S.WITHDRAWN},
    _S.PAID_OUT: _RUNNING,
    _S.NORMAL: _RUNNING - {_S.NORMAL},
    _S.REPAID: _RUNNING,
    _S.RENEWED: _RUNNING,
    _S.EXTENDED: _RUNNING,
    _S.OVERDUE: _RUNNING - {_S.OVERDUE, _S.RENEWED},  # 续贷 is asked for before the loan falls due
}

_ANYONE: frozenset[Source] = frozenset({"银行", "部门", "企业"})
_TOLD_BY: dict[LoanState, frozenset[Source]] = {
    _S.DEMAND: _ANYONE,
    _S.RECOMMENDED: frozenset({"部门"}),
    _S.DRAW_REQUESTED: frozenset({"银行", "企业"}),
    _S.WITHDRAWN: frozenset({"银行", "企业"}),
}
_BANK_ONLY: frozenset[Source] = frozenset({"银行"})
_RANK = {state: place for place, state in enumerate(_S)}


@dataclass(frozen=True, slots=True)
class Amounts:
    """金额, all 分: None is unknown. ``balance`` 余额 is what is still owed of what was paid out."""

    applied: int | None = None
    recommended: int | None = None
    line: int | None = None
    line_valid_to: date | None = None
    contracts: int = 0
    drawn: int = 0
    repaid: int = 0

    @property
    def balance(self) -> int:
        return self.drawn - self.repaid


@dataclass(frozen=True, slots=True)
class Aside:
    """An event kept but not applied, and why (Chinese, for an operator). ``breach``: it would break the amounts."""

    event: LoanEvent
    reason: str
    breach: bool = False


@dataclass(frozen=True, slots=True)
class LoanLife:
    """What the events of a loan come to. ``steps`` are the events applied, in order."""

    state: LoanState | None
    steps: tuple[LoanEvent, ...]
    aside: tuple[Aside, ...]
    amounts: Amounts
    matures_on: date | None = None
    category: Refusal | None = None
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_closed(self) -> bool:
        return self.state in CLOSED

    @property
    def breaches(self) -> tuple[Aside, ...]:
        return tuple(aside for aside in self.aside if aside.breach)


def live(loan: Loan) -> LoanLife:
    """The life of a loan as its events tell it."""
    fold = _Fold(loan.head)
    once: dict[str, LoanEvent] = {}
    for event in sorted(loan.events, key=lambda event: (event.at, event.model_dump_json())):
        once.setdefault(event.id, event)
    for _, together in groupby(once.values(), key=lambda event: event.at):
        fold.take(together)
    return fold.life()


class _Fold:
    """Reads events in order. One per call of ``live``."""

    def __init__(self, head: LoanHead) -> None:
        self.head = head
        self.state: LoanState | None = None
        self.amounts = Amounts()
        self.matures_on: date | None = None
        self.steps: list[LoanEvent] = []
        self.aside: list[Aside] = []
        self.warnings: list[str] = []

    def take(self, together: Iterable[LoanEvent]) -> None:
        """Events of one instant (banks that only tell the day): in the course of a loan, and whatever order of them
        fits, so that a repayment and the next drawdown of one day do not trip over each other."""
        waiting = sorted(together, key=lambda event: (_RANK[event.state], event.id))
        while waiting:
            fitting = next((event for event in waiting if self._refusal(event) is None), None)
            if fitting is None:
                break
            waiting.remove(fitting)
            self._apply(fitting)
        self.aside += [aside for event in waiting if (aside := self._refusal(event))]

    # -------------------------------------------------------------------------------------------------------- refusals

    def _refusal(self, event: LoanEvent) -> Aside | None:
        if event.source not in _TOLD_BY.get(event.state, _BANK_ONLY):
            return Aside(event, f"“{event.state.chinese}”不能由{event.source}来报")
        if event.state not in _AFTER.get(self.state, frozenset()):
            before = self.state.chinese if self.state else "尚未登记"
            return Aside(event, f"“{event.state.chinese}”不能接在“{before}”之后")
        check = _CHECKS.get(event.state)
        reason = check(self, event) if check else None
        return Aside(event, reason, breach=True) if reason else None

    def _line_breach(self, event: LoanEvent) -> str | None:
        return None if event.amount else "授信批复没有写额度"

    def _contract_breach(self, event: LoanEvent) -> str | None:
        contracts = self.amounts.contracts + (event.amount or 0)
        return "合同金额合计超过授信额度" if contracts > (self.amounts.line or 0) else None

    def _draw_breach(self, event: LoanEvent) -> str | None:
        """Revolving lines are held to what is owed, others to all that was ever paid out (facts §5.2, 3)."""
        if not event.amount:
            return "放款没有写金额"
        used = (self.amounts.balance if self.head.revolving else self.amounts.drawn) + event.amount
        if used > (self.amounts.line or 0):
            return "放款后余额超过循环授信额度" if self.head.revolving else "累计放款超过授信额度"
        return None

    def _repay_breach(self, event: LoanEvent) -> str | None:
        if not event.amount:
            return "还款没有写金额"
        return "还款超过余额" if event.amount > self.amounts.balance else None

    def _owing_breach(self, event: LoanEvent) -> str | None:
        return None if self.amounts.balance > 0 else f"没有余额，不会有“{event.state.chinese}”"

    def _renewal_breach(self, event: LoanEvent) -> str | None:
        if self.matures_on and local_date(event.at) > self.matures_on:
            return "续贷要在到期之前办，这笔已经过了到期日"
        return self._owing_breach(event)

    def _settled_breach(self, event: LoanEvent) -> str | None:
        if not self.amounts.drawn:
            return "还没有放款，不会有“结清”"
        return "还有余额，不能结清" if self.amounts.balance else None

    def _withdrawn_breach(self, event: LoanEvent) -> str | None:
        return "已经放款，不能撤回" if self.amounts.drawn else None

    # ----------------------------------------------------------------------------------------------------- application

    def _apply(self, event: LoanEvent) -> None:
        self._warn(event)
        self.state = event.state
        self.steps.append(event)
        self.amounts = _moved(self.amounts, event)
        if event.state in (_S.PAID_OUT, _S.RENEWED, _S.EXTENDED) and event.valid_to:
            self.matures_on = event.valid_to

    def _warn(self, event: LoanEvent) -> None:
        """Unusual but possible: told to the operator, not refused."""
        amounts = self.amounts
        if event.state is _S.LINE_GRANTED and amounts.applied is not None and (event.amount or 0) > amounts.applied:
            self.warnings.append("授信额度高于申请金额，请向银行核对")
        expired = amounts.line_valid_to is not None and local_date(event.at) > amounts.line_valid_to
        if event.state is _S.PAID_OUT and expired:
            self.warnings.append("放款日期在授信有效期之后，请向银行核对")

    def life(self) -> LoanLife:
        last = self.steps[-1] if self.steps else None
        return LoanLife(
            state=self.state,
            steps=tuple(self.steps),
            aside=tuple(self.aside),
            amounts=self.amounts,
            matures_on=self.matures_on,
            category=last.category if last and last.state is _S.DECLINED else None,
            missing=last.missing if last and last.state is _S.RETURNED else (),
            warnings=tuple(self.warnings),
        )


_CHECKS: dict[LoanState, Callable[[_Fold, LoanEvent], str | None]] = {
    _S.LINE_GRANTED: _Fold._line_breach,
    _S.SIGNED: _Fold._contract_breach,
    _S.PAID_OUT: _Fold._draw_breach,
    _S.REPAID: _Fold._repay_breach,
    _S.NORMAL: _Fold._owing_breach,
    _S.RENEWED: _Fold._renewal_breach,
    _S.EXTENDED: _Fold._owing_breach,
    _S.OVERDUE: _Fold._owing_breach,
    _S.SETTLED: _Fold._settled_breach,
    _S.WITHDRAWN: _Fold._withdrawn_breach,
}


def _moved(amounts: Amounts, event: LoanEvent) -> Amounts:
    """The amounts after a step. 授信 moves the line, 放款 the sum paid out, 还款 the sum repaid: never one another."""
    amount = event.amount or 0
    match event.state:
        case _S.DEMAND:
            return replace(amounts, applied=event.amount)
        case _S.RECOMMENDED:
            return replace(amounts, recommended=event.amount)
        case _S.ACCEPTED:
            return replace(amounts, applied=event.amount if amounts.applied is None else amounts.applied)
        case _S.LINE_GRANTED:
            return replace(amounts, line=event.amount, line_valid_to=event.valid_to)
        case _S.SIGNED:
            return replace(amounts, contracts=amounts.contracts + amount)
        case _S.PAID_OUT:
            return replace(amounts, drawn=amounts.drawn + amount)
        case _S.REPAID:
            return replace(amounts, repaid=amounts.repaid + amount)
        case _:
            return amounts
