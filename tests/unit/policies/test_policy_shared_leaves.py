"""Leaves and counts that policies share are answered once, and that changes no decision."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from chalicelib.policies import decisions
from chalicelib.policies.closures import compile_trace
from chalicelib.policies.explain import Explainer
from chalicelib.policies.facts import FactSheet, fact_sheet
from chalicelib.policies.model import Policy
from chalicelib.policies.service import PolicyService
from chalicelib.policies.shared import Answers, SharedLeaves
from chalicelib.policies.tree import Outcome
from tests.unit.policies.test_policy_acceptance import LAST_YEAR, LOANS, POLICIES, TODAY, enterprise

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SAMPLES = [f"E{number:02}" for number in range(1, 13)]


class Read(dict[str, Any]):
    """Facts that count how often each is looked at."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.looks: dict[str, int] = {}

    def get(self, name: str, default: Any = None) -> Any:
        self.looks[name] = self.looks.get(name, 0) + 1
        return super().get(name, default)


def again(policy: Policy, number: int) -> Policy:
    return policy.model_copy(update={"id": f"P{number}"})


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("on", [LAST_YEAR, TODAY])
def test_a_check_of_all_decides_as_one_by_one(name: str, on: date) -> None:
    sheet = fact_sheet(enterprise(name, {"loans": LOANS}, chain_domain_named=True), on)
    service = PolicyService(POLICIES)
    for decision in service.check_sheet(sheet):
        policy = POLICIES[decision.policy]
        if decision.blocked_by or decision.excluded:
            continue  # the others of its group bear on it
        alone = PolicyService({policy.id: policy}).decide_sheet(policy, sheet)
        said = [(each.outcome, each.reasons, each.missing, each.benefit, each.trace) for each in (decision, alone)]
        assert said[0] == said[1]
        if not policy.counts and decision.refusal is None:
            tree = policy.tree(policy.condition, on)
            outcome, verdicts = compile_trace(tree)(sheet.values)
            explainer = Explainer(tree, policy.schema_of_facts)
            assert decision.outcome is outcome
            assert decision.trace == explainer.of(verdicts, sheet.values).trace(sheet.evidence)


def looks(policies: int) -> int:
    """How often one fact is looked at when so many policies ask the same of it, and all say why."""
    plain = {"fact": "revenue", "op": ">=", "value": 500}
    policy = POLICIES["P01"].model_copy(update={"condition": plain, "mode_overrides": ()})
    service = PolicyService(
        {each.id: each for each in (again(policy, number) for number in range(100, 100 + policies))}
    )
    sheet = fact_sheet(enterprise("E01"), LAST_YEAR)
    values = Read(sheet.values)
    found = service.check_sheet(FactSheet(sheet.uscc, sheet.on, values, sheet.evidence))
    assert len(found) == policies and {each.outcome for each in found} == {Outcome.MATCH}
    assert len({(each.reasons, each.trace) for each in found}) == 1
    return values.looks["revenue"]


def test_a_leaf_that_many_ask_is_tested_once() -> None:
    assert looks(50) == looks(1) > 0


def test_counts_are_the_same_when_list_condition_and_sum_are() -> None:
    shared = SharedLeaves()
    one = next(policy.counts[0] for policy in POLICIES.values() if policy.counts)
    same = one.model_copy(update={"fact": "by_another_name"})
    other = one.model_copy(update={"where": {"all": [one.where, {"manual": "另定"}]}})
    numbers = [shared.counter_number(each) for each in (one, same, other)]
    assert numbers == [0, 0, 1]


def test_a_leaf_and_its_negation_are_two() -> None:
    shared = SharedLeaves()
    trees = [POLICIES["P01"].tree({"fact": "tax_credit", "op": op, "value": "D"}) for op in ("==", "!=", "==")]
    assert [shared.number(tree.leaves[0], {}) for tree in trees] == [0, 1, 0]
    answers = Answers(shared, fact_sheet(enterprise("E01", tax_credit="D"), TODAY))
    assert [bool(answers.verdicts[number]) for number in (0, 1)] == [True, False]
    assert answers.texts[0] != answers.texts[1]


@pytest.mark.parametrize("name", ["E01", "E03", "E09"])
def test_what_is_kept_reads_back_as_it_was_written(name: str) -> None:
    service = PolicyService(POLICIES)
    sheet = fact_sheet(enterprise(name, {"loans": LOANS}, chain_domain_named=True), TODAY)
    matches = [each for each in service.check_sheet(sheet) if each.outcome is Outcome.MATCH]
    assert matches
    for each in matches:
        found = decisions.evidenced(each, POLICIES[each.policy], sheet, service, "测试", NOW)
        assert found.kept.model_dump(mode="json") == found.body | {"kept_at": "2026-11-22T02:00:00Z"}
