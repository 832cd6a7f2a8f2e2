"""Forms (表单) as data: one dictionary of fields, and forms that pick from it.

A field is defined once, with its type, its words and where its value may come from; a form says which fields it wants,
when it wants them and how it asks. What somebody filled in is a ``Draft`` (``draft.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from chalicelib.provenance import Provenanced
from chalicelib.shape import Shape

if TYPE_CHECKING:
    from chalicelib.policies.model import Policy

FieldId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
FormId = Annotated[str, Field(pattern=r"^FM-\d{2,4}$")]

ValueType = Literal[
    "text",
    "person",
    "company",
    "uscc",
    "phone",
    "id_number",
    "amount",
    "number",
    "percent",
    "date",
    "address",
    "choice",
    "choices",
    "flag",
    "industry",
    "bank_account",
]
"""What a value is (``values.py`` reads and shows each).

The canonical text that a draft keeps: amount in 分 (``"50000000"``), date ISO, flag 是 or 否, choices joined by ``、``,
percent as the number before the sign, phone and id_number without spaces, all else as it is shown.
"""


class Source(StrEnum):
    """来源: where a value comes from, in the order of trust: a later one never replaces an earlier in silence."""

    SHARED = "部门共享"
    PROFILE = "企业档案"
    EARLIER = "以前填过"
    COMPUTED = "自动计算"
    SELF = "您填写"

    @property
    def prefilled(self) -> bool:
        return self is not Source.SELF


class _Part(Shape):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldDef(Provenanced):
    """字段: one entry of the field dictionary (字段字典).

    ``profile`` names what the enterprise file holds of it: a column (``name``, ``uscc``, ``established_on``), a fact
    (``fact:insured_now``), a contact (``contact:法人.name``) or the only record of a list (``record:projects.ref``).
    ``computed`` names a function of ``computed.py`` over other fields. ``keep`` lets a later form take the value over
    from an earlier one of the same person (以前填过).
    """

    id: FieldId = Field(title="字段编号")
    name: str = Field(min_length=2, max_length=20, title="字段名称")
    called: tuple[str, ...] = Field(default=(), title="别的叫法")
    type: ValueType = Field(title="类型")
    unit: str = Field(default="", title="单位")
    choices: tuple[str, ...] = Field(default=(), title="选项")
    question: str = Field(min_length=4, title="问法")
    help: str = Field(default="", title="填写说明")
    example: str = Field(default="", title="示例")
    profile: str = Field(default="", pattern=r"^([a-z_]+(:[^:]+)?)?$", title="档案来源")
    computed: str = Field(default="", title="计算")
    keep: bool = Field(default=False, title="下次带出")
    sensitive: bool = Field(default=False, title="个人信息")
    checks: tuple[str, ...] = Field(default=(), title="校验规则")
    """Names of ``checks.py``: not_future, not_past, positive, adult, …"""
    least: float | None = Field(default=None, title="最小值")
    most: float | None = Field(default=None, title="最大值")

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        if (self.type in ("choice", "choices")) != bool(self.choices):
            raise ValueError("类型是 choice 或 choices 时要写选项，其他类型不写")
        return self


class FormField(_Part):
    """A field in a form. ``when`` is a condition (design.md grammar, ``fact`` names a field of this form) without
    which the field is neither asked nor printed; empty is always. ``question`` overrides the dictionary's."""

    field: FieldId = Field(title="字段")
    section: str = Field(default="", title="部分")
    required: bool = Field(default=True, title="必填")
    when: dict[str, Any] = Field(default_factory=dict, title="什么时候要填")
    question: str = Field(default="", title="问法")


class Finding(_Part):
    """预审规则: when ``when`` holds of the answers, ``text`` is told, tied to ``field``. ``stops`` keeps the form from
    being submitted (不能提交); otherwise it is advice (提醒)."""

    field: FieldId = Field(title="字段")
    when: dict[str, Any] = Field(title="条件")
    text: str = Field(min_length=4, title="说明")
    stops: bool = Field(default=False, title="不能提交")


