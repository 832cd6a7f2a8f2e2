"""A form filled in for trying it (试填): what a sample enterprise brings, and the examples of the field dictionary."""

from __future__ import annotations

from datetime import date, datetime

from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.forms.computed import compute
from chalicelib.forms.draft import Answer, Draft
from chalicelib.forms.model import Compiled, FieldDef, Source
from chalicelib.forms.prefill import prefill
from chalicelib.forms.problems import ValueProblem
from chalicelib.forms.values import read
from chalicelib.forms.wanted import next_field
from chalicelib.times import local_date

_NOBODY = "nobody"
_NUMBERS = {"id_number": "360323199001010010", "bank_account": "14020000000000001"}
"""Well-formed and nobody's: the dictionary gives no example of a number that is somebody's."""


def sample_draft(compiled: Compiled, enterprise: Enterprise | None, now: datetime) -> Draft:
    """Every wanted field answered that has an example or a choice; marked as a sample."""
    draft = Draft(
        id="D-SAMPLE",
        form=compiled.form.id,
        version=compiled.form.version,
        owner=_NOBODY,
        uscc=enterprise.uscc if enterprise else "",
        answers=prefill(compiled, enterprise, {}, now, Role.LEGAL),
        started_at=now,
        updated_at=now,
        expires_at=now,
        sample=True,
    )
    while name := next_field(compiled, draft):
        draft = _answered(compiled, draft, name, now)
    return draft


def _answered(compiled: Compiled, draft: Draft, name: str, now: datetime) -> Draft:
    """With an example for this field and everything that is computed from it; skipped where there is no example."""
    on = local_date(now)
    value = example(compiled.fields[name], on)
    if value is None:
        return draft.model_copy(update={"skipped": (*draft.skipped, name)})
    answers = {**draft.answers, name: Answer(value=value, source=Source.SELF, at=now)}
    values = {field: answer.value for field, answer in answers.items()}
    for field, made in compute(compiled, values, on).items():
        if field not in answers or answers[field].source is Source.COMPUTED:
            answers[field] = Answer(value=made, source=Source.COMPUTED, at=now)
    return draft.model_copy(update={"answers": answers})


def example(field: FieldDef, on: date) -> str | None:
    """The canonical text of the field's example, or of what stands in for one; None where nothing fits."""
    least = f"{field.least or 1:g}"
    stand_ins = {"flag": "否", "date": on.isoformat(), "number": least, "percent": least, **_NUMBERS}
    for text in (field.example, *field.choices[:1], stand_ins.get(field.type, "")):
        try:
            return read(field, text, on)
        except ValueProblem:
            continue
    return None
