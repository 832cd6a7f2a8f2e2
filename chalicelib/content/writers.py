"""Rows → a folder of YAML files, as somebody would write them by hand; ``content load`` takes it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel

from chalicelib.content.documents import dump_yaml
from chalicelib.ports import JsonObject
from chalicelib.provenance import Provenanced

Rows = Iterable[BaseModel]


def write_folder(folder: Path, rows: Mapping[str, Rows]) -> dict[str, int]:
    """``{kind}.yaml`` for every kind that has rows; returns how many rows each got."""
    folder.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    for name, models in rows.items():
        bodies = [body(row) for row in models]
        if bodies:
            (folder / f"{name}.yaml").write_text(dump_yaml(bodies), encoding="utf-8")
            counts[name] = len(bodies)
    return counts


def body(row: BaseModel) -> JsonObject:
    """The row in JSON form as somebody would write it by hand: its own fields first, without what is at its default."""
    given = row.model_dump(mode="json", exclude_defaults=True)
    return {name: given[name] for name in columns(type(row)) if name in given}


def columns(model: type[BaseModel]) -> list[str]:
    """Fields of a kind in the order of its file: its own, then where the row comes from."""
    return sorted(model.model_fields, key=lambda name: name in Provenanced.model_fields)
