"""What a value has to be beyond its form (校验规则): named in the field dictionary, each with words of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from chalicelib import money
from chalicelib.enterprises import phones
from chalicelib.forms.dates import add_months, shown
from chalicelib.forms.model import FieldDef

Check = Callable[[FieldDef, str, date], str | None]
"""(field, canonical value, day asked about) → the sentence that says what is wrong, or None."""

ADULT = 18
"""民法典第十七条: 十八周岁以上的自然人为成年人."""
WORKING = 16
"""劳动法第十五条: 禁止用人单位招用未满十六周岁的未成年人."""


def _not_future(field: FieldDef, value: str, on: date) -> str | None:
    return f"{field.name}不能晚于今天（{shown(on)}），请核对。" if date.fromisoformat(value) > on else None


def _not_past(field: FieldDef, value: str, on: date) -> str | None:
    day = date.fromisoformat(value)
    limit = on.replace(day=1) if field.unit == "月" else on
    return f"{field.name}不能早于今天（{shown(on)}），请核对。" if day < limit else None


def _within_five_years(field: FieldDef, value: str, on: date) -> str | None:
    """公司法第四十七条: 有限责任公司全体股东认缴的出资额自公司成立之日起五年内缴足."""
    last = add_months(on, 5 * 12)
    return f"{field.name}最晚到 {shown(last)}（5 年内缴足），请核对。" if date.fromisoformat(value) > last else None


def _positive(field: FieldDef, value: str, on: date) -> str | None:
    return f"{field.name}要大于 0，请核对。" if Decimal(value) <= 0 else None


def _mobile(field: FieldDef, value: str, on: date) -> str | None:
    return None if phones.is_mobile(value) else "这里要填手机号，11 位，例如 13812345678。"


def _of_age(years: int, sentence: str) -> Check:
    def check(field: FieldDef, value: str, on: date) -> str | None:
        born = date.fromisoformat(f"{value[6:10]}-{value[10:12]}-{value[12:14]}" if len(value) == 18 else value)
        return sentence if add_months(born, years * 12) > on else None

    return check


def _length(most: int) -> Check:
    def check(field: FieldDef, value: str, on: date) -> str | None:
        return f"{field.name}最多 {most} 个字，现在有 {len(value)} 个，请写短一些。" if len(value) > most else None

    return check


def _full_company(field: FieldDef, value: str, on: date) -> str | None:
    """企业名称登记管理规定第六条 and 第十一条: a company's name ends with its form of organisation."""
    ends = ("公司", "合伙", "企业", "厂", "社", "中心", "所", "店", "院", "部", "行", "会", "园", "场")
    return (
        None
        if value.rstrip("）").endswith(ends)
        else "请写全称，要带“有限公司”这样的组织形式，例如 芦溪溪华电瓷有限公司。"
    )


def _specific(field: FieldDef, value: str, on: date) -> str | None:
    return None if len(value) >= 4 else f"请把{field.name}写具体一些，例如 {field.example or '说明原因和经过'}。"


CHECKS: Mapping[str, Check] = {
    "not_future": _not_future,
    "not_past": _not_past,
    "within_five_years": _within_five_years,
    "positive": _positive,
    "mobile": _mobile,
    "adult": _of_age(ADULT, "这个人未满 18 周岁，不能自己办理，请由监护人来办。"),
    "working_age": _of_age(WORKING, "这个人未满 16 周岁，不能招用，请核对身份证号。"),
    "short": _length(30),
    "long": _length(500),
    "full_company": _full_company,
    "specific": _specific,
}
_WORDS = frozenset({"text", "company", "address", "person"})
FITTING: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("not_future", "not_past", "within_five_years"), frozenset({"date"})),
    "positive": frozenset({"amount", "number", "percent"}),
    "mobile": frozenset({"phone"}),
    "adult": frozenset({"id_number", "date"}),
    "working_age": frozenset({"id_number", "date"}),
    "short": _WORDS,
    "long": _WORDS,
    "full_company": frozenset({"company"}),
    "specific": frozenset({"text"}),
}
"""The types that a check can be asked of."""


def problem(field: FieldDef, value: str, on: date) -> str | None:
    """The first thing wrong with a canonical value: bounds, then the field's checks in their order."""
    return _bounds(field, value) or next(
        (found for name in field.checks if (found := CHECKS[name](field, value, on))), None
    )


def _bounds(field: FieldDef, value: str) -> str | None:
    if field.least is None and field.most is None:
        return None
    figure = figure_of(field, value)
    if field.least is not None and figure < Decimal(str(field.least)):
        return f"{field.name}不能少于 {_limit(field, field.least)}，请核对。"
    if field.most is not None and figure > Decimal(str(field.most)):
        return f"{field.name}不能超过 {_limit(field, field.most)}，请核对。"
    return None


def figure_of(field: FieldDef, value: str) -> Decimal:
    """An amount, number or percent in the field's unit: 分 to 元 or 万元."""
    if field.type != "amount":
        return Decimal(value)
    return Decimal(value) / (money.FEN_PER_WAN if field.unit == "万元" else money.FEN_PER_YUAN)


def _limit(field: FieldDef, limit: float) -> str:
    unit = {"percent": "%", "amount": field.unit or "元"}.get(field.type, field.unit)
    return f"{limit:g} {unit}".strip()
