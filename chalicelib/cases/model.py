"""办件 cases: what an office tells of one (events), and what a file or partner hands in (rows).

States, texts and transitions are those of the facts (§4.2.2); ``folding.py`` folds events into a state.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from chalicelib.cases.workdays import Limit
from chalicelib.enterprises import uscc
from chalicelib.provenance import Provenanced
from chalicelib.scalars import Instant
from chalicelib.shape import Shape

FORM_SOURCE = "溪小办填表"
"""Source of the event that opens a draft case when somebody hands in a form that they filled in here."""

MAX_EVENTS = 46
"""Events that one row may bring: all of them, each replacing another, fit into one transaction (MAX_TRANSACT) with the
case's own rows."""

_CASE_NO = re.compile(r"36\d{17}", re.ASCII)
_PHONE4 = re.compile(r"\d{4}", re.ASCII)


class CaseState(StrEnum):
    """办件状态, in the order a case passes through them."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    RECEIVED = "RECEIVED"
    CORRECTING = "CORRECTING"
    REJECTED_ACCEPT = "REJECTED_ACCEPT"
    TOL_ACCEPTED = "TOL_ACCEPTED"
    ACCEPTED = "ACCEPTED"
    REVIEWING = "REVIEWING"
    SUSPENDED = "SUSPENDED"
    TRANSFERRED = "TRANSFERRED"
    TERMINATED_NO_SUPPLY = "TERMINATED_NO_SUPPLY"
    WITHDRAWN = "WITHDRAWN"
    DECIDED_OK = "DECIDED_OK"
    DECIDED_NO = "DECIDED_NO"
    CERTIFYING = "CERTIFYING"
    DELIVERING = "DELIVERING"
    FINISHED = "FINISHED"
    ARCHIVED = "ARCHIVED"

    @property
    def chinese(self) -> str:
        return STATE_NAMES[self]


class CaseAct(StrEnum):
    """What happens to a case without being a state of it."""

    MATERIAL = "MATERIAL"  # 收到一份材料 (a row of up_pro_material); no step of its own
    SUPPLIED = "SUPPLIED"  # 申请人已补齐材料 (after 补正 or 容缺)
    EXTENDED = "EXTENDED"  # 经批准延长期限 (行政许可法 §42; 补正 once)
    NOTIFIED = "NOTIFIED"  # 特别程序已书面告知申请人 (行政许可法 §45)
    DEEMED_ACCEPTED = "DEEMED_ACCEPTED"  # 逾期不告知视为受理 (行政许可法 §32); the clock's own, no office sends it

    @property
    def chinese(self) -> str:
        return ACT_NAMES[self]


STATE_NAMES = {
    CaseState.DRAFT: "暂存",
    CaseState.SUBMITTED: "已申请",
    CaseState.RETURNED: "退件",
    CaseState.RECEIVED: "已收件",
    CaseState.CORRECTING: "一次性告知补正",
    CaseState.REJECTED_ACCEPT: "不予受理",
    CaseState.ACCEPTED: "已受理",
    CaseState.TOL_ACCEPTED: "容缺受理",
    CaseState.SUSPENDED: "特别程序",
    CaseState.REVIEWING: "审查",
    CaseState.TRANSFERRED: "转报上级",
    CaseState.TERMINATED_NO_SUPPLY: "逾期未补，已终止",
    CaseState.WITHDRAWN: "申请人撤回",
    CaseState.DECIDED_OK: "准予决定",
    CaseState.DECIDED_NO: "不予决定",
    CaseState.CERTIFYING: "制证",
    CaseState.DELIVERING: "待领取",
    CaseState.FINISHED: "办结",
    CaseState.ARCHIVED: "归档",
}
ACT_NAMES = {
    CaseAct.MATERIAL: "收到材料",
    CaseAct.SUPPLIED: "已补交材料",
    CaseAct.EXTENDED: "经批准延长期限",
    CaseAct.NOTIFIED: "已书面告知",
    CaseAct.DEEMED_ACCEPTED: "逾期未告知，视为受理",
}
FINAL = frozenset(
    {
        CaseState.RETURNED,
        CaseState.REJECTED_ACCEPT,
        CaseState.TRANSFERRED,
        CaseState.TERMINATED_NO_SUPPLY,
        CaseState.WITHDRAWN,
        CaseState.FINISHED,
        CaseState.ARCHIVED,
    }
)
SpecialProcedure = Literal[
    "听证", "招标", "拍卖", "检验", "检测", "检疫", "鉴定", "专家评审", "公示", "现场勘验", "技术评估"
]
"""特别程序, whose days do not count (行政许可法 §45)."""

Kind = CaseState | CaseAct
_BY_CHINESE: dict[str, Kind] = {name: state for state, name in STATE_NAMES.items()} | {
    name: act for act, name in ACT_NAMES.items()
}


def _as_kind(value: object) -> object:
    """Operators may write 已受理 as well as ACCEPTED."""
    return _BY_CHINESE.get(value, value) if isinstance(value, str) else value


def _checked_no(value: str) -> str:
    if not _CASE_NO.fullmatch(value):
        raise ValueError("办件编号是 36 开头的 19 位数字，例如 3603232026112200123")
    return value


CaseNo = Annotated[str, AfterValidator(_checked_no)]


class CaseEvent(Shape):
    """One thing that an office (or the applicant) did to a case. ``id`` is the sender's own and names it for ever.

    ``days``: those of an extension; with 容缺受理, the working days that were committed to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=64, title="事件编号")
    case_no: CaseNo = Field(title="办件编号")
    kind: Annotated[Kind, BeforeValidator(_as_kind)] = Field(title="环节")
    at: Instant = Field(title="发生时间")
    source: str = Field(default="窗口", max_length=40, title="来源系统")
    note: str = Field(default="", max_length=200, title="说明")
    materials: tuple[str, ...] = Field(default=(), max_length=30, title="欠缺材料")
    due: date | None = Field(default=None, title="要求补齐日期")
    days: int | None = Field(default=None, ge=1, le=90, title="延长天数")
    special: SpecialProcedure | None = Field(default=None, title="特别程序种类")
    committed: bool = Field(default=False, title="申请人已书面承诺")
    approved_by_supervisor: bool = Field(default=False, title="负责人已批准")

    @field_validator("kind")
    @classmethod
    def _sent_by_an_office(cls, value: Kind) -> Kind:
        if value is CaseAct.DEEMED_ACCEPTED:
            raise ValueError("“视为受理”由系统按期限自动记录，不用填写")
        return value


