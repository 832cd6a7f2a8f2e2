"""Several answers in one sentence (一句话里的几个答案): 叫溪华电瓷，注册资本五百万，法人张三.

By the names of fields, then by what only one field can be. What could belong to two fields is left to be asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.forms import names
from chalicelib.forms.model import Compiled, FieldDef
from chalicelib.forms.values import ValueProblem, read, show

_STRETCH = re.compile(r"(?:[^，,。；;！!？?\n]|(?<=\d),(?=\d{3}))+")
_SPACED_DIGITS = re.compile(r"(?<=\d)[ \u3000](?=\d{1,4}(?!\d))")
_LONG_NUMBER = re.compile(r"\d[\dXx\-]{7,}")
_LINK = re.compile(r"^[\s:：]*(?:就?是|为|填|写|叫做?|在|改成|改为)?[\s:：]*")
_SHORTEST = 2
_FREE: frozenset[str] = frozenset({"text", "address", "company"})
_WHOLE = _FREE | {"choices"}
"""Types whose answer may hold commas."""
_TELLING: frozenset[str] = frozenset({"phone", "id_number", "uscc"})
"""Types whose values can be nothing else."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the sentence: ``fields`` that its label may mean (empty: none), and the rest."""

    fields: tuple[str, ...]
    text: str


def several(
    compiled: Compiled, text: str, on: date, asking: str = "", answered: Collection[str] = ()
) -> dict[str, str]:
    """Canonical values by field, as far as they are certain. ``asking`` is the open question: what carries no label
    and can be read as its answer is its answer. ``answered`` fields are changed only where they are named."""
    text = _SPACED_DIGITS.sub("", text)
    found: dict[str, str] = {}
    near = asking
    if asking and compiled.fields[asking].type in _WHOLE:
        own, text = _own(compiled, text, on)
        value = _read(compiled.fields[asking], own, on) if own else None
        found = {asking: value} if value is not None else {}
    for piece in _pieces(compiled, text):
        field = _meant(compiled, piece, on, near, asking, {*found, *answered} - {asking})
        if field is None or field in found:
            continue
        value = _read(compiled.fields[field], piece.text, on)
        if value is not None:
            found[field] = value
            near = field
    return found


def _own(compiled: Compiled, text: str, on: date) -> tuple[str, str]:
    """What answers an open question for free words, and what follows it: from the first stretch on that names another
    field and can be read as its value."""
    known = labels(compiled)
    for start, part in _parts(known, text):
        for piece in _split(compiled, known, part):
            strict = [name for name in piece.fields if compiled.fields[name].type not in _FREE]
            if any(_read(compiled.fields[name], piece.text, on) is not None for name in strict):
                return text[:start].rstrip("，,。；; "), text[start:]
            break
    return text, ""


def _meant(compiled: Compiled, piece: Piece, on: date, near: str, asking: str, done: Collection[str]) -> str | None:
    """The one field that the piece can belong to."""
    if piece.fields:
        return _one_of(compiled, piece.fields, near, done)
    if asking and asking not in done and _read(compiled.fields[asking], piece.text, on) is not None:
        return asking
    fits = [
        name
        for name, field in compiled.fields.items()
        if name not in done and field.type in _TELLING and _read(field, piece.text, on) is not None
    ]
    return _one_of(compiled, fits, near, done)


def _one_of(compiled: Compiled, fields: Sequence[str], near: str, done: Collection[str]) -> str | None:
    """The only one; else the only one in the part of the form that the field just named belongs to; else the only one
    that has no answer yet."""
    if len(fields) == 1:
        return fields[0]
    if near in compiled.uses:
        section = compiled.uses[near].section
        beside = [name for name in fields if section and compiled.uses[name].section == section]
        if len(beside) == 1:
            return beside[0]
    left = [name for name in fields if name not in done]
    return left[0] if len(left) == 1 else None


def _read(field: FieldDef, text: str, on: date) -> str | None:
    try:
        return read(field, text, on)
    except ValueProblem:
        return None


# ------------------------------------------------------------------------------------------------------------- pieces


def labels(compiled: Compiled) -> dict[str, tuple[str, ...]]:
    """What a field may be called in a sentence → the fields that it may mean, the longest first."""
    found: dict[str, list[str]] = {}
    for name, field in compiled.fields.items():
        for called in (field.name, *field.called):
            found.setdefault(called, []).append(name)
    return {called: tuple(found[called]) for called in sorted(found, key=len, reverse=True)}


def _pieces(compiled: Compiled, text: str) -> Iterator[Piece]:
    known = labels(compiled)
    for _, part in _parts(known, text):
        yield from _split(compiled, known, part)


def _parts(known: Mapping[str, tuple[str, ...]], text: str) -> Iterator[tuple[int, str]]:
    """Stretches between punctuation, with their places; a space ends one only before another label or a long number."""
    for stretch in _STRETCH.finditer(text):
        start, current = 0, ""
        for word in re.finditer(r"\S+", stretch.group()):
            begins = word.group().startswith(tuple(known)) or _LONG_NUMBER.match(word.group()) is not None
            if current and begins and current.strip(" :：") not in known:
                yield stretch.start() + start, current
                current = ""
            start = start if current else word.start()
            current = f"{current} {word.group()}" if current else word.group()
        if current:
            yield stretch.start() + start, current


