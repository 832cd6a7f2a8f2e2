"""企业 profile: who the enterprise is (columns), what is known of it (facts) and what happened to it (records).

Unknown is None everywhere and is neither 0 nor false nor an empty list: a policy asks about what is unknown and
decides on what is known. ``None`` in a list column means nobody has looked; ``()`` means that there is nothing.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from chalicelib.enterprises import phones, uscc
from chalicelib.enterprises.roles import Role
from chalicelib.provenance import Provenanced
from chalicelib.shape import Shape

FactValue = bool | int | Annotated[float, Field(allow_inf_nan=False)] | str | tuple[str, ...] | None
"""What a fact may be. Dates are ISO text (2026-11-22), so that a row reads back as it was written."""

EntityKind = Literal[
    "企业", "个体工商户", "农民专业合作社", "事业单位", "社会团体", "民办非企业", "基金会", "律师事务所", "会计师事务所"
]
Ownership = Literal["民营", "国有", "外资"]
RegStatus = Literal["存续", "在业", "吊销未注销", "注销", "迁出", "清算", "停业"]
QualCode = Literal["HNTE", "TSME", "ISME", "SRDI", "LG", "MCH", "GF", "AS", "CENTER", "GAZ"]
CreditFlagType = Literal[
    "经营异常", "严重违法失信", "失信被执行人", "重大税收违法", "拖欠农民工工资", "安全生产", "环保"
]

_FACT_NAME = re.compile(r"[a-z][a-z0-9_]*")


class FactSource(StrEnum):
    """The department that a fact comes from; 企业自填 is what the enterprise said of itself."""

    MARKET = "市监"
    TAX = "税务"
    LABOUR = "人社"
    MEDICAL = "医保"
    HOUSING_FUND = "公积金"
    POWER = "电力"
    GAS = "燃气"
    INDUSTRY = "工信"
    SCIENCE = "科技"
    STATISTICS = "统计"
    REFORM = "发改"
    ECOLOGY = "生态"
    COURT = "法院"
    CENTRAL_BANK = "人行"
    BANK = "银行"
    TREASURY = "财政"
    DISABLED = "残联"
    PATENT = "知识产权"
    PARK = "园区"
    AUDIT = "审计"
    SELF = "企业自填"


class _Part(Shape):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fact(_Part):
    """One thing known of an enterprise. A file may give the bare value: ``tax_credit: A``.

    ``unit`` is the one of the fact dictionary (万元, 元, 人, %); ``basis`` 口径 tells apart figures that share a name,
    like the three ways to count R&D expense.
    """

    value: FactValue = Field(title="值")
    unit: str | None = Field(default=None, title="单位")
    source: FactSource | None = Field(default=None, title="来源部门")
    as_of: date | None = Field(default=None, title="数据日期")
    valid_until: date | None = Field(default=None, title="有效期至")
    basis: str | None = Field(default=None, title="口径")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, given: Any) -> Any:
        return given if isinstance(given, dict | Fact) else {"value": given}

    @field_validator("value", mode="before")
    @classmethod
    def _iso(cls, value: object) -> object:
        return value.isoformat() if isinstance(value, date) else value

    def on(self, day: date) -> FactValue:
        """The value as far as it is known on ``day``: past ``valid_until`` it is unknown again."""
        return None if self.valid_until is not None and day > self.valid_until else self.value

    @property
    def self_reported(self) -> bool:
        """自报: good for a hint, not for a payment without application."""
        return self.source is FactSource.SELF


class Qual(_Part):
    """资质. ``std_version`` is the rule it was recognised under; the title stands until ``expires_on`` all the same."""

    code: QualCode = Field(title="资质代码")
    level: str | None = Field(default=None, title="级别")
    batch: str | None = Field(default=None, title="批次")
    cert_no: str | None = Field(default=None, title="证书编号")
    issued_on: date | None = Field(default=None, title="认定日期")
    expires_on: date | None = Field(default=None, title="有效期至")
    std_version: str | None = Field(default=None, title="认定办法版本")
    first_time: bool | None = Field(default=None, title="是否首次认定")

    def valid_on(self, day: date) -> bool | None:
        """Both ends included. None when the row does not say since when, or until when, and that would decide."""
        if self.expires_on is not None and day > self.expires_on:
            return False
        if self.issued_on is not None and day < self.issued_on:
            return False
        return None if self.issued_on is None or self.expires_on is None else True


class CreditFlag(_Part):
    """失信信息. Repair may be asked for from ``until_min`` on once obligations are done (发改委令第36号)."""

    type: CreditFlagType = Field(title="失信类型")
    since: date | None = Field(default=None, title="认定日期")
    until_min: date | None = Field(default=None, title="最短公示期至")
    until_max: date | None = Field(default=None, title="最长公示期至")
    obligations_done: bool | None = Field(default=None, title="义务是否已履行")


class Hire(_Part):
    """招用人员: one person hired, without a name. A policy's conditions on hires must all hold on the same record."""

    ref: str | None = Field(default=None, title="内部编号")
    group: str | None = Field(default=None, title="人员类别")
    hired_on: date | None = Field(default=None, title="入职日期")
    contract_signed: bool | None = Field(default=None, title="是否签订劳动合同")
    contract_months: int | None = Field(default=None, ge=0, title="合同月数")
    months_paid: int | None = Field(default=None, ge=0, title="已缴社保月数（失业、工伤、养老）")
    social_paid: bool | None = Field(default=None, title="是否缴纳社会保险")


