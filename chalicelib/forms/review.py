"""预审: what can be said of a filled-in form before an office sees it, by rules and nothing else.

Only what is certainly so is told: a rule that rests on an answer not given yet stays silent. Each finding belongs to
one field and bears the number that the person sees beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from chalicelib.forms.draft import Draft
from chalicelib.forms.model import Compiled, NeededMaterial, ValueType
from chalicelib.forms.problems import ValueProblem
from chalicelib.forms.values import read, show
from chalicelib.forms.wanted import conditions, incomplete, wanted

NOT_BROUGHT = frozenset({"系统生成", "部门共享"})
"""Sources of materials (``NeededMaterial.source``) that nobody has to bring: made by this form, had by an office."""

_OWN_NUMBERS: Mapping[ValueType, str] = {"id_number": "身份证号", "bank_account": "账号"}


@dataclass(frozen=True, slots=True)
class Found:
    """预审结果. ``stops`` keeps the form from being handed in (不能提交); otherwise it is advice (提醒)."""

    field: str
    number: int
    text: str
    stops: bool

    def __str__(self) -> str:
        return f"第 {self.number} 项：{self.text}"


def review(compiled: Compiled, draft: Draft, on: date) -> tuple[Found, ...]:
    """Everything found, what stops first, then by number; one text is told once of a field."""
    found = {
        (name, text): Found(name, compiled.number(name), text, stops)
        for name, text, stops in (
            *_left_open(compiled, draft),
            *_not_right(compiled, draft, on),
            *_by_rule(compiled, draft),
            *_repeated(compiled, draft),
        )
    }
    return tuple(sorted(found.values(), key=lambda each: (not each.stops, each.number)))


def missing(compiled: Compiled, draft: Draft) -> tuple[NeededMaterial, ...]:
    """还要带的材料: what certainly is to be brought. What this form makes and what is shared is not."""
    listed = compiled.form.materials
    needed = (listed[place] for place in conditions(compiled).materials(draft.values()))
    return tuple(each for each in needed if each.source not in NOT_BROUGHT)


_Told = tuple[str, str, bool]


def _left_open(compiled: Compiled, draft: Draft) -> Iterator[_Told]:
    for name in incomplete(compiled, draft.values()):
        yield name, f"还没有填{compiled.fields[name].name}。", True


def _not_right(compiled: Compiled, draft: Draft, on: date) -> Iterator[_Told]:
    """Values are read again as if they came today: a day has passed, or the form's new version is stricter."""
    for name in wanted(compiled, draft.values()):
        value, field = draft.value(name), compiled.fields[name]
        if value is None:
            continue
        try:
            read(field, show(field, value), on)
        except ValueProblem as problem:
            yield name, str(problem), True


def _by_rule(compiled: Compiled, draft: Draft) -> Iterator[_Told]:
    for place in conditions(compiled).findings(draft.values()):
        rule = compiled.form.findings[place]
        yield rule.field, rule.text, rule.stops


def _repeated(compiled: Compiled, draft: Draft) -> Iterator[_Told]:
    """Numbers that belong to one person each and stand twice: may be right (one person in two roles), worth a look."""
    for kind, said in _OWN_NUMBERS.items():
        first: dict[str, str] = {}
        for name in wanted(compiled, draft.values()):
            value = draft.value(name)
            if value is None or compiled.fields[name].type != kind:
                continue
            if value in first:
                yield name, f"{said}和第 {compiled.number(first[value])} 项一样，不是同一个就请改。", False
            first.setdefault(value, name)
