"""每日对账: a bank's own list of its loans against ours, every difference by loan and field.

Pure. Nothing is corrected here: who is right, an officer finds out, and the bank then reports the missing steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from chalicelib.finance.life import LoanLife, live
from chalicelib.finance.model import STATE_NAMES, Loan, LoanState
from chalicelib.money import FEN_PER_YUAN

NUMBER, STATE = "贷款编号", "环节"
AMOUNTS = ("授信（元）", "累计放款（元）", "累计还款（元）", "余额（元）")
COLUMNS = (NUMBER, STATE, *AMOUNTS)
_STATES = {name: state for state, name in STATE_NAMES.items()}
_MOST_FEN = 10**15


@dataclass(frozen=True, slots=True)
class BankLine:
    """One loan as the bank lists it; amounts in 分 by column, None where the cell is empty: not compared."""

    loan_id: str
    state: LoanState
    amounts: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """``what`` is the column, or that one side lacks the loan. Texts as both sides have them."""

    loan_id: str
    what: str
    ours: str
    theirs: str


def read_line(cells: Mapping[str, str]) -> BankLine:
    """A row of the bank's file by its columns. Raises ValueError naming the column, in Chinese."""
    loan_id, state = cells.get(NUMBER, ""), cells.get(STATE, "")
    if not loan_id:
        raise ValueError(f"{NUMBER}：没有填写")
    if state not in _STATES:
        raise ValueError(f"{STATE}：没有“{state}”这个环节；可用：{'、'.join(_STATES)}")
    return BankLine(loan_id, _STATES[state], {name: _fen(name, cells.get(name, "")) for name in AMOUNTS})


def reconcile(ours: Iterable[Loan], theirs: Iterable[BankLine]) -> list[Difference]:
    """Differences in the order of loan ids. ``ours``: the loans of this bank that the list should hold.

    A loan that the bank lists twice is a difference too, and only its first line is compared.
    """
    here = {loan.id: loan for loan in ours}
    there: dict[str, BankLine] = {}
    found = []
    for line in theirs:
        if line.loan_id in there:
            found.append(Difference(line.loan_id, "重复", "一笔", "银行清单里不止一行"))
        there.setdefault(line.loan_id, line)
    for loan_id in here.keys() | there.keys():
        found += _compare(loan_id, here.get(loan_id), there.get(loan_id))
    return sorted(found, key=lambda each: (each.loan_id, each.what))


def _compare(loan_id: str, loan: Loan | None, line: BankLine | None) -> Iterator[Difference]:
    if loan is None:
        yield Difference(loan_id, "我方没有这笔", "无", "有")
    elif line is None:
        yield Difference(loan_id, "银行清单没有这笔", "有", "无")
    else:
        yield from _fields(loan, live(loan), line)


def _fields(loan: Loan, life: LoanLife, line: BankLine) -> Iterator[Difference]:
    if life.state is not line.state:
        yield Difference(loan.id, STATE, life.state.chinese if life.state else "还没有", line.state.chinese)
    amounts = life.amounts
    ours = dict(zip(AMOUNTS, (amounts.line, amounts.drawn, amounts.repaid, amounts.balance), strict=True))
    for name, value in ours.items():
        told = line.amounts.get(name)
        if told is not None and told != value:
            yield Difference(loan.id, name, _yuan(value), _yuan(told))
    for aside in life.aside:
        yield Difference(loan.id, "搁置的事件", f"{aside.event.id}：{aside.reason}", line.state.chinese)


def _fen(name: str, text: str) -> int | None:
    if not text:
        return None
    try:
        value = Decimal(text.replace(",", "").replace("，", ""))
    except InvalidOperation:
        raise ValueError(f"{name}：“{text}”不是金额") from None
    fen = value * FEN_PER_YUAN if value.is_finite() else Decimal(-1)
    if fen < 0 or fen != fen.to_integral_value() or fen > _MOST_FEN:
        raise ValueError(f"{name}：“{text}”要是不小于 0、最多两位小数的金额")
    return int(fen)


def _yuan(fen: int | None) -> str:
    return "未知" if fen is None else f"{fen // FEN_PER_YUAN}.{fen % FEN_PER_YUAN:02d}"
