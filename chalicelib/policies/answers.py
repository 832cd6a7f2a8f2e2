"""What people answer (口头回答) → the value of a fact: 四百来万, 二十来个人, 百分之五, 有, 没有, 不知道, 跳过.

Only a whole answer counts: a sentence that merely holds a number is something else, and the caller lets it go.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from chalicelib.policies.dictionary import FactDef, is_number, iso_date
from chalicelib.policies.explain import QUAL_NAMES, show


class NoAnswer(Enum):
    """A way of not answering."""

    UNKNOWN = "不知道"
    SKIP = "跳过"
    BACK = "上一个"
    FINISH = "看结果"


@dataclass(frozen=True, slots=True)
class Answer:
    """``value`` in the unit of the dictionary, as a fact holds it (a set as a tuple). ``about``: said to be rough."""

    value: bool | float | str | tuple[str, ...]
    about: bool = False

    def shown(self, definition: FactDef) -> str:
        """约 400 万元"""
        value = frozenset(self.value) if isinstance(self.value, tuple) else self.value
        return ("约 " if self.about else "") + show(value, definition)


REGIONS: Mapping[str, Mapping[str, str]] = {
    "tax_region": {"芦溪": "360323", "安源": "360302", "湘东": "360313", "莲花": "360321", "上栗": "360322"},
    "town_code": {
        "芦溪镇": "360323101",
        "宣风": "360323102",
        "上埠": "360323103",
        "南坑": "360323104",
        "银河": "360323105",
        "麻田": "360323106",
        "源南": "360323200",
        "长丰": "360323201",
        "张佳坊": "360323202",
        "新泉": "360323203",
        "万龙山": "360323204",
    },
}
"""Places by the name that people say (NBS 统计用区划, 2022)."""

_NO_ANSWERS = {
    word: kind
    for kind, words in {
        NoAnswer.UNKNOWN: "不知道 不清楚 不晓得 莫晓得 说不准 说不好 不确定 没印象 忘了 记不得了 不记得 不懂",
        NoAnswer.SKIP: "跳过 下一个 下一题 过 不想说 不方便说 先不说",
        NoAnswer.BACK: "上一个 上一题 上一步 返回 改一下 说错了 填错了",
        NoAnswer.FINISH: "看结果 结束 够了 就这些 不问了 出结果",
    }.items()
    for word in words.split()
}
_YES = frozenset(
    "是 有 对 对的 嗯 是的 有的 在 在的 属于 符合 要 需要 会 享受过 提足了 合法 好 良好 y yes true √".split()
)
_NO = frozenset(
    "否 不是 没有 没 无 不 不在 不属于 不符合 不要 不需要 不会 没享受过 没提足 不合法 不好 n no false ×".split()
)
_NOTHING = frozenset("没有 无 都没有 没 一个都没有 都没".split())

_FILLER = re.compile(
    r"^(大概|大约|差不多|估计|可能|应该|也就|就|约|近|将近|接近|有|是|在|了|上年|去年|今年|我们|厂里|公司)+"
)
_TAIL = re.compile(r"(吧|左右|上下|的样子|样子|啊|呢|了|的|嘛|差不多|不到|出头)+$")
_ROUGH = re.compile(r"大概|大约|差不多|估计|可能|应该|约|近|接近|左右|上下|样子|来|多|余|不到|出头")
_DIGITS = {character: digit for digit, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_GREAT = {"万": Decimal(10_000), "亿": Decimal(100_000_000)}
_AMOUNT = re.compile(
    r"(?P<number>[\d.,零〇一二两俩三四五六七八九十百千万亿点]+)(?P<more>[来多余])?(?P<great>[万亿]?)(?P<unit>.*)"
)
_MONEY = {"": None, "元": Decimal(1), "块": Decimal(1), "块钱": Decimal(1), "元钱": Decimal(1), "人民币": Decimal(1)}
_IN_UNIT = {"元": Decimal(1), "万元": _GREAT["万"], "分": Decimal("0.01")}
_WORDS_OF_UNITS = {
    "人": {"", "人", "个人", "个", "位", "名", "号人", "个职工", "个员工"},
    "月": {"", "月", "个月"},
    "年": {"", "年"},
    "项": {"", "项", "个", "件"},
    "次": {"", "次", "回"},
    "天": {"", "天", "日"},
    "笔": {"", "笔"},
    "个": {"", "个", "项"},
    "tce": {"", "tce", "吨", "吨标煤", "吨标准煤"},
}
_PER_CENT = re.compile(
    r"百分之(?P<a>[\d.零〇一二两三四五六七八九十百点]+)|(?P<b>[\d.零〇一二两三四五六七八九十百点]+)(%|个点|个百分点)"
)
_TENTHS = re.compile(r"([一二两三四五六七八九\d])成([一二三四五六七八九半])?")
_BARE_YUAN = Decimal(100_000)
"""A number without unit from here on is taken as 元 even where 万元 was asked: nobody here turns over a billion."""


def answerable(name: str, definition: FactDef) -> bool:
    """Whether we can understand an answer to it: no free text."""
    return definition.type in ("number", "flag", "date") or bool(definition.choices) or name in REGIONS


def understood(text: str, name: str, definition: FactDef) -> Answer | NoAnswer | None:
    """The answer, a way of not answering, or None for something else."""
    word = _plain(text)
    if word in _NO_ANSWERS:
        return _NO_ANSWERS[word]
    if name in REGIONS:
        return next((Answer(code) for place, code in REGIONS[name].items() if place in word), None)
    return _READERS[definition.type](word, definition)


def looks_like_one(text: str) -> bool:
    """Whether a text that was not understood was meant as an answer: short, or with a number in it."""
    word = _plain(text)
    return len(word) <= 4 or (len(word) <= 12 and _AMOUNT.search(word) is not None)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s，。！？、；：!?;:~…“”\"'（）()]+", "", folded).rstrip(".,")


def _number(word: str, definition: FactDef) -> Answer | None:
    about, word = _ROUGH.search(word) is not None, word.replace("个亿", "亿")
    word = _TAIL.sub("", _FILLER.sub("", word))
    value = _ratio(word) if definition.ratio else _amount(word, definition.unit)
    if value is None or value < 0 or not is_number(float(value)):
        return None
    return Answer(int(value) if value == int(value) else float(value), about)


def _amount(word: str, unit: str) -> Decimal | None:
    if word in ("没有", "无", "零", "没"):
        return Decimal(0)
    found = _AMOUNT.fullmatch(word)
    number = found and spoken_number(found["number"])
    if not found or number is None:
        return None
    value = number * _GREAT.get(found["great"], Decimal(1))
    if unit not in _IN_UNIT:
        return value if found["unit"] in _WORDS_OF_UNITS.get(unit, {"", unit}) else None
    if found["unit"] not in _MONEY:
        return None
    said_great = bool(found["great"]) or found["number"][-1] in _GREAT
    if not found["unit"] and not said_great and unit == "万元" and value < _BARE_YUAN:
        return value  # the question asked for 万元
    return value / _IN_UNIT[unit]


def _ratio(word: str) -> Decimal | None:
    if found := _PER_CENT.fullmatch(word):
        number = spoken_number(found["a"] or found["b"])
        return None if number is None else number / 100
    if found := _TENTHS.fullmatch(word):
        half = {"半": Decimal("0.05"), None: Decimal(0)}
        more = half[found[2]] if found[2] in half else (spoken_number(found[2]) or Decimal(0)) / 100
        return (spoken_number(found[1]) or Decimal(0)) / 10 + more
    number = spoken_number(word)
    return number / 100 if number is not None and (number >= 1 or number == 0) else None


def spoken_number(text: str) -> Decimal | None:
    """1,234.5 · 四百二十 · 一点二 · 三万五 (35000) · 4.5万 → a number; None for what is none."""
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+(\.\d+)?", text):
        return Decimal(text.replace(",", ""))
    for mark in "亿万":
        high, found, low = text.partition(mark)
        if found:
            return _joined(spoken_number(high), low, _GREAT[mark])
    whole, point, part = text.partition("点")
    if point:
        head, digits = _below_ten_thousand(whole), [_DIGITS.get(each) for each in part]
        if head is None or not digits or None in digits:
            return None
        return head + Decimal("0." + "".join(map(str, digits)))
    return _below_ten_thousand(text)


def _joined(high: Decimal | None, low: str, unit: Decimal) -> Decimal | None:
    """三万|五 is 35000, 三万|零五 30005, 三万|五千 35000."""
    if high is None or not low:
        return None if high is None else high * unit
    if _DIGITS.get(low):
        return high * unit + _DIGITS[low] * unit / 10
    rest = spoken_number(low)
    return None if rest is None else high * unit + rest


def _below_ten_thousand(text: str) -> Decimal | None:
    if not text or any(each not in _DIGITS and each not in _TENS for each in text):
        return None
    total, digit, last = 0, None, 1
    for each in text:
        if each in _TENS:
            total += (1 if digit is None else digit) * _TENS[each]
            digit, last = None, _TENS[each]
        elif digit is not None and digit != 0:
            return None  # 四五: two digits side by side are a guess, not a number
        else:
            digit, last = _DIGITS[each], 1 if each in "零〇" else last
    if digit is not None:
        # 一千二 is 1200, 二十五 is 25
        total += digit * (last // 10 if last > 10 else 1)
    return Decimal(total)


def _flag(word: str, definition: FactDef) -> Answer | None:
    bare = _TAIL.sub("", word) or word
    backwards = "从未" in definition.question
    if bare in _YES and not (backwards and bare == "有"):
        return Answer(True)
    if bare in _NO and not (backwards and bare in ("没有", "没")):
        return Answer(False)
    return None


def _chosen(word: str, definition: FactDef) -> Answer | None:
    found = [choice for choice in definition.choices if choice.casefold() == word]
    found = found or [
        choice for choice in definition.choices if len(word) <= len(choice) + 4 and choice.casefold() in word
    ]
    return Answer(max(found, key=len)) if found else None


def _set(word: str, definition: FactDef) -> Answer | None:
    if word in _NOTHING:
        return Answer(())
    names = {choice: _short_names(choice) for choice in definition.choices}
    found = tuple(choice for choice, said in names.items() if any(each in word for each in said))
    return Answer(found) if found else None


def _short_names(choice: str) -> tuple[str, ...]:
    name = QUAL_NAMES.get(choice, choice)
    short = {"HNTE": "高企", "LG": "小巨人", "TSME": "科小", "SRDI": "专精特新", "ISME": "创新型", "AS": "规上"}
    return (choice.casefold(), name.casefold(), *([short[choice]] if choice in short else []))


def _date(word: str, definition: FactDef) -> Answer | None:
    found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", word)
    found = found or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", word)
    day = iso_date(f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}") if found else None
    return Answer(day) if day else None


_READERS: Mapping[str, Callable[[str, FactDef], Answer | None]] = {
    "number": _number,
    "flag": _flag,
    "category": _chosen,
    "set": _set,
    "date": _date,
}
