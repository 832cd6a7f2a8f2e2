"""A form as the page shows it: sections, fields with their values and where these are from, problems at their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from chalicelib.forms.draft import Answer, Draft
from chalicelib.forms.model import Compiled, FieldDef, Source, ValueType
from chalicelib.forms.review import Found
from chalicelib.forms.values import masked, show
from chalicelib.forms.wanted import may_come, wanted

PREFIX = "f."
"""Before the name of a field in what a form sends: a field may be called token."""
_MOST_RADIOS = 6
_KEYBOARDS: Mapping[ValueType, str] = {
    "phone": "tel",
    "number": "decimal",
    "percent": "decimal",
    "bank_account": "numeric",
}
_NUMBERS: frozenset[ValueType] = frozenset({"bank_account", "id_number", "phone"})
"""Not shown again in full once they are there: a page is easily read over somebody's shoulder. Names and addresses
are, to be checked."""
_LONG: frozenset[ValueType] = frozenset({"address"})
_LONG_TEXT = 40
"""A text with an example or a value longer than this gets a box of several lines."""


@dataclass(frozen=True, slots=True)
class ShownField:
    """``control`` is line, lines, date, radio, select or checks; ``value`` what stands in it. ``hidden_value`` stands
    for a personal number that is there and is not shown again (masked)."""

    id: str
    number: int
    name: str
    question: str
    help: str
    required: bool
    control: str
    value: str
    hidden_value: str
    chosen: frozenset[str]
    choices: tuple[str, ...]
    keyboard: str
    source: str
    is_prefilled: bool
    problem: str = ""

    @property
    def key(self) -> str:
        return f"{PREFIX}{self.id}"

    @property
    def described_by(self) -> str:
        """Ids of what explains it, for aria-describedby."""
        parts = (("help", self.help), ("source", self.source), ("problem", self.problem))
        return " ".join(f"{name}-{self.id}" for name, text in parts if text)


@dataclass(frozen=True, slots=True)
class ShownSection:
    title: str
    fields: tuple[ShownField, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """What was sent and could not be taken: the texts as typed, and why, by field."""

    texts: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One answer in the list for checking. ``warning`` is what was found about it."""

    id: str
    number: int
    name: str
    value: str
    source: str
    warning: str = ""


def sections(compiled: Compiled, draft: Draft, typed: Typed) -> tuple[list[ShownSection], list[ShownSection]]:
    """What the form wants as things stand: what is left to the person, and what was filled in for them, each with its
    sections in the order in which they first come. What has a problem is left to the person."""
    own: dict[str, list[ShownField]] = {}
    ready: dict[str, list[ShownField]] = {}
    for name in wanted(compiled, draft.values()):
        shown = _shown(compiled, name, draft.answers.get(name), typed)
        title = compiled.uses[name].section or compiled.form.title
        (ready if shown.is_prefilled and not shown.problem else own).setdefault(title, []).append(shown)
    return _listed(own), _listed(ready)


def _listed(fields: Mapping[str, list[ShownField]]) -> list[ShownSection]:
    return [ShownSection(title, tuple(shown)) for title, shown in fields.items()]


def more_may_come(compiled: Compiled, draft: Draft) -> bool:
    return bool(may_come(compiled, draft.values()))


def answered(compiled: Compiled, draft: Draft) -> tuple[int, int]:
    """How many of the wanted fields have an answer, and how many there are."""
    names = wanted(compiled, draft.values())
    return sum(name in draft.answers for name in names), len(names)


def lines(compiled: Compiled, draft: Draft, found: tuple[Found, ...]) -> list[ShownLine]:
    """Every answer that counts, numbered as in the chat."""
    warnings = {one.field: one.text for one in reversed(found)}
    return [
        ShownLine(
            name,
            compiled.number(name),
            compiled.fields[name].name,
            _visible(compiled.fields[name], draft.answers[name]),
            source_of(draft.answers[name]),
            warnings.get(name, ""),
        )
        for name in wanted(compiled, draft.values())
        if name in draft.answers
    ]


def changes(compiled: Compiled, draft: Draft, form: Mapping[str, str]) -> list[tuple[str, str]]:
    """(field, text) of what was changed on the page, in the order of the form; an empty text is a field wiped."""
    sent = [(name, form[PREFIX + name].strip()) for name in compiled.form.field_ids() if PREFIX + name in form]
    return [(name, text) for name, text in sent if text != _standing(compiled, draft, name, bool(text))]


def source_of(answer: Answer) -> str:
    """部门共享 · 市监 2026-10-31; nothing for what the person said."""
    if answer.source is Source.SELF:
        return ""
    parts = (answer.source.value, answer.origin if answer.origin != answer.source.value else "")
    return " · ".join(filter(None, parts))


def _standing(compiled: Compiled, draft: Draft, name: str, is_filled: bool) -> str:
    """What the control showed: nothing of a number that is hidden, unless it was typed again."""
    answer, definition = draft.answers.get(name), compiled.fields[name]
    if answer is None or (definition.type in _NUMBERS and not is_filled):
        return ""
    return _in_control(definition, answer.value)


def _in_control(definition: FieldDef, value: str) -> str:
    """As it stands in the control: dates, choices and flags as they are kept."""
    return value if definition.type in ("date", "choice", "choices", "flag") else show(definition, value)


def _visible(definition: FieldDef, answer: Answer) -> str:
    return masked(definition, answer.value) if definition.type in _NUMBERS else show(definition, answer.value)


def _shown(compiled: Compiled, name: str, answer: Answer | None, typed: Typed) -> ShownField:
    definition, use = compiled.fields[name], compiled.uses[name]
    value = _in_control(definition, answer.value) if answer else ""
    secret = masked(definition, answer.value) if answer and definition.type in _NUMBERS else ""
    value = typed.texts.get(name, "" if secret else value)
    choices = ("是", "否") if definition.type == "flag" else definition.choices
    return ShownField(
        id=name,
        number=compiled.number(name),
        name=definition.name,
        question=compiled.question(name),
        help=_help(definition, bool(value)),
        required=use.required,
        control=_control(definition, choices, value),
        value=value,
        hidden_value=secret,
        chosen=frozenset(value.split("、")),
        choices=choices,
        keyboard=_KEYBOARDS.get(definition.type, ""),
        source=source_of(answer) if answer else "",
        is_prefilled=answer is not None and answer.source.prefilled,
        problem=typed.problems.get(name, ""),
    )


def _help(definition: FieldDef, is_filled: bool) -> str:
    """An example is for who does not know how to write it: not where it is chosen, not where it is written already."""
    needs = definition.example and not is_filled and not definition.choices
    example = f"例：{definition.example}" if needs else ""
    return " ".join(filter(None, (definition.help, example)))


def _control(definition: FieldDef, choices: tuple[str, ...], value: str) -> str:
    if definition.type == "choices":
        return "checks"
    if choices:
        return "radio" if len(choices) <= _MOST_RADIOS else "select"
    if definition.type == "date" and (not value or _is_iso(value)):
        return "date"
    is_long = definition.type in _LONG or max(len(value), len(definition.example)) > _LONG_TEXT
    return "lines" if is_long else "line"


def _is_iso(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