class Loan(_Part):
    """贷款 as the conditions of subsidies see it; the life of a loan is in ``finance``."""

    ref: str | None = Field(default=None, title="内部编号")
    kind: str | None = Field(default=None, title="贷款种类")
    use: str | None = Field(default=None, title="贷款用途")
    bank: str | None = Field(default=None, title="贷款银行")
    on_bank_list: bool | None = Field(default=None, title="是否经办银行")
    start: date | None = Field(default=None, title="发放日期")
    end: date | None = Field(default=None, title="到期日期")
    amount: int | None = Field(default=None, ge=0, title="贷款金额（分）")


class Project(_Part):
    """技改、设备更新项目."""

    ref: str | None = Field(default=None, title="项目备案号")
    kind: str | None = Field(default=None, title="项目类别")
    domain: str | None = Field(default=None, title="所属领域")
    state: str | None = Field(default=None, title="项目状态")
    started_on: date | None = Field(default=None, title="开工日期")
    fixed_invest: float | None = Field(default=None, ge=0, allow_inf_nan=False, title="固定资产投资（万元）")
    equip_invoice: float | None = Field(default=None, ge=0, allow_inf_nan=False, title="设备发票金额（万元）")
    progress: float | None = Field(default=None, ge=0, le=1, title="完成比例（0至1）")
    is_new_build: bool | None = Field(default=None, title="是否新建")


class Records(_Part):
    """The lists of an enterprise. None: not known; (): known to be none."""

    quals: tuple[Qual, ...] | None = Field(default=None, title="资质")
    credit_flags: tuple[CreditFlag, ...] | None = Field(default=None, title="失信信息")
    hires: tuple[Hire, ...] | None = Field(default=None, title="招用人员")
    loans: tuple[Loan, ...] | None = Field(default=None, title="贷款")
    projects: tuple[Project, ...] | None = Field(default=None, title="项目")


class Contact(_Part):
    """联系人. Personal information: never logged, shown masked."""

    name: str = Field(min_length=1, title="姓名")
    mobile: str = Field(title="手机")
    role: Role = Field(title="角色")

    @field_validator("mobile")
    @classmethod
    def _mobile(cls, value: str) -> str:
        number = phones.normalise(value)
        if not phones.is_mobile(number):
            raise ValueError("手机号应为 11 位、以 1 开头。请核对")
        return number


class Enterprise(Provenanced):
    """One enterprise 企业 (or other market entity), keyed by its credit code."""

    uscc_confirmed: bool = Field(default=False, title="信用代码已人工核对")
    uscc: str = Field(title="统一社会信用代码")
    name: str = Field(min_length=1, title="名称")
    name_used: str | None = Field(default=None, title="曾用名")
    entity_kind: EntityKind | None = Field(default=None, title="主体类型")
    ent_type: str | None = Field(default=None, title="企业类型")
    ownership: Ownership | None = Field(default=None, title="所有制")
    reg_status: RegStatus | None = Field(default=None, title="登记状态")
    established_on: date | None = Field(default=None, title="成立日期")
    legal_rep: str | None = Field(default=None, min_length=1, title="法定代表人")
    town_code: str | None = Field(default=None, pattern=r"^\d{9}$", title="乡镇代码")
    industry_code: str | None = Field(default=None, pattern=r"^\d{4}$", title="行业代码")
    industry_std_year: Literal[2011, 2017] | None = Field(default=None, title="行业分类标准年份")
    main_products: tuple[str, ...] | None = Field(default=None, title="主导产品")
    chain_member: bool | None = Field(default=None, title="是否产业链成员（人工认定）")
    contacts: tuple[Contact, ...] = Field(default=(), title="联系人")
    facts: dict[str, Fact] = Field(default_factory=dict, title="画像数据")
    records: Records = Field(default_factory=Records, title="明细记录")

    @field_validator("uscc")
    @classmethod
    def _credit_code(cls, value: str, info: ValidationInfo) -> str:
        code = uscc.normalise(value)
        wrong = uscc.form_problem(code) if info.data.get("uscc_confirmed") else uscc.problem(code)
        if wrong:
            raise ValueError(wrong)
        return code

    @field_validator("industry_code", "town_code", mode="before")
    @classmethod
    def _code_text(cls, value: object) -> object:
        """Spreadsheets and YAML give 3073 as a number."""
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("facts")
    @classmethod
    def _fact_names(cls, value: dict[str, Fact]) -> dict[str, Fact]:
        for name in value:
            if not _FACT_NAME.fullmatch(name):
                raise ValueError(f"画像数据的名称“{name}”应为小写英文字母、数字和下划线")
        return value

    def known(self, day: date) -> dict[str, FactValue]:
        """All scalar facts as known on ``day``: the columns that conditions may name, then ``facts`` over them."""
        columns: dict[str, FactValue] = {
            "entity_kind": self.entity_kind,
            "ent_type": self.ent_type,
            "ownership": self.ownership,
            "reg_status": self.reg_status,
            "established_on": self.established_on.isoformat() if self.established_on else None,
            "town_code": self.town_code,
            "industry_code": self.industry_code,
            "main_products": self.main_products,
            "chain_member": self.chain_member,
        }
        return columns | {name: fact.on(day) for name, fact in self.facts.items()}
