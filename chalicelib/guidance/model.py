"""Service items (政务服务事项) and bundles (一件事): typed content with the national elements.

Element names follow GB/T 39554.2-2020 政务服务事项要素要求; every field's title is the column operators see.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from chalicelib import money
from chalicelib.provenance import Provenanced
from chalicelib.shape import Shape

ItemId = Annotated[str, Field(pattern=r"^SX-\d{2,6}$")]
Phrase = Annotated[str, Field(min_length=2, max_length=60)]


class Section(StrEnum):
    """板块: the four menus of 溪心办."""

    SERVICE = "服务升级"
    INDUSTRY = "创新赋能"
    POLICY = "政策直达"
    LAW = "法治护航"


class Handling(StrEnum):
    """办件类型: done while you wait, or by a promised day."""

    IMMEDIATE = "即办件"
    PROMISED = "承诺件"


class Unit(StrEnum):
    """时限单位. Court and building permit days are calendar days; most licence days are working days."""

    WORKING_DAY = "wd"
    CALENDAR_DAY = "cd"
    IMMEDIATE = "im"


UNIT_TEXT = {Unit.WORKING_DAY: "个工作日", Unit.CALENDAR_DAY: "日（自然日）"}


class Form(StrEnum):
    """材料形式: an electronic certificate spares the paper."""

    ELECTRONIC = "电子"
    PAPER = "纸质"
    EITHER = "均可"


class Source(StrEnum):
    """来源渠道: who brings the material."""

    SELF = "申请人自备"
    ISSUED = "政府核发"
    SHARED = "部门共享"
    SYSTEM = "系统生成"
    TEMPLATE = "填模板"
    THIRD_PARTY = "第三方出具"


class Necessity(StrEnum):
    """材料必要性."""

    NEEDED = "必要"
    CONDITIONAL = "条件"
    TOLERABLE = "容缺"


class _Part(Shape):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limit(_Part):
    """办结时限. ``n`` 0 with a day unit means that no law sets a limit (无法定时限)."""

    n: int = Field(ge=0, le=365, title="数量")
    unit: Unit = Field(title="单位")
    note: str = Field(default="", title="说明")
    prov: tuple[str, ...] = Field(min_length=1, title="来源标注")

    @property
    def text(self) -> str:
        """当场办结 · 3 个工作日 · 30 日（自然日） · 没有法定时限"""
        if self.unit is Unit.IMMEDIATE:
            return "当场办结"
        return f"{self.n} {UNIT_TEXT[self.unit]}" if self.n else "没有法定时限"

    @property
    def is_sample(self) -> bool:
        return any(tag in ("R", "G?") for tag in self.prov)


class FeeCase(_Part):
    """收费情形: one amount for one case, in 分."""

    case: str = Field(min_length=1, title="情形")
    fen: int = Field(ge=0, title="金额（分）")


class Fee(_Part):
    """收费: free, amounts by case, or by the text of a rule (a price list or an ordinance we do not repeat).

    ``formula`` names a calculation that we do know: court_fee is ``guidance.court_fees``.
    """

    kind: Literal["free", "amounts", "rule"] = Field(title="收费方式")
    cases: tuple[FeeCase, ...] = Field(default=(), title="收费标准")
    rule: str = Field(default="", title="收费依据")
    formula: Literal["court_fee"] | None = Field(default=None, title="计算公式")
    waiver: str = Field(default="", title="减免")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "amounts") != bool(self.cases):
            raise ValueError("收费方式是 amounts 时要写收费标准，其他方式不写")
        if self.kind == "rule" and not self.rule:
            raise ValueError("收费方式是 rule 时要写收费依据")
        return self

    @property
    def text(self) -> str:
        """不收费 · 住宅 80 元，非住宅 550 元（小微企业免登记费）"""
        if self.kind == "free":
            body = "不收费"
        elif self.kind == "rule":
            body = self.rule
        else:
            body = "，".join(f"{one.case} {money.show(one.fen) if one.fen else '不收费'}" for one in self.cases)
        return f"{body}（{self.waiver}）" if self.waiver else body


_STATUTORY = re.compile(r"身份证|权属来源|不动产权证|界址|测绘")
"""Papers without which no registration is lawful, by name: identity, title, boundaries and area (权属来源、身份、界址
面积). They are refused as 容缺 even where nobody set the flag."""


class Material(_Part):
    """申请材料. ``never_tolerable`` marks what the law always demands: it can never be made 可容缺."""

    name: str = Field(min_length=2, title="材料名称")
    original: int = Field(ge=0, le=10, title="原件份数")
    copies: int = Field(ge=0, le=10, title="复印件份数")
    form: Form = Field(title="材料形式")
    source: Source = Field(title="来源渠道")
    necessity: Necessity = Field(title="材料必要性")
    note: str = Field(default="", title="备注")
    never_tolerable: bool = Field(default=False, title="不可容缺")

    @model_validator(mode="after")
    def _statute_wins(self) -> Self:
        if self.necessity is Necessity.TOLERABLE and self.never_tolerable:
            raise ValueError(f"材料“{self.name}”是法定要件，不能设为容缺")
        return self

    @property
    def is_statutory(self) -> bool:
        """法定要件: by its flag, or by what it is."""
        return self.never_tolerable or _STATUTORY.search(self.name) is not None

    @property
    def brought(self) -> bool:
        """Whether the applicant has to do anything about it; what departments share is fetched for them."""
        return self.source is not Source.SHARED


class Faq(_Part):
    """常见问题."""

    question: str = Field(min_length=2, title="问")
    answer: str = Field(min_length=2, title="答")


class Choice(_Part):
    """情形选项: what is different for who is in this situation. Materials are named as the item lists them."""

    name: str = Field(min_length=1, max_length=12, title="情形")
    says: tuple[str, ...] = Field(default=(), title="说到这些词就是它")
    needs: tuple[str, ...] = Field(default=(), title="要交的条件材料")
    spares: tuple[str, ...] = Field(default=(), title="不用交的材料")
    fee_cases: tuple[str, ...] = Field(default=(), title="适用的收费情形")
    legal: Limit | None = Field(default=None, title="法定办结时限")
    promised: Limit | None = Field(default=None, title="承诺办结时限")
    note: str = Field(default="", title="提示")


class SituationQuestion(_Part):
    """情形问题: one short question whose answer changes what is to be brought, how long it takes or what it costs."""

    ask: str = Field(min_length=2, max_length=30, title="问")
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=6, title="选项")

    @model_validator(mode="after")
    def _no_twins(self) -> Self:
        names = [choice.name for choice in self.choices]
        if len(set(names)) < len(names):
            raise ValueError(f"情形问题“{self.ask}”的选项重复")
        return self


class ServiceItem(Provenanced):
    """政务服务事项, one guide (办事指南)."""

    id: ItemId = Field(title="事项编号")
    name: str = Field(min_length=2, title="事项名称")
    code: str | None = Field(default=None, pattern=r"^[0-9A-Z]{12,36}$", title="基本编码")
    section: Section = Field(title="板块")
    dept: str = Field(min_length=2, title="实施主体")
    kind: str = Field(min_length=2, title="事项类型")
    pt: Handling = Field(title="办件类型")
    targets: tuple[str, ...] = Field(default=(), title="服务对象")
    summary: str = Field(default="", title="一句话说明")
    condition: str = Field(default="", title="受理条件")
    legal: Limit = Field(title="法定办结时限")
    promised: Limit = Field(title="承诺办结时限")
    fee: Fee | None = Field(default=None, title="收费")
    channels: tuple[str, ...] = Field(default=(), title="办理渠道")
    basis: tuple[str, ...] = Field(default=(), title="设定依据")
    result: str = Field(default="", title="办理结果")
    special: tuple[str, ...] = Field(default=(), title="特别程序")
    steps: tuple[str, ...] = Field(default=(), title="办理流程")
    materials: tuple[Material, ...] = Field(default=(), title="申请材料")
    situations: tuple[SituationQuestion, ...] = Field(default=(), title="情形")
    rule: str = Field(default="", title="办理规则")
    faq: tuple[Faq, ...] = Field(default=(), title="常见问题")
    asks: tuple[Phrase, ...] = Field(min_length=1, title="常见问法")
    policy: str | None = Field(default=None, pattern=r"^P\d{2,4}$", title="关联政策")
    contact: str | None = Field(default=None, title="咨询电话")
    note: str = Field(default="", title="备注")
    updated_at: date = Field(title="更新日期")

    @model_validator(mode="after")
    def _no_twins(self) -> Self:
        for title, names in (("申请材料", [m.name for m in self.materials]), ("常见问法", list(self.asks))):
            twins = {name for name in names if names.count(name) > 1}
            if twins:
                raise ValueError(f"{title}重复：{'、'.join(sorted(twins))}")
        return self

    @model_validator(mode="after")
    def _statute_wins(self) -> Self:
        wrong = [m.name for m in self.materials if m.necessity is Necessity.TOLERABLE and m.is_statutory]
        if wrong:
            raise ValueError(f"法定要件不能设为容缺：{'、'.join(wrong)}")
        return self

    @model_validator(mode="after")
    def _situations_fit(self) -> Self:
        """A situation names what the item has, makes needed what is 条件, and never spares what the law demands."""
        materials = {material.name: material for material in self.materials}
        cases = {case.case for case in self.fee.cases} if self.fee else set()
        for choice in (choice for question in self.situations for choice in question.choices):
            where = f"情形“{choice.name}”"
            if unknown := [name for name in (*choice.needs, *choice.spares) if name not in materials]:
                raise ValueError(f"{where}写了申请材料里没有的：{'、'.join(unknown)}")
            if unknown := [name for name in choice.fee_cases if name not in cases]:
                raise ValueError(f"{where}写了收费标准里没有的：{'、'.join(unknown)}")
            if odd := [name for name in choice.needs if materials[name].necessity is not Necessity.CONDITIONAL]:
                raise ValueError(f"{where}要交的应是“条件”材料：{'、'.join(odd)}")
            if kept := [name for name in choice.spares if materials[name].is_statutory]:
                raise ValueError(f"{where}不能免去法定要件：{'、'.join(kept)}")
        return self


class BundleStep(_Part):
    """一件事的环节: a service item of ours (or one of two), or a step that other desks do."""

    name: str = Field(min_length=2, title="环节名称")
    items: tuple[ItemId, ...] = Field(default=(), title="事项编号（任一）")
    policies: tuple[str, ...] = Field(default=(), title="关联政策")
    condition: str = Field(default="", title="适用条件")
    stage: str = Field(default="", title="阶段")


class Bundle(Provenanced):
    """一件事集成包. Numbers of before and after are computed (``guidance.bundles``), never typed in."""

    id: Annotated[str, Field(pattern=r"^B\d{2,4}$", title="集成包编号")]
    name: str = Field(min_length=2, title="名称")
    section: Section = Field(title="板块")
    summary: str = Field(default="", title="一句话说明")
    steps: tuple[BundleStep, ...] = Field(min_length=2, title="环节")
    promised: Limit | None = Field(default=None, title="承诺办结时限")
    form_once: tuple[str, ...] = Field(default=(), title="一次填报信息")
    materials: tuple[str, ...] = Field(default=(), title="一次提交材料")
    branch: str = Field(default="", title="分支规则")
    checks: tuple[str, ...] = Field(default=(), title="核查事项")
    channels: tuple[str, ...] = Field(default=(), title="办理渠道")
    asks: tuple[Phrase, ...] = Field(min_length=1, title="常见问法")
    note: str = Field(default="", title="备注")
    updated_at: date = Field(title="更新日期")

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Every item named by a step, in order, each once."""
        return tuple(dict.fromkeys(item for step in self.steps for item in step.items))
