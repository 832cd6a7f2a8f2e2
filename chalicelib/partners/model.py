"""Who may report (合作单位), with which keys, and what a call is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from chalicelib.shape import Shape

PARTNER_ID = r"[a-z][a-z0-9-]{1,31}"
KEY_ID = r"[A-Z2-7]{16}"


class Kind(StrEnum):
    """What can be reported; also the last part of the address and the name of the scope (权限)."""

    CASES = "cases"
    LOANS = "loans"
    ENTERPRISES = "enterprises"

    @property
    def chinese(self) -> str:
        return {"cases": "办件", "loans": "贷款", "enterprises": "企业"}[self]


class _Shape(Shape):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Partner(_Shape):
    """A back office or a bank. ``bank`` is the bank's name exactly as its loans carry it; a bank reports nothing else.

    The two rates are calls, not rows; a call may bring 500 rows.
    """

    id: str = Field(pattern=f"^{PARTNER_ID}$", title="合作单位代号")
    name: str = Field(min_length=2, max_length=40, title="合作单位名称")
    scopes: tuple[Kind, ...] = Field(min_length=1, title="权限")
    bank: str | None = Field(default=None, min_length=2, max_length=40, title="银行")
    per_second: int = Field(default=20, ge=1, le=1000, title="每秒最多次数")
    per_minute: int = Field(default=600, ge=1, le=60_000, title="每分钟最多次数")

    @model_validator(mode="after")
    def _a_bank_reports_loans(self) -> Self:
        if self.bank is not None and set(self.scopes) != {Kind.LOANS}:
            raise ValueError("银行只能有贷款（loans）权限")
        return self


class PartnerKey(_Shape):
    """One key (密钥) of a partner; several may be valid at once. Its secret is derived (``keys.derive``), not kept."""

    id: str = Field(pattern=f"^{KEY_ID}$")
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        return self.issued_at <= now < self.expires_at and (self.revoked_at is None or now < self.revoked_at)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key with its secret, which is shown once to the operator and handed to the partner."""

    partner: str
    id: str
    secret: str
    expires_at: datetime


Part = Literal["rows", "events"]


class Taken(_Shape):
    """An entry that was kept, or was known already."""

    part: Part = Field(title="所在列表")
    row: int = Field(ge=1, title="第几行")
    id: str = Field(title="编号")


class Mistake(_Shape):
    """What is wrong with an entry; nothing of the entry was kept. ``field`` is the Chinese title of the column."""

    part: Part = Field(title="所在列表")
    row: int = Field(ge=1, title="第几行")
    id: str | None = Field(title="编号")
    field: str | None = Field(title="栏目")
    text: str = Field(title="说明")


class SetAside(_Shape):
    """An event that was kept but cannot follow what is known: it waits for the missing one, or for an operator."""

    part: Part = Field(title="所在列表")
    row: int = Field(ge=1, title="第几行")
    event: str = Field(title="事件编号")
    text: str = Field(title="说明")


class Counts(_Shape):
    """Entries, by what became of them; ``aside`` counts events."""

    accepted: int = Field(title="已收下")
    unchanged: int = Field(title="没有变化")
    errors: int = Field(title="有误的行")
    aside: int = Field(title="单独存放的事件")


class Answer(_Shape):
    """What became of each entry. Each is taken or refused by itself; a wrong one does not hold up the others."""

    kind: Kind = Field(title="种类")
    counts: Counts = Field(title="合计")
    accepted: tuple[Taken, ...] = Field(title="已收下")
    unchanged: tuple[Taken, ...] = Field(title="没有变化")
    errors: tuple[Mistake, ...] = Field(title="有误")
    aside: tuple[SetAside, ...] = Field(title="单独存放")


class Error(_Shape):
    code: str = Field(title="代码")
    message: str = Field(title="说明")
    detail: dict[str, str | int] = Field(title="细节")


class ErrorBody(_Shape):
    """The one shape of every refusal."""

    error: Error
