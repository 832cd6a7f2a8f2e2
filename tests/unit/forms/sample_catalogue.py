"""The twelve forms, the dictionary and the twelve enterprises of ``data/``, read once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from chalicelib.enterprises.model import Enterprise
from chalicelib.forms.model import Compiled, FieldDef, Form
from chalicelib.policies.model import Policy

DATA = Path(__file__).parents[3] / "data"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ON = date(2026, 11, 23)


def rows(name: str) -> list[dict[str, Any]]:
    with (DATA / f"{name}.yaml").open(encoding="utf-8") as file:
        held: list[dict[str, Any]] = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return held


@cache
def dictionary() -> dict[str, FieldDef]:
    return {row["id"]: FieldDef.model_validate(row) for row in rows("fields")}


@cache
def compiled() -> dict[str, Compiled]:
    policies = {row["id"]: row for row in rows("policies")}
    made = [Form.model_validate(row) for row in rows("forms")]
    return {
        form.id: Compiled(form, dictionary(), Policy.model_validate(policies[form.policy]) if form.policy else None)
        for form in made
    }


@cache
def enterprises() -> tuple[Enterprise, ...]:
    return tuple(Enterprise.model_validate(row) for row in rows("enterprises"))
