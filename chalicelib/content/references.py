"""Which rows of the catalogue name which others, and whether those are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass

from chalicelib.content.kinds import KINDS
from chalicelib.content.problems import Place, Problem
from chalicelib.ports import JsonObject


@dataclass(frozen=True, slots=True)
class Reference:
    """Field ``column`` of ``kind`` names rows of ``target``; ``names`` takes them out of a row's JSON form."""

    kind: str
    column: str
    target: str
    names: Callable[[JsonObject], list[str]]


def _one(field: str) -> Callable[[JsonObject], list[str]]:
    return lambda row: [row[field]] if row.get(field) else []


def _many(field: str) -> Callable[[JsonObject], list[str]]:
    return lambda row: list(row.get(field) or [])


def _in_steps(field: str) -> Callable[[JsonObject], list[str]]:
    return lambda row: [name for step in row.get("steps") or [] for name in step.get(field) or []]


def _exempt(row: JsonObject) -> list[str]:
    return [name for modifier in row.get("modifiers") or [] for name in modifier.get("exempt") or []]


REFERENCES = (
    Reference("items", "关联政策", "policies", _one("policy")),
    Reference("bundles", "环节.事项编号（任一）", "items", _in_steps("items")),
    Reference("bundles", "环节.关联政策", "policies", _in_steps("policies")),
    Reference("terms", "相关事项", "items", _many("items")),
    Reference("points", "可办事项", "items", _many("items")),
    Reference("points", "可办集成包", "bundles", _many("bundles")),
    Reference("forms", "事项", "items", _one("item")),
    Reference("forms", "关联政策", "policies", _one("policy")),
    Reference("policies", "总则.不适用的政策", "policies", _exempt),
)


def broken(
    bodies: Mapping[str, Mapping[str, JsonObject]], unsure: Set[str], place_of: Callable[[str, str], Place]
) -> Iterator[Problem]:
    """A Problem for every name that leads nowhere. ``place_of`` (kind, id) tells where the naming row stands.

    Kinds in ``unsure`` have rows that could not be read: whether a name leads there is not asked.
    """
    for reference in REFERENCES:
        if reference.target in unsure:
            continue
        there = bodies.get(reference.target, {})
        for key, row in bodies.get(reference.kind, {}).items():
            for name in dict.fromkeys(reference.names(row)):
                if name not in there:
                    title = KINDS[reference.target].title
                    text = f"{title} {name} 不存在。请核对编号，或把{title}一起导入"
                    yield Problem(place_of(reference.kind, key), text, reference.column)
