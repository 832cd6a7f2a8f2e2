"""How much of a form is filled in before anybody is asked (预填率), for enterprises and the forms that fit them.

Counted are the fields that are required and wanted once everything known is in. Of these,

- *filled*: taken from a department, the enterprise file, or derived from it;
- *asked*: the rest, less what will be derived from an answer (a birthday from an ID number);
- *knowable*: what the government could know — a field that names its source in the enterprise file, or is derived from
  such fields alone. What somebody wishes, and third persons, are never knowable.

The share of a form is filled / knowable; filled / counted stands beside it, since that is what the person feels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.forms.computed import RULES
from chalicelib.forms.finder import fitting
from chalicelib.forms.model import Compiled, Source
from chalicelib.forms.prefill import prefill
from chalicelib.forms.wanted import wanted
from chalicelib.times import local_date


@dataclass(frozen=True, slots=True)
class Coverage:
    """One form for one enterprise, in numbers of fields."""

    form: str
    title: str
    uscc: str
    name: str
    prefilled: int
    derived: int
    later: int
    """Derived once the answers they rest on are there."""
    asked: int
    knowable: int

    @property
    def filled(self) -> int:
        return self.prefilled + self.derived

    @property
    def total(self) -> int:
        return self.filled + self.later + self.asked


def cover(forms: Iterable[Compiled], enterprises: Iterable[Enterprise], now: datetime) -> Iterator[Coverage]:
    """What the legal representative of each enterprise finds filled in, form by form."""
    every = list(forms)
    for enterprise in enterprises:
        for compiled in fitting(every, enterprise, local_date(now)):
            yield _one(compiled, enterprise, now)


def _one(compiled: Compiled, enterprise: Enterprise, now: datetime) -> Coverage:
    answers = prefill(compiled, enterprise, {}, now, Role.LEGAL)
    values = {name: answer.value for name, answer in answers.items()}
    counted = [name for name in wanted(compiled, values) if compiled.uses[name].required]
    derived = sum(name in answers and answers[name].source is Source.COMPUTED for name in counted)
    filled = sum(name in answers for name in counted)
    later = sum(name not in answers and _is_derived(compiled, name) for name in counted)
    return Coverage(
        form=compiled.form.id,
        title=compiled.form.title,
        uscc=enterprise.uscc,
        name=enterprise.name,
        prefilled=filled - derived,
        derived=derived,
        later=later,
        asked=len(counted) - filled - later,
        knowable=sum(name in answers or knowable(compiled, name) for name in counted),
    )


def knowable(compiled: Compiled, name: str) -> bool:
    """Whether a department or arithmetic over what departments know could give this field."""
    field = compiled.fields[name]
    if field.profile:
        return True
    rule = RULES.get(field.computed)
    return rule is not None and all(each in compiled.fields and knowable(compiled, each) for each in rule.inputs)


def _is_derived(compiled: Compiled, name: str) -> bool:
    rule = RULES.get(compiled.fields[name].computed)
    return rule is not None and not compiled.fields[name].profile and not knowable(compiled, name)
