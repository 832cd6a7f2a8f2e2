"""回执: what the bank says came of the payments of a round, read from a CSV and taken in once.

A file is checked whole before anything of it is written; the same file again, or after a crash half way, changes
nothing that is in already. Money that came back goes back into the pool, and its enterprise may name another account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from chalicelib.policies.awards.life import entry_life, round_life
from chalicelib.policies.awards.model import Entry, EntryAct, EntryEvent, Pool, Round
from chalicelib.policies.awards.payment_file import payments
from chalicelib.policies.awards.repository import AwardRepository
from chalicelib.policies.awards.steps import in_chunks, marked, person, the_entry, the_round
from chalicelib.policies.awards.tables import read_rows, refuse
from chalicelib.ports import Write

COLUMNS = ("支付编号", "金额（元）", "结果", "日期", "原因")
_FILE = "回执文件"
RESULTS: Mapping[str, EntryAct] = {"成功": EntryAct.PAID, "退回": EntryAct.RETURNED}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One row. ``line`` is its line in the file, ``amount`` in 分."""

    line: int
    number: str
    amount: int
    act: EntryAct
    on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Received:
    """What an import came to: payments newly known as paid or returned, and those known before."""

    paid: int = 0
    returned: int = 0
    already: int = 0

    def __add__(self, other: Received) -> Received:
        return Received(self.paid + other.paid, self.returned + other.returned, self.already + other.already)


@dataclass(frozen=True, slots=True)
class _Issued:
    """A payment that was sent out, and what is known of it already."""

    uscc: str
    batch: int
    amount: int
    known: frozenset[EntryAct]


class Receipts:
    """Receipts for the approved batches of rounds."""

    def __init__(self, rows: AwardRepository) -> None:
        self._rows = rows

    def take_in(self, id_: str, data: bytes, by: str, now: datetime) -> Received:
        """Raises BadInput naming line and column of each mistake (nothing is written then), AwardRefused."""
        round_ = the_round(self._rows, id_).row
        receipts = read(data)
        issued = self._issued(round_)
        refuse(_FILE, [f"第 {each.line} 行 {problem}" for each in receipts if (problem := _mismatch(each, issued))])
        news = [each for each in receipts if each.act not in issued[each.number].known]
        who, known = person(by), Received(already=len(receipts) - len(news))
        return sum(in_chunks(id_, news, lambda chunk: self._write(round_, chunk, issued, who, now)), start=known)

    def _issued(self, round_: Round) -> dict[str, _Issued]:
        approved = [batch.number for batch in round_life(round_).batches if batch.approved_by]
        return {
            payment.number: _Issued(payment.uscc, batch, payment.amount, _known(each.row, batch))
            for each in self._rows.entries(round_.id)
            for batch in approved
            for payment in payments([each.row], batch)
        }

    def _write(
        self, round_: Round, chunk: Sequence[Receipt], issued: Mapping[str, _Issued], by: str, now: datetime
    ) -> Received:
        filed = self._rows.pool(round_.pool, round_.year)
        pool, received = filed.row, Received()
        writes: list[Write] = []
        for receipt in chunk:
            payment = issued[receipt.number]
            each = the_entry(self._rows, round_.id, payment.uscc)
            if receipt.act in _known(each.row, payment.batch):
                received += Received(already=1)
                continue
            pool = _moved(pool, each.row, receipt.act)
            entry = _told(each.row, receipt, payment.batch, by, now)
            writes.append(self._rows.put_entry(entry, each.version))
            if receipt.act is EntryAct.RETURNED:
                writes.append(self._rows.drop_claim(entry))
            came_back = receipt.act is EntryAct.RETURNED
            received += Received(paid=int(not came_back), returned=int(came_back))
        if writes:
            self._rows.transact(self._rows.put_pool(pool, filed.version), *writes)
        return received


def _moved(pool: Pool, entry: Entry, act: EntryAct) -> Pool:
    """What was promised is paid, or, promised or paid, comes back."""
    amount = entry.amount
    if act is EntryAct.PAID:
        return pool.moved(committed=-amount, paid=amount)
    was_paid = entry_life(entry).paid_on is not None
    return pool.moved(paid=-amount) if was_paid else pool.moved(committed=-amount)


def _told(entry: Entry, receipt: Receipt, batch: int, by: str, now: datetime) -> Entry:
    return marked(entry, EntryEvent(act=receipt.act, at=now, by=by, note=receipt.reason, batch=batch, on=receipt.on))


def _known(entry: Entry, batch: int) -> frozenset[EntryAct]:
    return frozenset(event.act for event in entry.events if event.batch == batch)


def _mismatch(receipt: Receipt, issued: Mapping[str, _Issued]) -> str | None:
    """What in a row cannot be true of what was sent out."""
    payment = issued.get(receipt.number)
    if payment is None:
        return f"支付编号：已批准的支付批次里没有 {receipt.number}"
    if payment.amount != receipt.amount:
        return "金额（元）：与支付文件里的金额不一致"
    if receipt.act is EntryAct.PAID and EntryAct.RETURNED in payment.known and EntryAct.PAID not in payment.known:
        return "结果：这笔支付已登记为退回，请与银行核对"
    return None


# ------------------------------------------------------------------------------------------------------------- reading


def read(data: bytes) -> list[Receipt]:
    """Rows of a receipts file, each payment once. Raises BadInput naming line and column."""
    receipts: dict[str, Receipt] = {}

    def once(line: int, cells: Mapping[str, str]) -> None:
        receipt = _receipt(line, cells)
        before = receipts.setdefault(receipt.number, receipt)
        if before.act is not receipt.act:
            raise ValueError(f"结果：与第 {before.line} 行的同一支付编号不一致")

    read_rows(data, _FILE, COLUMNS, once)
    return list(receipts.values())


def _receipt(line: int, row: Mapping[str, str]) -> Receipt:
    """Raises ValueError naming the column."""
    act = RESULTS.get(row["结果"])
    if act is None:
        raise ValueError(f"结果：只能是{'、'.join(RESULTS)}，写的是“{row['结果']}”")
    reason = row["原因"]
    if act is EntryAct.RETURNED and not reason:
        raise ValueError("原因：退回的要写明原因")
    return Receipt(line, row["支付编号"], _fen(row["金额（元）"]), act, _date(row["日期"]), reason)


def _fen(text: str) -> int:
    try:
        fen = Decimal(text) * 100
    except InvalidOperation:
        raise ValueError(f"金额（元）：应是数字，写的是“{text}”") from None
    if not fen.is_finite() or fen != fen.to_integral_value() or fen <= 0:
        raise ValueError(f"金额（元）：应大于 0、最多两位小数，写的是“{text}”")
    return int(fen)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"日期：应像 2026-11-22，写的是“{text}”") from None