class CaseHead(Provenanced):
    """What stays the same over a case's life. No name, no phone number: what an answer needs and no more."""

    no: CaseNo = Field(title="办件编号")
    uscc: str | None = Field(default=None, title="统一社会信用代码")
    title: str = Field(min_length=1, max_length=60, title="事项名称")
    item_id: str | None = Field(default=None, title="事项编号")
    dept: str = Field(min_length=1, max_length=40, title="办理部门")
    immediate: bool = Field(default=False, title="即办件")
    legal: Limit | None = Field(default=None, title="法定时限")
    promised: Limit | None = Field(default=None, title="承诺时限")
    accept_point_id: str | None = Field(default=None, title="受理网点")

    @field_validator("uscc")
    @classmethod
    def _credit_code(cls, value: str | None) -> str | None:
        if value is None:
            return None
        code = uscc.normalise(value)
        if problem := uscc.problem(code):
            raise ValueError(problem)
        return code


class CaseRow(CaseHead):
    """办件 as imported: the head and events known so far. More rows for the same number add to it.

    ``phone_last4`` is only used to open the case to someone who knows it; it is stored as a digest (``lookup_key``).
    """

    phone_last4: str | None = Field(default=None, title="手机后四位")
    events: tuple[CaseEvent, ...] = Field(default=(), max_length=MAX_EVENTS, title="办理过程")

    @model_validator(mode="before")
    @classmethod
    def _name_the_case(cls, given: Any) -> Any:
        """Events inside a row need not repeat its number."""
        events = given.get("events") or () if isinstance(given, dict) else None
        if not isinstance(events, list | tuple):
            return given
        named = [{"case_no": given.get("no"), **event} if isinstance(event, dict) else event for event in events]
        return {**given, "events": named}

    @field_validator("phone_last4")
    @classmethod
    def _four_digits(cls, value: str | None) -> str | None:
        if value is not None and not _PHONE4.fullmatch(value):
            raise ValueError("只填手机号的后四位数字，例如 0012")
        return value

    @field_validator("events")
    @classmethod
    def _once_each(cls, value: tuple[CaseEvent, ...]) -> tuple[CaseEvent, ...]:
        seen: set[str] = set()
        for event in value:
            if event.id in seen:
                raise ValueError(f"事件编号 {event.id} 写了两次")
            seen.add(event.id)
        return value

    @model_validator(mode="after")
    def _belongs_to_someone(self) -> Self:
        if self.uscc is None and self.phone_last4 is None:
            raise ValueError("统一社会信用代码和手机后四位至少填一项，否则没有人能查到这个办件")
        if any(event.case_no != self.no for event in self.events):
            raise ValueError("办理过程里有别的办件编号的事件，请分开导入")
        return self

    def head(self) -> CaseHead:
        return CaseHead.model_validate(self.model_dump(include=set(CaseHead.model_fields)))


class Case(Shape):
    """A case as kept: its head, every event ever received, and when the last of them arrived."""

    model_config = ConfigDict(frozen=True)

    head: CaseHead
    events: tuple[CaseEvent, ...] = ()
    updated: AwareDatetime

    @property
    def no(self) -> str:
        return self.head.no


def lookup_key(no: str, phone4: str) -> str:
    """Names the (number, last four digits) pair without telling it; one read answers whether the pair exists."""
    return sha256(f"{no}\n{phone4}".encode()).hexdigest()[:32]


class Outcome(StrEnum):
    """办结结果 of the exchange tables (facts §4.2.1)."""

    GRANTED = "6/0"  # 办结，准予
    REFUSED = "6/1"  # 办结，不予许可
    SENT_BACK = "1"  # 退回办结
    PASSED_ON = "4"  # 转报办结
    NOT_SUPPLIED = "5"  # 补交不来办结
    INVALID = "2"  # 作废办结 (the applicant took it back)


OUTCOMES = {
    CaseState.DECIDED_OK: Outcome.GRANTED,
    CaseState.DECIDED_NO: Outcome.REFUSED,
    CaseState.RETURNED: Outcome.SENT_BACK,
    CaseState.REJECTED_ACCEPT: Outcome.SENT_BACK,
    CaseState.TRANSFERRED: Outcome.PASSED_ON,
    CaseState.TERMINATED_NO_SUPPLY: Outcome.NOT_SUPPLIED,
    CaseState.WITHDRAWN: Outcome.INVALID,
}
