"""支付批次文件: what the treasury pays from. The same batch gives the same bytes, however often it is written.

CSV (RFC 4180: CRLF, quotes where needed) in UTF-8 with a byte order mark, so that spreadsheets read the Chinese. One
row a payment by credit code, then one row 合计 with the number of payments and their sum. Amounts are 元 with two
decimals, made from integer 分 without any float.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from chalicelib.policies.awards.model import Entry, EntryAct, EntryEvent, PayeeAccount, Round, payment_no

COLUMNS = ("序号", "支付编号", "统一社会信用代码", "收款户名", "开户行", "收款账号", "金额（元）", "用途")
TOTAL = "合计"


@dataclass(frozen=True, slots=True)
class Payment:
    """One line. ``amount`` in 分."""

    number: str
    uscc: str
    payee: PayeeAccount
    amount: int


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """``digest`` is the SHA-256 of ``data`` in hex; the approval names it."""

    name: str
    data: bytes
    count: int
    total: int

    @property
    def digest(self) -> str:
        return sha256(self.data).hexdigest()


def payments(entries: Iterable[Entry], batch: int) -> Iterator[Payment]:
    """The payments of one batch among the entries of its round, with the account as it was then."""
    for entry in entries:
        if taken := _taken(entry.events, batch):
            assert taken.payee is not None
            yield Payment(payment_no(entry, batch), entry.uscc, taken.payee, entry.amount)


def payment_file(round_: Round, batch: int, lines: Iterable[Payment]) -> PaymentFile:
    """The file of one batch; its name says which."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = total = 0
    for count, line in enumerate(lines, 1):
        payee = line.payee
        row = (count, line.number, line.uscc, payee.name, payee.bank, payee.number, yuan(line.amount), round_.short)
        writer.writerow(row)
        total += line.amount
    writer.writerow((TOTAL, "", "", "", "", f"{count} 笔", yuan(total), ""))
    return PaymentFile(f"{round_.id}-{batch:02}.csv", out.getvalue().encode("utf-8-sig"), count, total)


def yuan(fen: int) -> str:
    """分 → 元: 2341859 → 23418.59"""
    return f"{fen // 100}.{fen % 100:02}"


def _taken(events: Sequence[EntryEvent], batch: int) -> EntryEvent | None:
    """The event that took the entry into this batch, unless the batch was given up again."""
    of_batch = [event for event in events if event.batch == batch]
    if any(event.act is EntryAct.UNBATCHED for event in of_batch):
        return None
    return next((event for event in of_batch if event.act is EntryAct.BATCHED), None)