class NeededMaterial(_Part):
    """What is to be brought beside the form; ``when`` as in a field. ``ours`` is made by filling in this form."""

    name: str = Field(min_length=2, title="材料")
    when: dict[str, Any] = Field(default_factory=dict, title="什么时候要")
    source: str = Field(default="申请人自备", title="来源")


class Form(Provenanced):
    """表单. ``version`` rises when the fields change; ``renamed`` (old id to new) carries drafts of an older one over.

    ``item`` is the service item that it belongs to (SX-…), ``situation`` the values that the situation finder has to
    have found for this form to be the one, by field of the dictionary (a choice). ``fits`` is a condition on what is
    known of the enterprise (fact dictionary of the policies): a form that certainly does not fit is not offered.
    ``policy`` is the one whose dated parameters computed fields use. ``template`` is a Word file in
    ``forms/templates``; ``for_enterprise`` is False where a person without an enterprise may fill it in.
    """

    id: FormId = Field(title="表单编号")
    version: int = Field(ge=1, title="版本")
    title: str = Field(min_length=3, max_length=30, title="表单名称")
    called: tuple[str, ...] = Field(default=(), title="别的叫法")
    item: str = Field(default="", pattern=r"^(SX-\d{2,6})?$", title="事项")
    purpose: str = Field(default="", title="用途")
    situation: dict[str, str] = Field(default_factory=dict, title="情形")
    for_enterprise: bool = Field(default=True, title="以企业名义")
    entity_kinds: tuple[str, ...] = Field(default=(), title="适用主体")
    fits: dict[str, Any] = Field(default_factory=dict, title="适用条件")
    policy: str = Field(default="", pattern=r"^(P\d{2,4}(-\d{1,2})?)?$", title="关联政策")
    template: str = Field(default="", title="文书模板")
    fields: tuple[FormField, ...] = Field(min_length=1, title="字段")
    findings: tuple[Finding, ...] = Field(default=(), title="预审规则")
    materials: tuple[NeededMaterial, ...] = Field(default=(), title="还要带的材料")
    renamed: dict[str, str] = Field(default_factory=dict, title="改名的字段")
    valid_days: int = Field(default=30, ge=1, le=30, title="草稿保留天数")
    """Facts §6.4: a draft is kept 30 days at most."""

    @model_validator(mode="after")
    def _names_each_field_once(self) -> Self:
        ids = [one.field for one in self.fields]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"字段重复：{'、'.join(twice)}")
        unknown = sorted({one.field for one in self.findings} - set(ids))
        if unknown:
            raise ValueError(f"预审规则说到的字段不在表里：{'、'.join(unknown)}")
        return self

    def field_ids(self) -> tuple[str, ...]:
        return tuple(one.field for one in self.fields)


_SPACES = re.compile(r"\s+")


def plain(name: str) -> str:
    """A name as it is compared: no spaces, lower case."""
    return _SPACES.sub("", name).lower()


class Compiled:
    """A form with its dictionary, made once per content version: what steps, pages and documents work on."""

    def __init__(self, form: Form, dictionary: Mapping[str, FieldDef], policy: Policy | None = None) -> None:
        """Raises KeyError for a field that the dictionary lacks: content is checked before it gets here."""
        self.form = form
        self.policy = policy
        """The policy that ``form.policy`` names, for the computed fields that rest on its parameters."""
        self.situations = {name: dictionary[name] for name in form.situation}
        self.fields: dict[str, FieldDef] = {one.field: dictionary[one.field] for one in form.fields}
        self.uses: dict[str, FormField] = {one.field: one for one in form.fields}

    def question(self, field: str) -> str:
        return self.uses[field].question or self.fields[field].question

    def number(self, field: str) -> int:
        """Its number in the list that a person sees, from 1."""
        return self.form.field_ids().index(field) + 1
