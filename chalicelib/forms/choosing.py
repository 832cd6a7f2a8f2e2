"""One of several, or some of them (选项): by number, by name, by near words; and yes or no."""

from __future__ import annotations

import re
import unicodedata

from chalicelib.forms.model import FieldDef
from chalicelib.forms.problems import ValueProblem
from chalicelib.guidance.aliases import normalise

_NUMERALS = "一二三四五六七八九十"
_NUMBERED = re.compile(rf"(?:第|选|我选)?(?P<n>\d{{1,2}}|[{_NUMERALS}])(?:个|项|种|号)?[.。、]?")
_APART = re.compile(r"[\s,，、;；/+和]+")
_ENDS = re.compile(r"^(?:就?是|我?选|我要|要|填)+|(?:吧|呀|啊|哈|哩|的|了|这个|那个)+$")
_MARKS = re.compile(r"[\s。！!？?，,“”\"'（）()]+")
_YES = frozenset(
    "是 是的 对 对的 有 有的 要 要的 需要 会 同意 愿意 嗯 嗯嗯 好 好的 行 可以 是咯 有咯 要得 y yes true 已 已经 "
    "做了 有了".split()
)
_NO = frozenset(
    "否 不是 不 不对 没有 没 无 不要 不需要 不用 不会 不同意 不行 不可以 冇 冇得 冇有 么得 莫得 没得 莫 不是咯 没做 "
    "还没有 n no false".split()
)


def one(field: FieldDef, said: str) -> str:
    """The choice that is meant. Raises ValueProblem where none or more than one is."""
    found = _found(field, said)
    if len(found) == 1:
        return found[0]
    raise ValueProblem(f"{'只能选一个' if found else '没有对上'}，请回复数字：{_listed(field)}。")


def several(field: FieldDef, said: str) -> list[str]:
    """The choices that are meant, in the order of the field. Raises ValueProblem where none is."""
    whole = _plain(said)
    if whole in ("都要", "全部", "都有", "都是", "全要", "都选"):
        return list(field.choices)
    parts = [part for part in _APART.split(said) if part.strip()]
    chosen: set[str] = set()
    for part in parts:
        found = _found(field, part)
        if len(found) != 1:
            break
        chosen.update(found)
    else:
        if chosen:
            return [choice for choice in field.choices if choice in chosen]
    named = [choice for choice in field.choices if _words(choice) in whole]
    if not named:
        raise ValueProblem(f"没有对上，可以选几个，请回复数字，例如 1、2：{_listed(field)}。")
    return named


def flag(said: str) -> str:
    """是 or 否; 冇 and 么得 are no. Raises ValueProblem."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKC", said)).lower()
    for word in (bare, re.sub(r"(?:吧|呀|啊|哈|哩|了|咯|的|我们|呢)+$", "", bare)):
        if word in _NO:
            return "否"
        if word in _YES:
            return "是"
    raise ValueProblem("请回复“是”或“否”。")


def _found(field: FieldDef, said: str) -> list[str]:
    """Equal first; then a number in the list; then the one whose words hold what was said, or are held by it."""
    bare = _plain(said)
    if exact := [choice for choice in field.choices if _words(choice) == bare]:
        return exact
    if numbered := _NUMBERED.fullmatch(bare):
        place = _NUMERALS.find(numbered["n"]) + 1 or int(numbered["n"])
        return [field.choices[place - 1]] if 1 <= place <= len(field.choices) else []
    bare = _ENDS.sub("", bare) or bare
    held = [choice for choice in field.choices if _words(choice) in bare]
    longest = max((len(_words(choice)) for choice in held), default=0)
    if held:
        return [choice for choice in held if len(_words(choice)) == longest]
    return [choice for choice in field.choices if bare and bare in _words(choice)]


def _plain(text: str) -> str:
    return _MARKS.sub("", normalise(text))


def _words(choice: str) -> str:
    return _plain(choice)


def _listed(field: FieldDef) -> str:
    return " ".join(f"{number} {choice}" for number, choice in enumerate(field.choices, 1))
