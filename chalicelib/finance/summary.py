"""A loan in one line (贷款摘要): what lists and reports over all loans read, kept beside the loan at every write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import AwareDatetime, ConfigDict

from chalicelib.finance.channel48 import RULES
from chalicelib.finance.life import live
from chalicelib.finance.model import Loan, LoanState
from chalicelib.shape import Shape
from chalicelib.times import local_date


class LoanSummary(Shape):
    """Amounts in 分. ``started``: when the clock of the 48-hour channel started, for any loan; ``asides`` events that
    could not be applied. Nothing in it depends on the moment it is read at."""

    model_config = ConfigDict(frozen=True)

    id: str
    uscc: str
    bank: str
    state: LoanState | None
    fast_channel: bool
    is_closed: bool
    started: AwareDatetime | None
    line: int
    drawn: int
    repaid: int
    asides: int
    is_sample: bool

    @property
    def balance(self) -> int:
        return self.drawn - self.repaid

    def started_in(self, month: date) -> bool:
        """Whether the clock started in the month that ``month`` lies in."""
        day = local_date(self.started) if self.started else None
        return day is not None and (day.year, day.month) == (month.year, month.month)


def summary(loan: Loan) -> LoanSummary:
    """Of the loan as its events tell it now."""
    life = live(loan)
    return LoanSummary(
        id=loan.id,
        uscc=loan.head.uscc,
        bank=loan.head.bank,
        state=life.state,
        fast_channel=loan.head.fast_channel,
        is_closed=life.is_closed,
        started=next((step.at for step in life.steps if step.state is RULES.start), None),
        line=life.amounts.line or 0,
        drawn=life.amounts.drawn,
        repaid=life.amounts.repaid,
        asides=len(life.aside),
        is_sample=loan.head.is_sample,
    )


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Sums over loans, 分. 授信, 放款 and 余额 are three figures; none is ever told for another (facts §5.1)."""

    loans: int = 0
    open: int = 0
    enterprises: int = 0
    line: int = 0
    drawn: int = 0
    balance: int = 0
    asides: int = 0
    samples: int = 0


def portfolio(summaries: Iterable[LoanSummary]) -> Portfolio:
    """All together. ``line`` counts open loans only: an ended loan's line cannot be drawn any more."""
    rows = list(summaries)
    return Portfolio(
        loans=len(rows),
        open=sum(not row.is_closed for row in rows),
        enterprises=len({row.uscc for row in rows}),
        line=sum(row.line for row in rows if not row.is_closed),
        drawn=sum(row.drawn for row in rows),
        balance=sum(row.balance for row in rows),
        asides=sum(row.asides for row in rows),
        samples=sum(row.is_sample for row in rows),
    )


def by_bank(summaries: Iterable[LoanSummary]) -> Mapping[str, Portfolio]:
    """The same for each bank, by name."""
    groups: dict[str, list[LoanSummary]] = {}
    for row in summaries:
        groups.setdefault(row.bank, []).append(row)
    return {bank: portfolio(rows) for bank, rows in sorted(groups.items())}
