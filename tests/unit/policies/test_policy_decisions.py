"""Decisions kept with their evidence come out the same from that evidence alone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.errors import BadInput, Refusal
from chalicelib.policies import decisions
from chalicelib.policies.facts import fact_sheet
from chalicelib.policies.model import State
from chalicelib.policies.service import PolicyService
from chalicelib.policies.tree import Outcome
from tests.unit.policies.test_policy_acceptance import LAST_YEAR, LOANS, POLICIES, TODAY, enterprise

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
GRADED = POLICIES | {"P27": POLICIES["P27"].model_copy(update={"state": State.PUBLISHED})}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(FixedClock(NOW))


def keep_all(store: MemoryStore, name: str, on: date, records: Any = None, **facts: Any) -> list[decisions.Kept]:
    service = PolicyService(GRADED)
    sheet = fact_sheet(enterprise(name, records, **facts), on)
    matches = [each for each in service.check_sheet(sheet) if each.outcome is Outcome.MATCH]
    for each in matches:
        decisions.keep(store, decisions.evidenced(each, GRADED[each.policy], sheet, service, "测试", NOW))
    kept = decisions.kept_for(store, sheet.uscc)
    assert len(kept) == len(matches)
    return kept


@pytest.mark.parametrize("name", ["E01", "E03", "E04", "E06", "E09", "E12"])
@pytest.mark.parametrize("on", [LAST_YEAR, TODAY])
def test_every_match_of_the_samples_replays(store: MemoryStore, name: str, on: date) -> None:
    for kept in keep_all(store, name, on):
        assert decisions.replay(store, decisions.find(store, kept.id)).differences == ()


def test_modifiers_counts_and_exclusion_replay(store: MemoryStore) -> None:
    kept = keep_all(store, "E01", TODAY, {"loans": LOANS}, chain_domain_named=True, acre_grade="C")
    second = next(each for each in kept if each.policy == "P15")
    assert "loans:L1" in second.excluded and second.fen == 15_000_00
    assert len(second.rules) == 2
    assert all(decisions.replay(store, each).differences == () for each in kept)


def test_evidence_says_value_source_and_day(store: MemoryStore) -> None:
    kept = next(each for each in keep_all(store, "E01", LAST_YEAR) if each.policy == "P01")
    rate = kept.facts["layoff_rate"]
    assert rate.source == "推算" and "÷" in rate.how
    assert any(line["fact"] == "unemp_months_paid" and line["verdict"] == "满足" for line in kept.trace)


def test_a_changed_fact_shows(store: MemoryStore) -> None:
    kept = next(each for each in keep_all(store, "E01", LAST_YEAR) if each.policy == "P01")
    worse = kept.model_copy(
        update={"facts": kept.facts | {"layoff_rate": kept.facts["layoff_rate"].model_copy(update={"value": 0.3})}}
    )
    assert "结果：当时 match，现在算出 not_match" in decisions.replay(store, worse).differences


def test_a_rule_that_is_gone_or_changed_is_refused(store: MemoryStore) -> None:
    kept = keep_all(store, "E01", LAST_YEAR)[0]
    row = store.get(f"rule#{kept.rules[0]}", "row")
    assert row is not None
    row.body["policy"]["benefit_text"] = "改过"
    store.put(row)
    with pytest.raises(Refusal, match="缺失或被改动"):
        decisions.replay(store, kept)


def test_keeping_again_keeps_the_first(store: MemoryStore) -> None:
    first = keep_all(store, "E01", TODAY)
    assert [each.id for each in keep_all(store, "E01", TODAY)] == [each.id for each in first]


@pytest.mark.parametrize("text", ["", "P01", "A/B/C/D", "91360323MAXX00015C/2026-11-22/P99/1"])
def test_ids_that_lead_nowhere(store: MemoryStore, text: str) -> None:
    with pytest.raises(BadInput, match="决定"):
        decisions.find(store, text)


def test_only_matches_are_kept() -> None:
    service = PolicyService(POLICIES)
    sheet = fact_sheet(enterprise("E01"), TODAY)
    decision = service.decide_sheet(POLICIES["P01"], sheet)
    with pytest.raises(ValueError, match="no match"):
        decisions.evidenced(decision, POLICIES["P01"], sheet, service, "测试", NOW)
