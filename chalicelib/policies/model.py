"""惠企政策 policies as content rows: immutable versions, typed throughout, anything unknown refused.

The chain is document (文件) → clause (条款) → measure (政策事项); a row is one measure. Conditions, modes, counts and
benefits are data; they are parsed when a row is validated, so a mistake is refused with its field and path.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from chalicelib.people import same_person
from chalicelib.policies.benefits import Benefit, Case, Cases, facts_of
from chalicelib.policies.builtin import COUNTED, FACTS
from chalicelib.policies.conditions import ConditionProblems, parse
from chalicelib.policies.counting import Count
from chalicelib.policies.dictionary import FactDef
from chalicelib.policies.parameters import Parameter, resolve
from chalicelib.policies.tree import Outcome, Tree
from chalicelib.provenance import Provenanced
from chalicelib.shape import Shape

_PART = ConfigDict(extra="forbid", frozen=True)

Ask = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60)]
"""How people ask for it, as they say it."""

Section = Literal["服务升级", "创新赋能", "政策直达", "法治护航"]
Category = Literal["减免", "奖补", "权益", "资质", "服务", "金融"]


class Mode(StrEnum):
    """How an enterprise gets it; a result of policy × enterprise, not of the policy alone."""

    AUTO = "AUTO"
    """免申即享"""
    APPLY = "APPLY"
    """主动申请"""
    SELF_DECLARE = "SELF_DECLARE"
    """申报享受"""
    RECOMMEND = "RECOMMEND"
    """部门推荐"""
    VIA_BANK = "VIA_BANK"
    """经办银行申请"""
    NOTICE = "NOTICE"
    """仅告知"""


MODE_NAMES = {
    Mode.AUTO: "免申即享，核对账户即可",
    Mode.APPLY: "需要主动申请",
    Mode.SELF_DECLARE: "申报时自行享受",
    Mode.RECOMMEND: "由部门推荐",
    Mode.VIA_BANK: "找经办银行申请",
    Mode.NOTICE: "告知",
}


class State(StrEnum):
    DRAFT = "draft"
    REVIEWED = "reviewed"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class ModeOverride(Shape):
    """Another mode for enterprises that ``when`` holds for, or may hold for: the stricter path where it is unknown."""

    model_config = _PART

    when: dict[str, Any] = Field(title="条件")
    mode: Mode = Field(title="享受方式")
    materials: tuple[str, ...] = Field(default=(), title="材料")


class Modifier(Shape):
    """总则: a grade that vetoes or scales other policies (亩均效益 D 类不得享受, C 类减半)."""

    model_config = _PART

    when: dict[str, Any] = Field(title="条件")
    effect: Literal["veto", "scale"] = Field(title="作用")
    factor: Decimal = Field(default=Decimal(1), ge=0, le=1, title="比例")
    reason: str = Field(min_length=1, title="理由")
    categories: tuple[Category, ...] = Field(default=(), title="适用类别")
    exempt: tuple[str, ...] = Field(default=(), title="不适用的政策")


class GoldenCase(Shape):
    """A made-up enterprise and what must come out; all pass before the policy is published."""

    model_config = _PART

    name: str = Field(min_length=1, title="用例")
    day: date = Field(title="日期")
    facts: dict[str, Any] = Field(title="事实")
    records: dict[str, list[dict[str, Any]]] = Field(default_factory=dict, title="记录")
    outcome: Outcome = Field(title="应有结果")
    mode: Mode | None = Field(default=None, title="应有方式")
    amount_fen: int | None = Field(default=None, title="应有金额（分）")


class Policy(Provenanced):
    """One measure 政策事项 in one version. Ids are never reused; a changed rule is a new version."""

    id: str = Field(pattern=r"^P\d{2,4}(-\d{1,2})?$", title="编号")
    version: int = Field(default=1, ge=1, title="版本")
    state: State = Field(default=State.DRAFT, title="状态")
    author: str | None = Field(default=None, title="编制人")
    reviewer: str | None = Field(default=None, title="复核人")
    name: str = Field(min_length=1, title="名称")
    short: str = Field(min_length=1, max_length=20, title="简称")
    asks: tuple[Ask, ...] = Field(default=(), title="常见问法")
    level: str = Field(min_length=1, title="层级")
    dept: str = Field(min_length=1, title="主管部门")
    section: Section = Field(title="所属举措")
    category: Category = Field(title="类别")
    audience: Literal["enterprise", "person"] = Field(default="enterprise", title="对象类型")
    docs: tuple[str, ...] = Field(default=(), title="文件")
    clause: str | None = Field(default=None, title="条款")
    target: str = Field(min_length=1, title="对象")
    condition: dict[str, Any] = Field(title="条件")
    counts: tuple[Count, ...] = Field(default=(), title="计数")
    parameters: dict[str, Parameter] = Field(default_factory=dict, title="参数")
    mode: Mode = Field(title="享受方式")
    mode_overrides: tuple[ModeOverride, ...] = Field(default=(), title="享受方式例外")
    benefit: Benefit = Field(title="标准")
    benefit_text: str = Field(min_length=1, title="标准说明")
    excl_group: str | None = Field(default=None, title="互斥组")
    modifiers: tuple[Modifier, ...] = Field(default=(), title="总则")
    apply_from: date | None = Field(default=None, title="申报开始")
    apply_to: date | None = Field(default=None, title="申报截止")
    window: str | None = Field(default=None, title="办理时间说明")
    channel: str | None = Field(default=None, title="渠道")
    contact: str | None = Field(default=None, title="联系电话")
    materials: tuple[str, ...] = Field(default=(), title="材料")
    pool: str | None = Field(default=None, title="资金池")
    note: str | None = Field(default=None, title="说明")
    golden: tuple[GoldenCase, ...] = Field(default=(), title="用例")

    @property
    def schema_of_facts(self) -> dict[str, FactDef]:
        """The built-in dictionary and the policy's own counts."""
        return FACTS | {count.fact: count.definition for count in self.counts}

    @property
    def deadline(self) -> date | None:
        """The last day to apply, or of the policy itself."""
        return self.apply_to or self.valid_to

    @property
    def facts_asked(self) -> frozenset[str]:
        """Every fact that its condition, modes, modifiers and benefit look at; counts only by their own name."""
        asked = {fact for _, raw in self._all_conditions() for fact in self.tree(raw).facts}
        return frozenset(asked | {fact for _, fact in facts_of(self.benefit)})

    def tree(self, raw: dict[str, Any], on: date | None = None) -> Tree:
        """A condition of this policy, with its parameters as of ``on`` (None: the newest)."""
        return parse(resolve(raw, self.parameters, on), self.schema_of_facts)

    @field_validator("contact")
    @classmethod
    def _phone(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"\d{5}|0\d{2,3}-\d{7,8}", value):
            raise ValueError(f"应是五位热线或带区号的座机，写的是“{value}”")
        return value

    @model_validator(mode="after")
    def _sound(self) -> Self:
        problems = [*self._dates(), *self._people(), *self._conditions(), *self._benefit_facts()]
        if problems:
            raise ValueError("；".join(problems))
        return self

    def _dates(self) -> list[str]:
        spans = (("valid_from", "valid_to"), ("apply_from", "apply_to"))
        return [
            f"{first}：晚于 {last}"
            for first, last in spans
            if getattr(self, first) and getattr(self, last) and getattr(self, first) > getattr(self, last)
        ]

    def _people(self) -> list[str]:
        if self.author and self.reviewer and same_person(self.author, self.reviewer):
            return ["reviewer：复核人不能是编制人自己"]
        return []

    def _conditions(self) -> list[str]:
        problems = []
        for count in self.counts:
            if count.fact in FACTS:
                problems.append(f"counts.{count.fact}：与事实字典重名")
            if count.sum and getattr(COUNTED[count.of].get(count.sum), "type", None) != "number":
                problems.append(f"counts.{count.fact}.sum：“{count.sum}”不是数字字段")
            problems += _faults(
                f"counts.{count.fact}.where.", lambda count=count: parse(count.where, COUNTED[count.of])
            )
        if problems:
            return problems
        for path, raw in self._all_conditions():
            problems += _faults(path, partial(self.tree, raw))
        return problems

    def _all_conditions(self) -> list[tuple[str, dict[str, Any]]]:
        return [
            ("condition.", self.condition),
            *((f"mode_overrides[{n}].when.", override.when) for n, override in enumerate(self.mode_overrides)),
            *((f"modifiers[{n}].when.", modifier.when) for n, modifier in enumerate(self.modifiers)),
            *((f"benefit.cases[{n}].when.", case.when) for n, case in enumerate(_cases(self.benefit))),
        ]

    def _benefit_facts(self) -> list[str]:
        known = FACTS.keys() | {count.fact for count in self.counts}
        return [f"benefit.{path}：事实字典里没有“{fact}”" for path, fact in facts_of(self.benefit) if fact not in known]


def _cases(benefit: Benefit) -> tuple[Case, ...]:
    return benefit.cases if isinstance(benefit, Cases) else ()


def _faults(path: str, read: Any) -> list[str]:
    try:
        read()
    except ConditionProblems as found:
        return [f"{path}{problem}" for problem in found.problems]
    except ValueError as error:
        return [f"{path.rstrip('.')}：{error}"]
    return []
