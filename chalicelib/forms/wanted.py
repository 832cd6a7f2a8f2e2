"""Which fields a form wants as things stand (要填的字段), by the condition engine of the policies, three-valued.

A condition that rests on what has not been answered keeps its field back: it is neither asked nor printed yet, and may
still come. What a field that is not wanted was once answered counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from chalicelib.forms.checks import figure_of
from chalicelib.forms.draft import Draft
from chalicelib.forms.model import Compiled, FieldDef, Form
from chalicelib.policies.closures import Test, compile_verdict
from chalicelib.policies.conditions import parse
from chalicelib.policies.dictionary import FactDef, FactType, Schema
from chalicelib.policies.tree import ASK, NO, NOT_APPLICABLE, YES, Tree, Verdict

_FACT_TYPES: Mapping[str, FactType] = {
    "amount": "number",
    "number": "number",
    "percent": "number",
    "date": "date",
    "flag": "flag",
    "choices": "set",
}
Values = Mapping[str, str]
"""Canonical texts by field (``Draft.values``)."""


def schema(fields: Mapping[str, FieldDef]) -> Schema:
    """What conditions of a form may name: amounts are numbers in the field's unit (元 where it has none)."""
    return {
        name: FactDef(
            _FACT_TYPES.get(field.type, "category"),
            field.name,
            ("元" if field.type == "amount" and not field.unit else field.unit),
            choices=field.choices,
        )
        for name, field in fields.items()
    }


def fact(field: FieldDef, value: str) -> Any:
    """A canonical text as a condition sees it."""
    if field.type in ("amount", "number", "percent"):
        figure = figure_of(field, value)
        return int(figure) if figure == figure.to_integral_value() else float(figure)
    if field.type == "flag":
        return value == "是"
    return frozenset(value.split("、")) if field.type == "choices" else value


class Conditions:
    """The conditions of one form, parsed once."""

    def __init__(self, compiled: Compiled) -> None:
        """Raises ConditionProblems: content is checked before it gets here."""
        self._fields = compiled.fields
        self._order = compiled.form.field_ids()
        known = schema(compiled.fields)
        self._trees: dict[str, Tree] = {
            one.field: parse(one.when, known, reachable=False) for one in compiled.form.fields if one.when
        }
        self._tests: dict[str, Test] = {name: compile_verdict(tree) for name, tree in self._trees.items()}
        self._findings = _tests([one.when for one in compiled.form.findings], known)
        self._materials = _tests([one.when for one in compiled.form.materials], known)

    @cached_property
    def hangs_on(self) -> dict[str, int]:
        """How many other fields' conditions look at a field."""
        counted: dict[str, int] = dict.fromkeys(self._order, 0)
        for name, tree in self._trees.items():
            for asked in tree.facts:
                counted[asked] += asked != name
        return counted

    def standing(self, values: Values) -> dict[str, Verdict]:
        """Per field YES (wanted), NO (not wanted) or ASK (rests on what is still open), in the order of the form."""
        found: dict[str, Verdict] = {}
        facts: dict[str, Any] = {}
        for name in self._order:
            self._settle(name, values, found, facts)
        return {name: found[name] for name in self._order}

    def facts(self, values: Values) -> dict[str, Any]:
        """What conditions see: values of wanted fields; NOT_APPLICABLE for fields that are not wanted."""
        found: dict[str, Verdict] = {}
        facts: dict[str, Any] = {}
        for name in self._order:
            self._settle(name, values, found, facts)
        return facts

    def findings(self, values: Values) -> list[int]:
        """Places of the form's findings that hold of the answers, beyond doubt."""
        facts = self.facts(values)
        return [place for place, test in enumerate(self._findings) if test is not None and test(facts) == YES]

    def materials(self, values: Values) -> list[int]:
        """Places of the form's materials that are needed: without condition, or with one that holds."""
        facts = self.facts(values)
        return [place for place, test in enumerate(self._materials) if test is None or test(facts) == YES]

    def _settle(self, name: str, values: Values, found: dict[str, Verdict], facts: dict[str, Any]) -> None:
        """Settles what a condition looks at first; content has no circles (``content``'s check of forms)."""
        if name in found:
            return
        found[name] = ASK
        test = self._tests.get(name)
        if test is not None:
            for asked in self._trees[name].facts:
                self._settle(asked, values, found, facts)
        found[name] = YES if test is None else Verdict(test(facts))
        if found[name] == NO:
            facts[name] = NOT_APPLICABLE
        elif found[name] == YES and name in values:
            facts[name] = fact(self._fields[name], values[name])


_kept: WeakKeyDictionary[Compiled, Conditions] = WeakKeyDictionary()


def conditions(compiled: Compiled) -> Conditions:
    """The form's conditions, parsed when first asked for and as long as the form lives."""
    if compiled not in _kept:
        _kept[compiled] = Conditions(compiled)
    return _kept[compiled]


def wanted(compiled: Compiled, values: Values) -> list[str]:
    """The fields that the form wants as things stand, in the order of the form."""
    return [name for name, verdict in conditions(compiled).standing(values).items() if verdict == YES]


def may_come(compiled: Compiled, values: Values) -> list[str]:
    """The fields that an answer still open may bring, in the order of the form."""
    return [name for name, verdict in conditions(compiled).standing(values).items() if verdict not in (YES, NO)]


def open_fields(compiled: Compiled, draft: Draft) -> list[str]:
    """The wanted fields without an answer that were not skipped, the next to be asked first: required before optional,
    then section by section as the form has them (who is one thing after the other for the person too), within one by
    how many other fields hang on it, then in the order of the form. What is computed comes when the rest is there, and
    is asked only if it could not be."""
    count = conditions(compiled).hangs_on
    sections = list(dict.fromkeys(one.section for one in compiled.form.fields))
    left = [
        name for name in wanted(compiled, draft.values()) if name not in draft.answers and name not in draft.skipped
    ]
    return sorted(
        left,
        key=lambda name: (
            not compiled.uses[name].required,
            bool(compiled.fields[name].computed),
            sections.index(compiled.uses[name].section),
            -count[name],
        ),
    )


def next_field(compiled: Compiled, draft: Draft) -> str | None:
    """What to ask next, None when nothing is left."""
    return next(iter(open_fields(compiled, draft)), None)


def incomplete(compiled: Compiled, values: Values) -> list[str]:
    """Required fields that are wanted and have no answer: the form cannot be submitted."""
    return [name for name in wanted(compiled, values) if compiled.uses[name].required and name not in values]


def circles(form: Form, known: Schema) -> Iterator[str]:
    """Fields whose condition comes back to themselves."""
    looks_at = {one.field: parse(one.when, known, reachable=False).facts for one in form.fields if one.when}
    for name in looks_at:
        reached, frontier = set(), set(looks_at[name])
        while frontier:
            reached |= frontier
            frontier = {next_one for one in frontier for next_one in looks_at.get(one, ())} - reached
        if name in reached:
            yield name


def _tests(raws: list[dict[str, Any]], known: Schema) -> list[Test | None]:
    return [compile_verdict(parse(raw, known, reachable=False)) if raw else None for raw in raws]
