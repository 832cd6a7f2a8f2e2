"""What need not be asked (预填): the enterprise file, facts of departments, earlier forms, arithmetic.

政务数据共享条例 (国务院令第809号): what sharing can give is not collected again. Every value goes through
``values.read`` like an answer; what does not pass is not prefilled. Consent (填表时自动带出资料) is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from chalicelib.enterprises.access import Right, may
from chalicelib.enterprises.model import Contact, Enterprise, Fact, FactSource
from chalicelib.enterprises.roles import Role
from chalicelib.forms.computed import compute
from chalicelib.forms.draft import Answer
from chalicelib.forms.model import Compiled, FieldDef, Source
from chalicelib.forms.values import ValueProblem, read, show
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.facts import fact_sheet
from chalicelib.times import local_date

COLUMNS: Mapping[str, Callable[[Enterprise, date], Any]] = {
    "applicant_kind": lambda enterprise, on: "单位",  # who fills in for an enterprise is no 个人
    "name": lambda enterprise, on: enterprise.name,
    "uscc": lambda enterprise, on: enterprise.uscc,
    "entity_kind": lambda enterprise, on: enterprise.entity_kind,
    "ent_type": lambda enterprise, on: enterprise.ent_type,
    "ownership": lambda enterprise, on: enterprise.ownership,
    "established_on": lambda enterprise, on: enterprise.established_on,
    "legal_rep": lambda enterprise, on: enterprise.legal_rep,
    "industry_code": lambda enterprise, on: enterprise.industry_code,
    "main_products": lambda enterprise, on: enterprise.main_products,
    "reg_status": lambda enterprise, on: enterprise.reg_status,
    "has_credit_flags": lambda enterprise, on: _has_flags(enterprise, on),
}
"""What a field's ``profile`` may name beside facts and contacts."""

FILE_FACTS = frozenset(
    {"reg_address", "business_address", "reg_capital", "business_scope", "bank_name", "bank_account"}
)
"""Facts of the enterprise file that forms take over and no policy asks for (domain facts §2.1)."""
RECORDS = {"projects": "工信", "credit_flags": "信用信息", "loans": "银行", "quals": "工信、科技", "hires": "人社"}
"""The lists whose only record a field's ``profile`` may look at, and who keeps them."""

Known = tuple[str, Source, str]
"""What was found: its text, where from, and the origin that is shown."""


def prefill(
    compiled: Compiled,
    enterprise: Enterprise | None,
    earlier: Mapping[str, Answer],
    now: datetime,
    role: Role | None = None,
) -> dict[str, Answer]:
    """Answers by field. ``earlier`` are the newest answers of the same person by field, from other forms; ``role`` is
    what the person is for the enterprise: contacts and accounts are shown to whom the table of rights allows."""
    on = local_date(now)
    found: dict[str, Answer] = {}
    for name, field in compiled.fields.items():
        known = (_from_file(field, enterprise, role, on) if enterprise else None) or _from_earlier(
            field, earlier.get(name)
        )
        answer = _answer(field, known, on, now) if known else None
        if answer is not None:
            found[name] = answer
    return found | {
        name: Answer(value=value, source=Source.COMPUTED, at=now)
        for name, value in _computed(compiled, {name: answer.value for name, answer in found.items()}, on).items()
    }


def _computed(compiled: Compiled, values: dict[str, str], on: date) -> dict[str, str]:
    """What this form can work out from its own fields is worked out, so that it follows when they are corrected; what
    it cannot keeps the value of the file."""
    given = {name: value for name, value in values.items() if not compiled.fields[name].computed}
    made = compute(compiled, given, on)
    return compute(compiled, {name: value for name, value in values.items() if name not in made}, on)


def _answer(field: FieldDef, known: Known, on: date, now: datetime) -> Answer | None:
    text, source, origin = known
    try:
        return Answer(value=read(field, text, on), source=source, origin=origin, at=now)
    except ValueProblem:
        return None


def _from_earlier(field: FieldDef, answer: Answer | None) -> Known | None:
    if not field.keep or answer is None:
        return None
    return show(field, answer.value), Source.EARLIER, f"{local_date(answer.at).isoformat()} 填过"


def _from_file(field: FieldDef, enterprise: Enterprise, role: Role | None, on: date) -> Known | None:
    kind, _, rest = field.profile.partition(":")
    if not kind:
        return None
    if kind == "contact":
        return _contact(rest, enterprise, role)
    if kind == "record":
        return _record(field, rest, enterprise)
    if field.type == "bank_account" and not may(role, Right.DO_NAME_ACCOUNTS):
        return None
    if kind == "fact":
        return _fact(field, rest, enterprise, on)
    text = _text(COLUMNS[kind](enterprise, on))
    return (text, Source.PROFILE, "企业档案") if text else None


def _contact(which: str, enterprise: Enterprise, role: Role | None) -> Known | None:
    """法人.mobile: one's own role's, or anybody's for who sees the members. Two with one role settle nothing."""
    of, _, column = which.partition(".")
    people: list[Contact] = [one for one in enterprise.contacts if one.role == of]
    if len(people) != 1 or not (may(role, Right.SEE_MEMBERS) or role == people[0].role):
        return None
    return str(getattr(people[0], column)), Source.PROFILE, "企业档案"


def _record(field: FieldDef, which: str, enterprise: Enterprise) -> Known | None:
    """projects.ref: of the only record of a list; of several it is not known which one the form is about."""
    of, _, column = which.partition(".")
    held = getattr(enterprise.records, of)
    if held is None or len(held) != 1:
        return None
    text = _text(getattr(held[0], column))
    return (
        (f"{text}{field.unit}" if field.type == "amount" and text else text, Source.SHARED, RECORDS[of])
        if text
        else None
    )


def _has_flags(enterprise: Enterprise, on: date) -> bool | None:
    flags = fact_sheet(enterprise, on).values.get("credit_flags")
    return None if flags is None else bool(flags)


def _fact(field: FieldDef, name: str, enterprise: Enterprise, on: date) -> Known | None:
    fact = enterprise.facts.get(name)
    if fact is not None and (text := _fact_text(name, fact, on)):
        source = Source.PROFILE if fact.self_reported or fact.source is None else Source.SHARED
        return text, source, _origin(fact)
    if name not in FACTS:
        return None
    sheet = fact_sheet(enterprise, on)
    text = _text(sheet.values.get(name))
    return (text, Source.PROFILE, sheet.how.get(name, "")) if text else None


def _fact_text(name: str, fact: Fact, on: date) -> str:
    value = fact.on(on)
    if name in FACTS and FACTS[name].ratio and isinstance(value, int | float):
        return f"{value * 100:.10g}%"
    text = _text(value)
    return f"{text}{fact.unit}" if text and fact.unit and not isinstance(value, str | bool) else text


def _origin(fact: Fact) -> str:
    parts = [str(fact.source or FactSource.SELF), fact.as_of.isoformat() if fact.as_of else ""]
    return " · ".join(part for part in parts if part)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, tuple | frozenset | list):
        return "、".join(sorted(value) if isinstance(value, frozenset) else value)
    return value.isoformat() if isinstance(value, date) else str(value)
