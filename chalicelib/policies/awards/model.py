"""免申即享 award rounds as rows: a round, its entries, the account an entry is paid to, and the pool it is paid from.

Rounds and entries carry their own history: every step is an event (who, when, what) that is only ever added to, and
what a row *is* now is read from its events (``life.py``). Money is integer 分.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b32encode
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Literal

from pydantic import ConfigDict, Field, field_validator

from chalicelib import masking
from chalicelib.errors import Refusal
from chalicelib.shape import Shape

ENTRY_ID_LENGTH = 16
_ACCOUNT = re.compile(r"\d{8,32}")
_FORMULA = ("=", "+", "-", "@")


class AwardRefused(Refusal):
    """A step cannot be done now; the text is the Chinese sentence to show, with what to do next."""


class AccountRefused(AwardRefused):
    """Money cannot go to this account (户名与企业名称不一致, and the like)."""


class _Row(Shape):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PayeeAccount(_Row):
    """收款账户. The whole number is only here and in the payment file; it stays out of ``repr`` and so out of logs."""

    name: str = Field(min_length=2, max_length=120, title="户名")
    bank: str = Field(min_length=2, max_length=120, title="开户行")
    number: str = Field(repr=False, title="账号")

    @field_validator("name", "bank")
    @classmethod
    def _plain(cls, value: str) -> str:
        text = unicodedata.normalize("NFKC", value).strip()
        if not text.isprintable():
            raise ValueError("不能有换行或控制字符")
        if text.startswith(_FORMULA):
            raise ValueError("不能以 = + - @ 开头")  # a spreadsheet would run it
        return text

    @field_validator("number")
    @classmethod
    def _digits(cls, value: str) -> str:
        digits = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", value))
        if not _ACCOUNT.fullmatch(digits):
            raise ValueError("账号应是 8 到 32 位数字")
        return digits

    @property
    def masked(self) -> str:
        """***************0123"""
        return masking.bank_account(self.number)


def same_name(account: str, enterprise: str) -> bool:
    """户名 equals 企业名称, but for width, spaces and the form of brackets."""
    return _bare(account) == _bare(enterprise)


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


# --------------------------------------------------------------------------------------------------------------- entry


class EntryAct(StrEnum):
    """What can happen to an entry; the value is its Chinese name."""

    LISTED = "列入名单"
    OBJECTED = "收到异议"
    OVERRULED = "异议不成立"
    WITHDRAWN = "撤出名单"
    ACCOUNT_CONFIRMED = "账户已确认"
    ACCOUNT_REFUSED = "账户有问题"
    BATCHED = "编入支付批次"
    UNBATCHED = "退出支付批次"
    PAID = "已到账"
    RETURNED = "银行退回"


class EntryEvent(_Row):
    """One line of an entry's log. ``by`` is an operator's id, a pseudonym of a member, or the file of receipts."""

    act: EntryAct
    at: datetime
    by: str = Field(min_length=1)
    note: str = ""
    payee: PayeeAccount | None = None
    batch: int | None = None
    objection: int | None = None
    on: date | None = None


class Entry(_Row):
    """One enterprise on the list of a round. ``grounds`` are the facts that decided, each with its office and date."""

    id: str
    round: str
    policy: str
    version: int
    year: int
    uscc: str
    name: str
    amount: int = Field(gt=0, title="拟兑现金额（分）")
    calculation: str
    grounds: tuple[str, ...] = ()
    events: tuple[EntryEvent, ...] = Field(min_length=1)

    def with_event(self, event: EntryEvent) -> Entry:
        """The log grows at its end, and nothing else changes."""
        return self.model_copy(update={"events": (*self.events, event)})


def entry_id(policy: str, version: int, round_id: str, uscc: str) -> str:
    """Deterministic: the same enterprise in the same round is the same entry, whoever draws the list and how often."""
    digest = sha256("\n".join((policy, str(version), round_id, uscc)).encode()).digest()
    return b32encode(digest).decode().lower()[:ENTRY_ID_LENGTH]


def payment_no(entry: Entry, batch: int) -> str:
    """支付编号: names one payment; a payment sent again after a return has another one."""
    return f"{entry.id}-{batch:02}"


# --------------------------------------------------------------------------------------------------------------- round


class RoundAct(StrEnum):
    """What can happen to a round; the value is its Chinese name."""

    OPENED = "开始生成名单"
    LISTED = "名单已生成"
    CONFIRMED = "部门核定"
    PUBLICISED = "开始公示"
    POOL_SHORT = "资金池不足"
    BATCH_OPENED = "开始编制支付批次"
    BATCH_SEALED = "支付批次已编成"
    BATCH_APPROVED = "支付批次已批准"
    BATCH_DISSOLVING = "退回支付批次"
    BATCH_DISSOLVED = "支付批次已退回"
    CLOSED = "批次结束"


class RoundEvent(_Row):
    """One line of a round's log. ``total`` in 分; ``digest`` is the SHA-256 of the payment file that was approved."""

    act: RoundAct
    at: datetime
    by: str = Field(min_length=1)
    note: str = ""
    start: date | None = None
    days: int | None = None
    batch: int | None = None
    count: int | None = None
    total: int | None = None
    digest: str | None = None


class Walk(_Row):
    """How far a pass over many rows has come, written with each chunk so that a crash resumes after the last row.

    ``after`` is the last key done; ``count`` and ``total`` (分) what was taken so far; ``limit`` (分) what may be.
    """

    kind: Literal["draw", "batch", "dissolve"]
    after: str = ""
    count: int = 0
    total: int = 0
    limit: int = 0
    left_out: dict[str, int] = Field(default_factory=dict)


class Round(_Row):
    """One 批次 of one policy version for one year. ``on`` is the day the decisions are asked about."""

    id: str
    policy: str
    version: int
    year: int
    short: str
    dept: str
    pool: str
    on: date
    sample: bool = False
    walk: Walk | None = None
    events: tuple[RoundEvent, ...] = Field(min_length=1)

    def with_event(self, event: RoundEvent, walk: Walk | None = None) -> Round:
        """The log grows at its end; ``walk`` replaces the pass under way."""
        return self.model_copy(update={"events": (*self.events, event), "walk": walk})


def round_id(policy: str, year: int, number: int) -> str:
    """P26-2026-1"""
    return f"{policy}-{year}-{number}"


class Notice(_Row):
    """公示期: both ends included, calendar days in China."""

    start: date
    days: int = Field(ge=1, le=60)

    @property
    def end(self) -> date:
        return self.start + timedelta(days=self.days - 1)


# ---------------------------------------------------------------------------------------------------------------- pool


class PoolChange(_Row):
    at: datetime
    by: str = Field(min_length=1)
    total: int
    note: str = ""


class Pool(_Row):
    """资金池 of one year. ``committed`` is promised to batches and not paid yet; all 分."""

    name: str = Field(min_length=1)
    year: int
    total: int = Field(default=0, ge=0)
    committed: int = Field(default=0, ge=0)
    paid: int = Field(default=0, ge=0)
    changes: tuple[PoolChange, ...] = ()

    @property
    def available(self) -> int:
        return self.total - self.committed - self.paid

    def moved(self, *, committed: int = 0, paid: int = 0) -> Pool:
        """After promising, paying or giving back (negative). Raises ValueError rather than go below nothing."""
        return Pool.model_validate(
            self.model_dump() | {"committed": self.committed + committed, "paid": self.paid + paid}
        )


class Claim(_Row):
    """That an enterprise has (or is about to have) its award of a policy for a year; at most one, over all rounds."""

    round: str
    version: int
    payment: str