def _split(compiled: Compiled, known: Mapping[str, tuple[str, ...]], part: str) -> Iterator[Piece]:
    """A part without separators: its label at the start, and more labels inside unless its value is free text."""
    label = next((called for called in known if part.startswith(called) and len(part) > len(called)), "")
    rest = _LINK.sub("", part[len(label) :]) if label else part
    fields = known.get(label, ())
    if label and not any(compiled.fields[name].type in _FREE for name in fields):
        inside = [
            (rest.index(called), called)
            for called in known
            if len(called) >= _SHORTEST and rest.find(called) > 0 and called != label
        ]
        if inside:
            place, _ = min(inside)
            yield Piece(fields, rest[:place])
            yield from _split(compiled, known, rest[place:])
            return
    yield Piece(fields, rest)


# -------------------------------------------------------------------------------------------------------- corrections

_NUMERALS = "一二三四五六七八九十"
_NUMBERED = re.compile(
    rf"^(?:请?(?:把|改|改一?下|修改)?)?第(?P<n>\d{{1,2}}|[{_NUMERALS}]{{1,2}})(?:个|项|问|条|题|行)?(?P<rest>.*)$",
    re.DOTALL,
)
_LINKS = re.compile(
    r"^(?:也)?(?:不对|错了|填错了|写错了|有误|不是这个|要改|改一?下|修改)?[，,。\s:：]*"
    r"(?:应该|应当|要)?(?:就?是|改成|改为|换成|为)?[，,\s:：]*"
)
_CHANGE = re.compile(
    r"^(?:请|帮我)?(?:把|将)?(?P<what>.+?)(?:改成|改为|换成|应该是|应为|错了|不对|填错了|写错了|要改)(?P<rest>.*)$",
    re.DOTALL,
)
_CHANGE_FIRST = re.compile(r"^(?:请|帮我)?(?:改一?下|修改|改)(?P<what>.+)$", re.DOTALL)
_WRONG = re.compile(r"不对|错|改|应该|应当|换|有误")
_BUT_NOT = re.compile(r"^(?:应该)?是(?P<new>[^，,]+?)[，,\s]*(?:而)?不是(?P<old>[^，,]+)$")
_NOT_BUT = re.compile(r"^不是(?P<old>[^，,]+?)[，,\s]*(?:而)?(?:是|应该是)(?P<new>[^，,]+)$")


def correction(
    compiled: Compiled, text: str, answers: Mapping[str, str] | None = None, order: Sequence[str] = ()
) -> tuple[str, str] | None:
    """The field that is to be changed, and what is said to be right (empty: only that it is wrong); None where the
    sentence corrects nothing or it is not clear what.

    ``answers`` (canonical) let 不是张三是张山 find its field; ``order`` is the list that 第几项 counts in, the form's
    order where none is given.
    """
    said = text.strip().rstrip("。！! ")
    if found := _NUMBERED.match(said):
        return _by_number(found, order or compiled.form.field_ids(), said)
    if answers and (found := _NOT_BUT.match(said) or _BUT_NOT.match(said)):
        held = [
            name
            for name, value in answers.items()
            if name in compiled.fields and _shows(compiled, name, value, found["old"])
        ]
        return (held[0], found["new"]) if len(held) == 1 else None
    for pattern in (_CHANGE, _CHANGE_FIRST):
        if found := pattern.match(said):
            made = _by_name(compiled, found, answers)
            if made:
                return made
    return None


def _by_number(found: re.Match[str], order: Sequence[str], said: str) -> tuple[str, str] | None:
    written = found["n"]
    number = int(written) if written.isdigit() else _spoken(written)
    rest = _LINKS.sub("", found["rest"]).strip()
    is_change = said.startswith(("改", "请", "把", "修改")) or _WRONG.search(found["rest"]) is not None
    if not is_change or not 1 <= number <= len(order):
        return None
    return order[number - 1], rest


def _spoken(text: str) -> int:
    tens, mark, ones = text.partition("十")
    if not mark:
        return _NUMERALS.index(text) + 1 if len(text) == 1 else 0
    return (10 * (_NUMERALS.index(tens) + 1) if tens else 10) + (_NUMERALS.index(ones) + 1 if ones else 0)


def _by_name(compiled: Compiled, found: re.Match[str], answers: Mapping[str, str] | None) -> tuple[str, str] | None:
    what = found["what"].strip("，,。 的")
    groups = found.groupdict()
    for called, fields in labels(compiled).items():
        if len(called) < _SHORTEST or not what.startswith(called):
            continue
        inside = _LINKS.sub("", what[len(called) :]) if "rest" not in groups else ""
        if "rest" in groups and what != called:
            continue
        held = [name for name in fields if answers and name in answers] or list(fields)
        rest = _LINKS.sub("", groups.get("rest") or "") or inside
        return (held[0], rest.strip()) if len(held) == 1 else None
    return None


def _shows(compiled: Compiled, name: str, value: str, said: str) -> bool:
    field = compiled.fields[name]
    return said in (value, show(field, value)) or (field.type == "person" and names_equal(said, value))


def names_equal(said: str, value: str) -> bool:
    try:
        return names.person(said) == value
    except ValueProblem:
        return False
