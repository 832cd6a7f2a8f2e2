"""贷款 loans: what banks, departments and enterprises report (events), and what is imported (rows).

授信 (a line) is not 放款 (money paid out) is not 余额 (what is still owed): three figures, never one (facts §5.1).
All amounts are integer 分.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from chalicelib.finance.scalars import Fen, Uscc
from chalicelib.provenance import Provenanced
from chalicelib.scalars import Instant
from chalicelib.shape import Shape

MAX_EVENTS = 48
"""Events that one row may bring: all of them, each replacing another, fit into one transaction (MAX_TRANSACT)."""


class LoanState(StrEnum):
    """贷款状态, in the order a loan passes through them (facts §5.3)."""

    DEMAND = "DEMAND"
    RECOMMENDED = "RECOMMENDED"
    ACCEPTED = "ACCEPTED"
    DUE_DILIGENCE = "DUE_DILIGENCE"
    REVIEWING = "REVIEWING"
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    LINE_GRANTED = "LINE_GRANTED"
    SIGNED = "SIGNED"
    DRAW_REQUESTED = "DRAW_REQUESTED"
    PAID_OUT = "PAID_OUT"
    NORMAL = "NORMAL"
    REPAID = "REPAID"
    RENEWED = "RENEWED"
    EXTENDED = "EXTENDED"
    OVERDUE = "OVERDUE"
    SETTLED = "SETTLED"
    WITHDRAWN = "WITHDRAWN"

    @property
    def chinese(self) -> str:
        return STATE_NAMES[self]


STATE_NAMES = {
    LoanState.DEMAND: "需求登记",
    LoanState.RECOMMENDED: "部门推荐",
    LoanState.ACCEPTED: "银行受理",
    LoanState.DUE_DILIGENCE: "尽职调查",
    LoanState.REVIEWING: "审查",
    LoanState.RETURNED: "退回补件",
    LoanState.APPROVED: "审批通过",
    LoanState.DECLINED: "审批否决",
    LoanState.LINE_GRANTED: "授信批复",
    LoanState.SIGNED: "签约",
    LoanState.DRAW_REQUESTED: "提款申请",
    LoanState.PAID_OUT: "放款",
    LoanState.NORMAL: "正常",
    LoanState.REPAID: "还款",
    LoanState.RENEWED: "续贷",
    LoanState.EXTENDED: "展期",
    LoanState.OVERDUE: "逾期",
    LoanState.SETTLED: "结清",
    LoanState.WITHDRAWN: "企业撤回",
}
CLOSED = frozenset({LoanState.DECLINED, LoanState.SETTLED, LoanState.WITHDRAWN})
_BY_CHINESE = {name: state for state, name in STATE_NAMES.items()}

Source = Literal["银行", "部门", "企业"]
Refusal = Literal["征信", "负债率", "用途", "资料不实", "行业限制", "担保不足"]
"""否决原因类别: all that is told outside the bank."""


def _as_state(value: object) -> object:
    """Operators may write 银行受理 as well as ACCEPTED."""
    return _BY_CHINESE.get(value, value) if isinstance(value, str) else value


LoanId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{3,39}$")]


class LoanEvent(Shape):
    """One step of a loan as its source tells it. ``id`` is the source's own and names the step for ever.

    ``amount`` (分) is what the step is about: applied for, recommended, the line, the contract, paid out, repaid.
    ``valid_to``: the last day of a line, or the day a loan falls due after 放款, 续贷 or 展期.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=64, title="事件编号")
    loan_id: LoanId = Field(title="贷款编号")
    state: Annotated[LoanState, BeforeValidator(_as_state)] = Field(title="环节")
    at: Instant = Field(title="发生时间")
    source: Source = Field(title="来源")
    role: str = Field(default="", max_length=40, title="经办岗位")
    note: str = Field(default="", max_length=200, title="说明")
    amount: Fen | None = Field(default=None, title="金额（分）")
    valid_to: date | None = Field(default=None, title="有效期或到期日")
    category: Refusal | None = Field(default=None, title="否决原因类别")
    missing: tuple[str, ...] = Field(default=(), max_length=30, title="欠缺资料")
    reply_days: int | None = Field(default=None, ge=1, le=90, title="请在几日内办理")


class LoanHead(Provenanced):
    """What stays the same over a loan's life."""

    id: LoanId = Field(title="贷款编号")
    uscc: Uscc = Field(title="统一社会信用代码")
    bank: str = Field(min_length=2, max_length=40, title="银行")
    product: str = Field(default="", max_length=40, title="产品")
    purpose: str = Field(default="", max_length=60, title="用途")
    revolving: bool = Field(default=False, title="是否循环额度")
    fast_channel: bool = Field(default=False, title="小巨人48小时通道")


class LoanRow(LoanHead):
    """贷款 as imported: the head and steps known so far. More rows for the same id add to it."""

    events: tuple[LoanEvent, ...] = Field(default=(), max_length=MAX_EVENTS, title="办理过程")

    @model_validator(mode="before")
    @classmethod
    def _name_the_loan(cls, given: Any) -> Any:
        """Events inside a row need not repeat its id."""
        events = given.get("events") or () if isinstance(given, dict) else None
        if not isinstance(events, list | tuple):
            return given
        named = [{"loan_id": given.get("id"), **event} if isinstance(event, dict) else event for event in events]
        return {**given, "events": named}

    @field_validator("events")
    @classmethod
    def _once_each(cls, value: tuple[LoanEvent, ...]) -> tuple[LoanEvent, ...]:
        seen: set[str] = set()
        for event in value:
            if event.id in seen:
                raise ValueError(f"事件编号 {event.id} 写了两次")
            seen.add(event.id)
        return value

    @model_validator(mode="after")
    def _own_events(self) -> Self:
        if any(event.loan_id != self.id for event in self.events):
            raise ValueError("办理过程里有别的贷款编号的事件，请分开导入")
        return self

    def head(self) -> LoanHead:
        return LoanHead.model_validate(self.model_dump(include=set(LoanHead.model_fields)))


