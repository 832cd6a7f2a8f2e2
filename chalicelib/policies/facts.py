"""Enterprise + date → FactSheet: every fact a condition may ask for, flat, with where it comes from.

Stale is unknown (``Fact.valid_until``), a wrong type or unit is unknown and reported, what does not apply is
NOT_APPLICABLE. Derived facts are computed here and nowhere else, each with its own explanation; a figure that an
office states itself stands over our arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from chalicelib.enterprises.model import CreditFlag, Enterprise, Fact, FactSource, Qual
from chalicelib.policies import size
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.dictionary import FactDef, is_number, read_value
from chalicelib.policies.explain import Evidence
from chalicelib.policies.tree import NOT_APPLICABLE

CHAIN_CODES = frozenset("3073 3834 3089 3546 3821 3822 3823 3824 3829 3831 3839 3311 3393 1019 2643 7320".split())
"""电瓷电气产业链 by GB/T 4754-2017 (proposed, 〔R〕). 电瓷 is 3073; 3834 is 绝缘制品 without ceramics."""
CHAIN_WORDS = tuple("电瓷 绝缘子 套管 避雷器 熔断器 隔离开关 互感器 瓷釉 瓷土 窑炉 铁帽 钢脚".split())
_SECTIONS = "A05 B12 C43 D46 E50 F52 G60 H62 I65 J69 K70 L72 M75 N79 O82 P83 Q85 R90 S96 T97".split()
_CODES_OF_2011 = {"3833": "3834"}
"""GB/T 4754-2011 3833 was 绝缘制品, which is 3834 in the edition of 2017 (where 3833 is 光缆)."""
MAY_NOT_APPLY = frozenset({"is_small_low_profit", "layoff_rate", "disabled_ratio", "rd_ratio", "vat_credit_end"})
"""Derived facts that can come out as NOT_APPLICABLE, which a column does not know: there it is unknown."""
_WAN = Decimal(10000)
_UNITS: Mapping[tuple[str, str], Decimal] = {
    ("元", "万元"): 1 / _WAN,
    ("亿元", "万元"): _WAN,
    ("万元", "元"): _WAN,
    ("亿元", "元"): _WAN * _WAN,
    ("%", ""): Decimal("0.01"),
}

Derived = tuple[Any, str]
"""A value (None: cannot be told) and how it came about."""
Derive = Callable[[Mapping[str, Any], Enterprise, date], Derived]
Evidenced = tuple[float, Evidence]
"""A number and where it comes from."""


@dataclass(frozen=True, slots=True)
class FactSheet:
    """What is known of one enterprise on one day.

    ``values`` holds no unknown ones. ``evidence`` says where each comes from, ``how`` how a derived one came about,
    ``problems`` which stated facts could not be used. ``records`` are the lists that policies count over.
    """

    uscc: str
    on: date
    values: dict[str, Any]
    evidence: dict[str, Evidence] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    records: Mapping[str, tuple[Mapping[str, Any], ...] | None] = field(default_factory=dict)
    lapsed: Mapping[str, date] = field(default_factory=dict)
    """Titles no longer held, and their last day."""
    declared: Mapping[str, Evidenced] = field(default_factory=dict)
    """What the enterprise itself says of figures that policies count over records (``Count.declared_as``)."""


def fact_sheet(enterprise: Enterprise, on: date) -> FactSheet:
    """Everything known of the enterprise on ``on``. What it says of itself (自报) fills gaps and stands over nothing:
    neither over the register nor over what can be derived."""
    sheet = _stated(enterprise, on)
    own = {name for name, evidence in sheet.evidence.items() if evidence.source == FactSource.SELF}
    for name, derive in _DERIVATIONS.items():
        if name in sheet.values and name not in own:
            continue
        value, how = derive(sheet.values, enterprise, on)
        if name in own and value is None:
            continue
        sheet.how[name] = how
        if value is not None:
            sheet.values[name] = value
            source = FactSource.SELF if own and _rests_on(own, derive, sheet, enterprise) else "推算"
            sheet.evidence[name] = Evidence(source=str(source), as_of=on, basis=how)
            own = own | {name} if source == FactSource.SELF else own - {name}
    return sheet


def _rests_on(own: Set[str], derive: Derive, sheet: FactSheet, enterprise: Enterprise) -> bool:
    """Whether a derived value would be another without what the enterprise says of itself."""
    official = {name: value for name, value in sheet.values.items() if name not in own}
    return bool(derive(official, enterprise, sheet.on)[0] != derive(sheet.values, enterprise, sheet.on)[0])


def _stated(enterprise: Enterprise, on: date) -> FactSheet:
    values: dict[str, Any] = {}
    evidence: dict[str, Evidence] = {}
    problems: list[str] = []
    for name, fact in _given(enterprise, on).items():
        definition, given = FACTS.get(name), fact.on(on)
        if definition is None or given is None:
            continue
        try:
            values[name] = _read(fact, given, definition)
        except ValueError as error:
            problems.append(f"{definition.label}：{error}")
            continue
        source = str(fact.source) if fact.source else ""
        evidence[name] = Evidence(source, fact.as_of, fact.valid_until, fact.basis or "")
    return FactSheet(
        enterprise.uscc,
        on,
        values,
        evidence,
        {},
        tuple(problems),
        _records(enterprise, on),
        _lapsed(enterprise, on),
        _declared(enterprise, on),
    )


class _Entry(NamedTuple):
    """What the register says, as a Fact would: a check makes a handful, and a model takes its time."""

    value: Any
    basis: str = "登记信息"
    unit: None = None
    source: None = None
    as_of: None = None
    valid_until: None = None

    def on(self, day: date) -> Any:
        return self.value


def _given(enterprise: Enterprise, on: date) -> dict[str, Fact | _Entry]:
    """What offices say of the enterprise, over its register entry, over what it says of itself."""
    own = {name: fact for name, fact in enterprise.facts.items() if fact.self_reported}
    official = {name: fact for name, fact in enterprise.facts.items() if name not in own}
    return {**own, **_columns(enterprise), **official}


def _declared(enterprise: Enterprise, on: date) -> dict[str, Evidenced]:
    own = {name: fact for name, fact in enterprise.facts.items() if fact.self_reported and name not in FACTS}
    return {
        name: (float(value), Evidence(str(fact.source), fact.as_of, fact.valid_until, fact.basis or ""))
        for name, fact in own.items()
        if is_number(value := fact.on(on)) and isinstance(value, int | float)
    }


def _columns(enterprise: Enterprise) -> dict[str, _Entry]:
    code = enterprise.industry_code
    if enterprise.industry_std_year == 2011 and code:
        code = _CODES_OF_2011.get(code, code)
    stated = {
        "entity_kind": enterprise.entity_kind,
        "ent_type": enterprise.ent_type,
        "ownership": enterprise.ownership,
        "reg_status": enterprise.reg_status,
        "established_on": enterprise.established_on,
        "town_code": enterprise.town_code,
        "industry_code": code,
        "main_products": enterprise.main_products,
        "chain_member": enterprise.chain_member,
    }
    return {name: _Entry(value) for name, value in stated.items() if value is not None}


def accepts_unit(definition: FactDef, unit: str) -> bool:
    """Whether a figure in this unit can be used for the fact."""
    return unit == definition.unit or (definition.type == "number" and (unit, definition.unit) in _UNITS)


def _read(fact: Fact | _Entry, given: Any, definition: FactDef) -> Any:
    value = read_value(definition.type, given)
    if fact.unit is None or definition.type != "number" or fact.unit == definition.unit:
        return value
    factor = _UNITS.get((fact.unit, definition.unit))
    if factor is None:
        raise ValueError(f"单位应为“{definition.unit or '比例'}”，写的是“{fact.unit}”")
    return float(Decimal(str(value)) * factor)


def _records(enterprise: Enterprise, on: date) -> dict[str, tuple[Mapping[str, Any], ...] | None]:
    lists = enterprise.records
    hires = (
        None
        if lists.hires is None
        else tuple(
            hire.model_dump(mode="json")
            | {"hired_this_year": None if hire.hired_on is None else hire.hired_on.year == on.year}
            for hire in lists.hires
            if hire.hired_on is None or hire.hired_on <= on
        )
    )
    return {
        "hires": hires,
        "loans": None if lists.loans is None else tuple(loan.model_dump(mode="json") for loan in lists.loans),
        "projects": None if lists.projects is None else tuple(row.model_dump(mode="json") for row in lists.projects),
    }


def _lapsed(enterprise: Enterprise, on: date) -> dict[str, date]:
    last: dict[str, date] = {}
    for qual in enterprise.records.quals or ():
        if qual.expires_on is not None:
            last[qual.code] = max(qual.expires_on, last.get(qual.code, qual.expires_on))
    return {code: day for code, day in last.items() if day < on}


# ---------------------------------------------------------------- derivations


def _size(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
    code = known.get("industry_code")
    row = size.trade(code) if code else None
    if row is None:
        return None, f"划型要先知道行业（{size.SOURCE}）" if code is None else f"{size.SOURCE}没有列行业 {code}"
    missing = [FACTS[name].label for name in size.needs(row) if name not in known]
    tier = size.tier(row, known.get("employees_avg"), known.get("revenue"), known.get("assets"))
    if tier is None:
        return None, f"按{row}划型，还缺{'、'.join(missing)}"
    return tier, f"按{row}划型为{tier}型（{size.SOURCE}）"


def _small_low_profit(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
    if known.get("entity_kind") not in (None, "企业"):
        return NOT_APPLICABLE, "小型微利企业只对企业所得税纳税人而言"
    limits = {"taxable_income": 300, "employees_avg": 300, "assets": 5000}
    over = [name for name, limit in limits.items() if name in known and known[name] > limit]
    if over:
        return False, f"{FACTS[over[0]].label}超过 {limits[over[0]]} {FACTS[over[0]].unit}"
    missing = [FACTS[name].label for name in limits if name not in known]
    if missing or "entity_kind" not in known:
        return None, f"还缺{'、'.join(missing or ['主体类型'])}"
    return True, "应纳税所得额不超过 300 万元、从业人数不超过 300 人、资产总额不超过 5000 万元"


def _share(part: str, whole: str) -> Derive:
    def derive(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
        above, below = FACTS[part].label, FACTS[whole].label
        if whole in known and known[whole] == 0:
            return NOT_APPLICABLE, f"{below}为 0，不适用"
        if part not in known or whole not in known:
            return None, f"还缺{above if part not in known else below}"
        value = known[part] / known[whole]
        return value, f"{above} {known[part]:g} ÷ {below} {known[whole]:g} = {value:.2%}"

    return derive


def _chain_member(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
    code, products = known.get("industry_code"), known.get("main_products")
    if code in CHAIN_CODES:
        return True, f"行业代码 {code} 在产业链目录内"
    found = next((word for word in CHAIN_WORDS if any(word in product for product in products or ())), None)
    if found:
        return True, f"主导产品含“{found}”"
    if code is None or products is None:
        return None, "还缺行业代码或主导产品"
    return False, f"行业代码 {code} 不在产业链目录内，主导产品也不含目录词"


def _years_operating(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
    start = enterprise.established_on
    if start is None:
        return None, "还缺成立日期"
    months = (on.year - start.year) * 12 + on.month - start.month - (on.day < start.day)
    return months // 12, f"{start} 成立，至 {on} 满 {months // 12} 年 {months % 12} 个月"


def _days_since_established(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
    start = enterprise.established_on
    return (None, "还缺成立日期") if start is None else ((on - start).days, f"{start} 成立")


def _industry_section(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
    code = known.get("industry_code")
    if code is None:
        return None, "还缺行业代码"
    section = next((each[0] for each in _SECTIONS if code[:2] <= each[1:]), None)
    return section, f"行业代码 {code} 属 GB/T 4754-2017 门类 {section}"


def _quals(which: Callable[[Qual, date], bool | None], how: str) -> Derive:
    def derive(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
        rows = enterprise.records.quals
        if rows is None:
            return None, "还没有资质记录"
        verdicts = [(qual, which(qual, on)) for qual in rows]
        open_ones = [qual.code for qual, verdict in verdicts if verdict is None]
        if open_ones:
            return None, f"{'、'.join(open_ones)} 的日期或首次认定情况不全"
        dates = "；".join(f"{qual.code} 有效期 {qual.issued_on} 至 {qual.expires_on}" for qual in rows)
        return frozenset(qual.code for qual, verdict in verdicts if verdict), f"{how}（{dates or '无'}）"

    return derive


def _is_valid(qual: Qual, on: date) -> bool | None:
    return qual.valid_on(on)


def _is_expired(qual: Qual, on: date) -> bool | None:
    return None if qual.expires_on is None else qual.expires_on < on


def _is_new(qual: Qual, on: date) -> bool | None:
    if qual.issued_on is None:
        return None
    return qual.issued_on.year == on.year and qual.valid_on(on)


def _is_first(qual: Qual, on: date) -> bool | None:
    new = _is_new(qual, on)
    return new and qual.first_time


def _active(enterprise: Enterprise, on: date) -> list[CreditFlag] | None:
    flags = enterprise.records.credit_flags
    if flags is None:
        return None
    return [
        flag
        for flag in flags
        if (flag.since is None or flag.since <= on) and (flag.until_max is None or on <= flag.until_max)
    ]


def _credit_flags(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
    active = _active(enterprise, on)
    if active is None:
        return None, "还没有查询失信信息"
    return frozenset(flag.type for flag in active), "仍在公示期内的失信信息"


def _severe(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
    flags = known.get("credit_flags")
    return (None, "还没有查询失信信息") if flags is None else ("严重违法失信" in flags, "按失信信息")


def _repairable(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
    """发改委令第36号: the shortest publication period is over and the obligations are met."""
    active = _active(enterprise, on)
    if active is None:
        return None, "还没有查询失信信息"
    verdicts = {flag.type: _may_repair(flag, on) for flag in active}
    ready = [kind for kind, verdict in verdicts.items() if verdict]
    if ready:
        return True, f"{'、'.join(ready)}已满最短公示期且已履行义务"
    if None in verdicts.values():
        return None, "还不知道最短公示期或义务是否履行"
    return False, "没有已满最短公示期且已履行义务的失信信息"


def _may_repair(flag: CreditFlag, on: date) -> bool | None:
    if flag.obligations_done is False or (flag.until_min is not None and on < flag.until_min):
        return False
    return None if flag.obligations_done is None or flag.until_min is None else True


def _above_scale_this_year(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
    first = known.get("above_scale_first_on")
    if first is not None:
        return first[:4] == str(on.year) and first <= on.isoformat(), f"首次入规日期 {first}"
    if known.get("above_scale") == "规下":
        return False, "尚未入规"
    return None, "还缺首次入规日期"


def _vat_credit(known: Mapping[str, Any], enterprise: Enterprise, on: date) -> Derived:
    if known.get("vat_status") == "小规模":
        return NOT_APPLICABLE, "小规模纳税人没有留抵税额"
    return None, "还缺期末留抵税额"


_DERIVATIONS: dict[str, Derive] = {
    "size": _size,
    "is_small_low_profit": _small_low_profit,
    "layoff_rate": _share("layoff_claimants_last_year", "insured_avg"),
    "disabled_ratio": _share("disabled_employees", "employees_on_payroll"),
    "rd_ratio": _share("rd_expense", "revenue"),
    "chain_member": _chain_member,
    "years_operating": _years_operating,
    "days_since_established": _days_since_established,
    "industry_section": _industry_section,
    "valid_quals": _quals(_is_valid, "在有效期内的资质"),
    "expired_quals": _quals(_is_expired, "已过有效期的资质"),
    "quals_new_this_year": _quals(_is_new, "当年认定的资质"),
    "quals_first_this_year": _quals(_is_first, "当年首次认定的资质"),
    "credit_flags": _credit_flags,
    "has_severe_dishonesty": _severe,
    "has_repairable_flag": _repairable,
    "above_scale_this_year": _above_scale_this_year,
    "vat_credit_end": _vat_credit,
}
