"""Sums, numbers and shares as people say and write them (口语数字): 五百万, 1.5亿, 三千二百块, 十二个人, 百分之五.

A form holds exact figures: what is rough (十来万, 大概五百万, 三四十人) is refused and asked for again.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from chalicelib import money
from chalicelib.forms.problems import ValueProblem
from chalicelib.policies.answers import spoken_number

_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾佰仟億萬圆〇俩", "一二三四五六七八九十百千亿万元零两")
_NUMERALS = "零一二两三四五六七八九"
_NUMBER = rf"[0-9.,{_NUMERALS}十百千万亿点]+"
_DIGIT = rf"[0-9{_NUMERALS}]"
_ROUGH = re.compile(
    rf"[来几余数多]|大概|大约|大致|约|左右|上下|将近|接近|差不多|估计|可能|应该|不到|出头|以上|以下|至少|最多"
    rf"|(?<![{_NUMERALS}点])[一二两三四五六七八九]{{2}}(?![{_NUMERALS}])"
)
_MONEY = re.compile(
    rf"(?P<main>{_NUMBER})(?:(?P<unit>元|块)钱?(?:(?P<jiao>{_DIGIT})[角毛]?)?(?:(?P<fen>{_DIGIT})分)?)?"
)
_CURRENCY = re.compile(r"^(人民币|rmb|￥|¥)+|(人民币|整|正)+$")
_FOREIGN = re.compile(r"美元|美金|欧元|港币|港元|日元|英镑|\$|€")
_MIXED = re.compile(r"\d(?=[十百千])|(?<=[十百千])\d(?!\d)")
_WAN_MARK = re.compile(r"(?<=\d)w")
_BARE_YUAN = Decimal(100_000)
"""From here on a number without unit may be 元 or 万元: it is asked again, not guessed."""

_UNIT_WORDS = {
    "人": "人 个人 个 名 位 口人 口 个员工 个职工 名员工 名职工",
    "月": "个月 月",
    "年": "年",
    "天": "天 日 个工作日",
    "份": "份",
    "台": "台 套 台套 个 部",
    "平方米": "平方米 平米 平方 平 ㎡ m2 个平方",
    "项": "项 个 件",
    "次": "次 回",
    "户": "户 家",
}
_WHOLE = frozenset("人 份 台 项 次 户 天".split())
_PERCENT = re.compile(rf"(?:百分之(?P<a>{_NUMBER})|(?P<b>{_NUMBER})(?:%|个百分点|个点|百分点))")
_TENTHS = re.compile(rf"(?P<whole>{_DIGIT})成(?P<half>半)?")


def folded(text: str) -> str:
    """Half-width, lower case, without spaces, ordinary numerals for formal ones: 伍佰 万元 → 五百万元."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower().translate(_FORMAL)
    return _MIXED.sub(lambda found: _NUMERALS.replace("两", "")[int(found.group())], _WAN_MARK.sub("万", plain))


def fen(text: str, unit: str) -> int:
    """A sum in 分. A bare number counts in ``unit`` (元 or 万元) while that is beyond doubt. Raises ValueProblem."""
    example = "500万元" if unit == "万元" else "3200元"
    word = _CURRENCY.sub("", folded(text)).replace("个亿", "亿")
    if _FOREIGN.search(word):
        raise ValueProblem("这里只填人民币，请换算后再写，例如 500万元。")
    _refuse_rough(word, example)
    found = _MONEY.fullmatch(word)
    main = found and _decimal(found["main"])
    if not found or main is None:
        raise ValueProblem(f"没有看懂这个金额，请这样写：{example}。")
    if found["unit"] is None and unit == "万元" and not re.search("[万亿]", found["main"]):
        if main >= _BARE_YUAN:
            raise ValueProblem("单位是元还是万元？请把单位一起写上，例如 500万元。")
        main *= 10_000
    small = Decimal(_value(found["jiao"])) / 10 + Decimal(_value(found["fen"])) / 100
    exact = (main + small) * money.FEN_PER_YUAN
    if exact != exact.to_integral_value():
        raise ValueProblem(f"金额最多写到分，例如 {example}。")
    return int(exact)


def number(text: str, unit: str = "") -> Decimal:
    """A figure in ``unit``; 半年 and 两年 are months where months are asked. Raises ValueProblem."""
    example = f"12{unit}" if unit != "月" else "12个月"
    word = folded(text)
    _refuse_rough(word, example)
    value = _months(word) if unit == "月" else None
    if value is None:
        value = _decimal(_without_unit(word, unit))
    if value is None:
        raise ValueProblem(f"没有看懂这个数，请写数字，例如 {example}。")
    if unit in _WHOLE and value != value.to_integral_value():
        raise ValueProblem(f"这里要填整数，例如 {example}。")
    return value


def percent(text: str) -> Decimal:
    """The number before the sign: 5% · 百分之五 · 五成 → 50. Raises ValueProblem."""
    word = folded(text)
    _refuse_rough(word, "5%")
    if tenths := _TENTHS.fullmatch(word):
        return Decimal(_value(tenths["whole"]) * 10 + (5 if tenths["half"] else 0))
    found = _PERCENT.fullmatch(word)
    value = _decimal((found["a"] or found["b"]) if found else word)
    if value is None:
        raise ValueProblem("没有看懂这个比例，请这样写：5%。")
    if found is None and 0 < value < 1:
        raise ValueProblem(f"{word} 是 {word} % 还是 {_plain(value * 100)} %？请带上百分号，例如 5%。")
    return value


def written(value: Decimal) -> str:
    """The canonical text of a number: no exponent, no zeros at the end."""
    return _plain(value)


def _refuse_rough(word: str, example: str) -> None:
    if _ROUGH.search(word):
        raise ValueProblem(f"请说一个准数，例如 {example}。")


def _decimal(text: str) -> Decimal | None:
    return spoken_number(text) if text else None


def _months(word: str) -> Decimal | None:
    found = re.fullmatch(rf"(?:(?P<years>{_NUMBER})年)?(?P<half>半)?年?(?:(?P<months>{_NUMBER})个?月)?", word)
    if not found or not (found["years"] or (found["half"] and "年" in word)):
        return None
    years, months = _decimal(found["years"] or "0"), _decimal(found["months"] or "0")
    if years is None or months is None:
        return None
    return years * 12 + (6 if found["half"] else 0) + months


def _without_unit(word: str, unit: str) -> str:
    for said in sorted((_UNIT_WORDS.get(unit) or unit).split(), key=len, reverse=True):
        if word.endswith(said):
            return word.removesuffix(said)
    return word


def _value(digit: str | None) -> int:
    return int(digit) if digit and digit.isascii() else _NUMERALS.replace("两", "").index(digit) if digit else 0


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