class Loan(Shape):
    """A loan as kept: its head, every event ever received, and when the last of them arrived."""

    model_config = ConfigDict(frozen=True)

    head: LoanHead
    events: tuple[LoanEvent, ...] = ()
    updated: AwareDatetime

    @property
    def id(self) -> str:
        return self.head.id


# ---------------------------------------------------------------------------------------------- transition projects

TransitionPath = Literal["窑炉升级", "电窑或煤改气", "余热利用", "光伏储能", "数字化能管", "配方低温烧成"]
Stage = Literal["申报", "形式审查", "第三方测算", "评审", "公示", "入库", "出库"]


class YearFigures(Shape):
    """One year of an enterprise's output and energy (近三年指标). Unknown is None, never 0."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    year: int = Field(ge=2015, le=2100, title="年份")
    output: Fen | None = Field(default=None, title="产值（分）")
    energy_tce: Decimal | None = Field(default=None, ge=0, title="综合能耗（吨标准煤）")
    power_kwh: int | None = Field(default=None, ge=0, title="用电（千瓦时）")
    gas_m3: int | None = Field(default=None, ge=0, title="用气（立方米）")
    coal_t: Decimal | None = Field(default=None, ge=0, title="用煤（吨）")
    co2_t: Decimal | None = Field(default=None, ge=0, title="二氧化碳（吨）")
    energy_per_unit: Decimal | None = Field(default=None, ge=0, title="单位产品能耗")


class RateLink(Shape):
    """挂钩机制: what the rate does when a target is kept or missed. 1 BP = 0.01 percentage points."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kpi: str = Field(min_length=1, title="挂钩指标")
    period: str = Field(min_length=1, title="测算期")
    lower_bp: int = Field(ge=0, le=500, title="达标下调BP")
    raise_bp: int = Field(default=0, ge=0, le=500, title="未达标上调BP")


class TransitionProject(Provenanced):
    """转型金融项目库 entry (facts §5.4): an enterprise's, or one project's, way to less carbon and its financing."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{3,39}$", title="项目代码")
    name: str = Field(min_length=2, max_length=60, title="项目名称")
    uscc: Uscc = Field(title="统一社会信用代码")
    subject: Literal["企业", "项目"] = Field(title="转型主体类型")
    industry_code: str = Field(pattern=r"^\d{4}$", title="行业小类")
    stage: Stage = Field(title="所处阶段")
    entered_on: date | None = Field(default=None, title="入库日期")
    expires_on: date | None = Field(default=None, title="入库有效期至")
    score: int | None = Field(default=None, ge=0, le=100, title="评审得分")
    path: tuple[TransitionPath, ...] = Field(min_length=1, title="转型路径")
    catalogue_item: str | None = Field(default=None, title="符合的目录条目")
    catalogue_version: str | None = Field(default=None, title="目录版本")
    no_harm_declared: bool | None = Field(default=None, title="不造成重大损害声明")
    fair_transition: str | None = Field(default=None, title="公正转型（员工安置）声明")
    disclosure: str | None = Field(default=None, title="披露频率")
    verifier: str | None = Field(default=None, title="核查机构")

    figures: tuple[YearFigures, ...] = Field(default=(), max_length=5, title="近三年指标")
    base_year: int | None = Field(default=None, title="基准年")
    target_year: int | None = Field(default=None, title="目标年")
    target: str | None = Field(default=None, title="目标值")
    reduction_percent: Decimal | None = Field(default=None, ge=0, le=100, title="减碳率（%）")
    saves_tce: Decimal | None = Field(default=None, ge=0, title="年节能（吨标准煤）")
    saves_co2_t: Decimal | None = Field(default=None, ge=0, title="年减排（吨二氧化碳）")

    investment: Fen | None = Field(default=None, title="总投资（分）")
    equipment: Fen | None = Field(default=None, title="设备投资（分）")
    started_on: date | None = Field(default=None, title="开工日期")
    running_on: date | None = Field(default=None, title="投产日期")
    gap: Fen | None = Field(default=None, title="资金缺口（分）")
    wanted: Fen | None = Field(default=None, title="拟贷金额（分）")
    wanted_months: int | None = Field(default=None, ge=1, le=360, title="拟贷期限（月）")
    bank: str | None = Field(default=None, title="对接银行")
    line: Fen = Field(default=0, title="授信（分）")
    drawn: Fen = Field(default=0, title="累计放款（分）")
    balance: Fen = Field(default=0, title="余额（分）")
    rate_percent: Decimal | None = Field(default=None, ge=0, le=30, title="利率（%）")
    rate_link: RateLink | None = Field(default=None, title="挂钩机制")

    @field_validator("industry_code", mode="before")
    @classmethod
    def _code_text(cls, value: object) -> object:
        """Spreadsheets and YAML give 3073 as a number."""
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        """授信, 放款 and 余额 hold to one another (facts §5.2)."""
        if self.balance > self.drawn:
            raise ValueError("余额不能大于累计放款，请核对")
        if self.balance > self.line:
            raise ValueError("余额不能大于授信，请核对")
        if self.equipment is not None and self.investment is not None and self.equipment > self.investment:
            raise ValueError("设备投资不能大于总投资，请核对")
        if self.base_year is not None and self.target_year is not None and self.target_year <= self.base_year:
            raise ValueError("目标年要晚于基准年，请核对")
        if self.stage == "入库" and (self.entered_on is None or self.expires_on is None):
            raise ValueError("已入库的项目要写入库日期和有效期")
        return self
