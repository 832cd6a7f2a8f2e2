"""Whether forms and their dictionary hold together: fields, conditions, sources, rules and templates that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path

from chalicelib.content.problems import Place, Problem
from chalicelib.enterprises.model import Records
from chalicelib.enterprises.roles import Role
from chalicelib.forms.checks import CHECKS, FITTING
from chalicelib.forms.computed import RULES
from chalicelib.forms.model import FieldDef, Form
from chalicelib.forms.prefill import COLUMNS, FILE_FACTS, RECORDS
from chalicelib.forms.wanted import circles, schema
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.conditions import examine
from chalicelib.policies.dictionary import Schema
from chalicelib.ports import JsonObject

TEMPLATES = Path(__file__).parents[1] / "forms" / "templates"

Found = tuple[str, str]
"""(column, what is wrong)."""
_FIGURES = frozenset({"amount", "number", "percent"})


def broken(
    bodies: Mapping[str, Mapping[str, JsonObject]], unsure: Set[str], place_of: Callable[[str, str], Place]
) -> Iterator[Problem]:
    """A Problem for everything that would only be noticed when somebody fills in a form."""
    if unsure & {"fields", "forms"}:
        return
    dictionary = {key: FieldDef.model_validate(body) for key, body in bodies.get("fields", {}).items()}
    for key, field in dictionary.items():
        for column, text in _of_field(field, dictionary):
            yield Problem(place_of("fields", key), text, column)
    for key, body in bodies.get("forms", {}).items():
        for column, text in _of_form(Form.model_validate(body), dictionary):
            yield Problem(place_of("forms", key), text, column)


# ------------------------------------------------------------------------------------------------------------ a field


def _of_field(field: FieldDef, dictionary: Mapping[str, FieldDef]) -> Iterator[Found]:
    if field.profile and (wrong := _profile(field.profile)):
        yield "档案来源", wrong
    if field.computed and field.computed not in RULES:
        yield "计算", f"没有“{field.computed}”这种算法，可用：{'、'.join(RULES)}"
    for name in field.checks:
        if name not in CHECKS:
            yield "校验规则", f"没有“{name}”这条规则，可用：{'、'.join(CHECKS)}"
        elif field.type not in FITTING[name]:
            yield "校验规则", f"“{name}”不能用于 {field.type} 类型，只用于 {'、'.join(sorted(FITTING[name]))}"
    if field.type not in _FIGURES and (field.least is not None or field.most is not None):
        yield "最小值", "只有金额、数字、比例可以写最小值和最大值，请删去"
    if field.type == "amount" and field.unit not in ("", "元", "万元"):
        yield "单位", f"金额的单位只能写 元 或 万元，写的是“{field.unit}”"


def _profile(profile: str) -> str | None:
    kind, _, rest = profile.partition(":")
    of, _, column = rest.partition(".")
    if kind == "fact":
        return None if rest in FACTS or rest in FILE_FACTS else f"没有“{rest}”这项企业数据，请核对名称"
    if kind == "contact":
        known = of in set(Role) and column in ("name", "mobile")
        return None if known else "应写成 contact:角色.name 或 contact:角色.mobile，如 contact:法人.mobile"
    if kind == "record":
        return None if of in RECORDS and column in _columns(of) else f"没有“{rest}”这项明细，请核对名称"
    return None if profile in COLUMNS else f"没有“{profile}”这一列，可用：{'、'.join(COLUMNS)}"


def _columns(records: str) -> Set[str]:
    """The columns of one of the lists of an enterprise."""
    return {
        name
        for part in Records.model_fields[records].annotation.__args__  # type: ignore[union-attr]  # tuple[X, ...] | None
        for model in getattr(part, "__args__", ())
        for name in getattr(model, "model_fields", {})
    }


# ------------------------------------------------------------------------------------------------------------- a form


def _of_form(form: Form, dictionary: Mapping[str, FieldDef]) -> Iterator[Found]:
    missing = [name for name in form.field_ids() if name not in dictionary]
    for name in missing:
        yield "字段", f"字段 {name} 不在字段字典里。请核对编号，或把字段一起导入"
    yield from _situation(form, dictionary)
    if form.fits:
        yield from (("适用条件", str(each)) for each in examine(form.fits, FACTS)[1])
    if form.template and not (TEMPLATES / form.template).is_file():
        yield "文书模板", f"没有模板文件 {form.template}。请先放进 forms/templates，或空着用通用模板"
    yield from _renamed(form)
    if missing:
        return
    fields = {name: dictionary[name] for name in form.field_ids()}
    yield from _twice(fields)
    yield from _without_inputs(fields)
    yield from _conditions(form, schema(fields))


def _situation(form: Form, dictionary: Mapping[str, FieldDef]) -> Iterator[Found]:
    for name, value in form.situation.items():
        if name not in dictionary:
            yield "情形", f"字段 {name} 不在字段字典里。请核对编号"
        elif value not in dictionary[name].choices:
            yield "情形", f"“{value}”不是“{dictionary[name].name}”的选项：{'、'.join(dictionary[name].choices)}"


def _renamed(form: Form) -> Iterator[Found]:
    here = set(form.field_ids())
    for old, new in form.renamed.items():
        if new not in here:
            yield "改名的字段", f"{old} 改成的 {new} 不在这张表里"
        if old in here:
            yield "改名的字段", f"{old} 还在这张表里，不能又改名"


def _twice(fields: Mapping[str, FieldDef]) -> Iterator[Found]:
    """A person corrects a field by its name."""
    names = [field.name for field in fields.values()]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield "字段", f"有两个字段都叫“{name}”，请换一个或改名"


def _without_inputs(fields: Mapping[str, FieldDef]) -> Iterator[Found]:
    for name, field in fields.items():
        rule = RULES.get(field.computed)
        lacking = [each for each in rule.inputs if each not in fields] if rule and not field.profile else []
        if lacking:
            yield "字段", f"“{field.name}”（{name}）由 {'、'.join(lacking)} 算出，这张表里没有"


def _conditions(form: Form, known: Schema) -> Iterator[Found]:
    raws = [
        *(("字段", one.field, one.when) for one in form.fields if one.when),
        *(("预审规则", one.field, one.when) for one in form.findings),
        *(("还要带的材料", one.name, one.when) for one in form.materials if one.when),
    ]
    wrong = False
    for column, name, raw in raws:
        for problem in examine(raw, known)[1]:
            wrong = True
            yield column, f"{name} 的条件：{problem}"
    if not wrong:
        for name in circles(form, known):
            yield "字段", f"{name} 的条件绕回了自己，请改条件"
