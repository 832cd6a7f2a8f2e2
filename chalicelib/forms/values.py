"""One field, one value: what a person says → the canonical text that a draft keeps → what is shown and printed.

``read(show(value)) == value`` for every type. What is prefilled goes through ``read`` like everything else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date

from chalicelib import masking, money
from chalicelib.enterprises import id_card, phones, uscc
from chalicelib.forms import addresses, amounts, choosing, dates, industries, names
from chalicelib.forms.checks import problem
from chalicelib.forms.model import FieldDef, ValueType
from chalicelib.forms.problems import ValueProblem
from chalicelib.guidance.normalise import simplified

__all__ = ["ValueProblem", "echo", "masked", "read", "show"]

MOST_CHARACTERS = 2000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u2028\u2029\ufeff]")
_DIGITS = str.maketrans("零〇一二三四五六七八九幺", "001234567891")
_ACCOUNT = re.compile(r"\d{8,32}")
_CARD = re.compile(r"62\d{17}")
"""A bank card (银行卡) begins with 62 and has 19 digits with a check digit; accounts of enterprises have none."""
_SHORTEST_CALL = 2


def read(field: FieldDef, text: str, on: date) -> str:
    """The canonical text of what was said to this field on the day ``on``. Raises ValueProblem."""
    said = _CONTROL.sub("", text).strip()
    if not said:
        raise ValueProblem(f"还没有写{field.name}{_like(field)}。")
    if len(said) > MOST_CHARACTERS:
        raise ValueProblem(f"写得太长了，最多 {MOST_CHARACTERS} 个字，请写短一些。")
    value = _READERS[field.type](field, _without_name(field, said), on)
    wrong = problem(field, value, on)
    if wrong:
        raise ValueProblem(wrong)
    return value


def show(field: FieldDef, value: str) -> str:
    """What a person sees and a document prints: 500 万元, 2026年11月23日, 12 人."""
    shower = _SHOWERS.get(field.type)
    return shower(field, value) if shower else value


def masked(field: FieldDef, value: str) -> str:
    """What others than the person may see (domain facts §6.3); what is not personal is shown whole."""
    hide = _MASKS.get(field.type)
    if hide and (field.sensitive or field.type in _ALWAYS):
        return hide(value)
    return "****" if field.sensitive else show(field, value)


def echo(field: FieldDef, value: str) -> str:
    """What is repeated in the chat to who just said it: names whole, numbers of a person masked."""
    return _MASKS[field.type](value) if field.type in _ALWAYS else show(field, value)


def _like(field: FieldDef) -> str:
    return f"，例如 {field.example}" if field.example else ""


def _without_name(field: FieldDef, said: str) -> str:
    """注册资本是五百万 → 五百万: the field's own name is not part of its value."""
    for called in sorted((field.name, *field.called), key=len, reverse=True):
        if len(called) >= _SHORTEST_CALL and said.startswith(called):
            rest = re.sub(r"^[\s:：,，]*(?:就?是|为|填|写|叫|改成|改为)?[\s:：,，]*", "", said[len(called) :])
            return rest or said
    return said


# ------------------------------------------------------------------------------------------------------------ readers


def _text(field: FieldDef, said: str, on: date) -> str:
    return re.sub(r"\s+", " ", said)


def _person(field: FieldDef, said: str, on: date) -> str:
    return names.person(said)


def _company(field: FieldDef, said: str, on: date) -> str:
    return names.company(said)


def _credit_code(field: FieldDef, said: str, on: date) -> str:
    code = uscc.normalise(said)
    if wrong := uscc.problem(code):
        raise ValueProblem(f"统一社会信用代码{wrong.replace('。', '，')}，例如 91360323MAXX00015C。")
    return code


def _phone(field: FieldDef, said: str, on: date) -> str:
    number = phones.normalise(re.sub(r"[^\d+\-]", "", unicodedata.normalize("NFKC", said).translate(_DIGITS)))
    if phones.is_mobile(number) or phones.is_landline(number):
        return number
    raise ValueProblem("电话没有看懂，手机 11 位，座机带区号，例如 13812345678。")


def _id_number(field: FieldDef, said: str, on: date) -> str:
    number = id_card.normalise(simplified(said).translate(_DIGITS))
    if wrong := id_card.problem(number):
        raise ValueProblem(f"{wrong.replace('。', '，')}，打字发来就行，不用发照片。")
    return number


def _amount(field: FieldDef, said: str, on: date) -> str:
    return str(amounts.fen(said, field.unit))


def _number(field: FieldDef, said: str, on: date) -> str:
    return amounts.written(amounts.number(said, field.unit))


def _percent(field: FieldDef, said: str, on: date) -> str:
    return amounts.written(amounts.percent(said))


def _date(field: FieldDef, said: str, on: date) -> str:
    def fits(day: date) -> bool:
        return problem(field, day.isoformat(), on) is None

    return dates.read(said, on, month_only=field.unit == "月", prefer=fits).isoformat()


def _address(field: FieldDef, said: str, on: date) -> str:
    return addresses.read(said)


def _choice(field: FieldDef, said: str, on: date) -> str:
    return choosing.one(field, said)


def _choices(field: FieldDef, said: str, on: date) -> str:
    return "、".join(choosing.several(field, said))


def _flag(field: FieldDef, said: str, on: date) -> str:
    return choosing.flag(said)


def _industry(field: FieldDef, said: str, on: date) -> str:
    return industries.read(said)


def _bank_account(field: FieldDef, said: str, on: date) -> str:
    number = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", said).translate(_DIGITS))
    if not _ACCOUNT.fullmatch(number):
        raise ValueProblem("账号应为 8 至 32 位数字，请照开户许可或存折填，例如 14020000000000001。")
    if _CARD.fullmatch(number) and not _luhn(number):
        raise ValueProblem("银行卡号有一位不对，请照卡面核对后再写，例如 6222021234567890128。")
    return number


def _luhn(number: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    digits = [int(each) for each in reversed(number)]
    return sum(sum(divmod(each * 2, 10)) if place % 2 else each for place, each in enumerate(digits)) % 10 == 0


_READERS: Mapping[ValueType, Callable[[FieldDef, str, date], str]] = {
    "text": _text,
    "person": _person,
    "company": _company,
    "uscc": _credit_code,
    "phone": _phone,
    "id_number": _id_number,
    "amount": _amount,
    "number": _number,
    "percent": _percent,
    "date": _date,
    "address": _address,
    "choice": _choice,
    "choices": _choices,
    "flag": _flag,
    "industry": _industry,
    "bank_account": _bank_account,
}

# ------------------------------------------------------------------------------------------------------------- showers


def _shown_number(field: FieldDef, value: str) -> str:
    return f"{value} {field.unit}".strip()


_SHOWERS: Mapping[ValueType, Callable[[FieldDef, str], str]] = {
    "amount": lambda field, value: money.show(int(value)),
    "number": _shown_number,
    "percent": lambda field, value: f"{value}%",
    "date": lambda field, value: dates.shown(date.fromisoformat(value), month_only=field.unit == "月"),
    "industry": lambda field, value: industries.show(value),
}
_ALWAYS: frozenset[ValueType] = frozenset({"phone", "id_number", "bank_account"})
_MASKS: Mapping[ValueType, Callable[[str], str]] = {
    "person": masking.name,
    "phone": lambda number: masking.landline(number) if "-" in number else masking.mobile(number),
    "id_number": masking.id_card,
    "bank_account": masking.bank_account,
    "address": masking.address,
}
