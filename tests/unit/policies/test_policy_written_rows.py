"""Rows written from templates say, word for word, what the explanation of each single pair says."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from chalicelib.policies.builtin import FACTS
from chalicelib.policies.closures import compile_trace
from chalicelib.policies.conditions import parse
from chalicelib.policies.dictionary import plain_schema
from chalicelib.policies.explain import Explainer
from chalicelib.policies.matching import match_file
from tests.unit.policies.random_trees import SCHEMA, any_enterprise, any_tree

PLAIN = plain_schema({name: definition.type for name, definition in SCHEMA.items()})


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
    return path


def plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in facts.items()}


@pytest.mark.parametrize("block_bytes", [1 << 20, 999])
def test_every_reason_is_that_of_the_pair(tmp_path: Path, block_bytes: int) -> None:
    draw = random.Random(31)
    raws = [any_tree(draw, manual=True) for _ in range(60)]
    firms = [any_enterprise(draw) for _ in range(80)]
    write(tmp_path / "p", [{"id": f'P"{n}%s', "condition": raw} for n, raw in enumerate(raws)])
    write(tmp_path / "e", [{"uscc": f'U"{n}%', "facts": plain(facts)} for n, facts in enumerate(firms)])
    (tmp_path / "s").write_text(json.dumps({name: d.type for name, d in SCHEMA.items()}), encoding="utf-8")
    match_file(tmp_path / "p", tmp_path / "e", tmp_path / "s", tmp_path / "o", True, block_bytes=block_bytes)
    found = [json.loads(line) for line in (tmp_path / "o").read_text(encoding="utf-8").splitlines()]

    trees = [parse(raw, PLAIN, reachable=False) for raw in raws]
    tools = [(compile_trace(tree), Explainer(tree, PLAIN)) for tree in trees]
    expected = []
    for number, facts in enumerate(firms):
        for policy, (trace, explainer) in enumerate(tools):
            outcome, verdicts = trace(facts)
            why = explainer.of(verdicts, facts)
            row = {"uscc": f'U"{number}%', "policy": f'P"{policy}%s', "outcome": outcome.value}
            expected.append(row | {"reasons": why.reasons(), "missing": why.missing()})
    assert found == expected
    assert any("还差" in reason or "超出" in reason for row in found for reason in row["reasons"])


def test_no_two_facts_have_the_same_label() -> None:
    """A reason is said once for each fact; were labels alike, two facts could say the same sentence."""
    labels = [definition.label for definition in FACTS.values()]
    assert len(set(labels)) == len(labels)
