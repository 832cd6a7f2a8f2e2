"""Which policy is meant, and what a named sum comes to, over the sample policies."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from chalicelib.dialogue.policy_search import PolicySearch, is_public
from chalicelib.dialogue.policy_words import ended, reckoned
from chalicelib.guidance.aliases import normalise
from chalicelib.policies.model import Policy

DATA = Path(__file__).parents[3] / "data"
ON = date(2026, 11, 23)


@pytest.fixture(scope="module")
def policies() -> dict[str, Policy]:
    rows = yaml.safe_load((DATA / "policies.yaml").read_text(encoding="utf-8"))
    return {row["id"]: Policy.model_validate(row) for row in rows}


@pytest.fixture(scope="module")
def search(policies: dict[str, Policy]) -> PolicySearch:
    return PolicySearch(policies.values())


def test_every_phrasing_finds_its_policy(policies: dict[str, Policy], search: PolicySearch) -> None:
    assert sum(len(policy.asks) for policy in policies.values()) > 60
    lost = [
        ask
        for id_, policy in policies.items()
        if is_public(policy)
        for ask in policy.asks
        if id_ not in [one.id for one in search.find(normalise(ask)).policies]
    ]
    assert lost == []


def test_every_public_policy_is_found_by_its_short_name(policies: dict[str, Policy], search: PolicySearch) -> None:
    for policy in policies.values():
        found = search.find(normalise(f"{policy.short}我们能享受吗"))
        if is_public(policy):
            assert found.sure, policy.id
            assert found.policies[0].id == policy.id
        else:
            assert policy not in found.policies


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("电磁电气若干措施技改补多少", {"P24-1"}),
        ("电瓷电气若干措施有什么", {"P24"}),
        ("买新设备贷款的利息国家贴不贴", {"P14", "P15", "P16"}),
    ],
)
def test_the_first_found(text: str, ids: set[str], search: PolicySearch) -> None:
    assert search.find(normalise(text)).policies[0].id in ids


@pytest.mark.parametrize("text", ["今天天气不错", "换法人要带什么", "我家猫能领补贴吗", "", "？？"])
def test_nothing_is_found_for_what_is_no_policy(text: str, search: PolicySearch) -> None:
    assert search.find(normalise(text)).policies == ()


@pytest.mark.parametrize(
    ("id_", "yuan", "said"),
    [
        ("P14", 8_000_000, "按 800 万元算：800 万元 × 1.5% = 12 万元/年。"),
        ("P15", 60_000_000, "按 6,000 万元算：5,000 万元（上限） × 1.5% = 75 万元/年。"),
        ("P24-1", 30_000_000, "按 3,000 万元算：3,000 万元 × 5% = 150 万元，按上限 100 万元。"),
        ("P24-3", 10_000, "按 1 万元算：1 万元 × 50% = 5,000 元。"),
        ("P01", 100_000, "按 10 万元算：3 万元 到 6 万元，看企业情形。"),
    ],
)
def test_what_a_named_sum_comes_to(id_: str, yuan: int, said: str, policies: dict[str, Policy]) -> None:
    assert reckoned(policies[id_], yuan * 100, ON) == said


@pytest.mark.parametrize("id_", ["P02", "P08", "P19", "P23", "P28"])
def test_where_the_formula_takes_no_sum_none_is_made_up(id_: str, policies: dict[str, Policy]) -> None:
    assert reckoned(policies[id_], 800_000_000, ON) is None


def test_what_has_ended_says_when_and_whom_to_ask(policies: dict[str, Policy]) -> None:
    assert ended(policies["P01"], ON) == "稳岗返还：政策执行期限至2025-12-31。今年还有没有，请打 12333 问。"
    assert ended(policies["P01"], date(2025, 12, 31)) is None
    assert (
        ended(policies["P14"], date(2027, 1, 1))
        == "设备更新贷款财政贴息：政策执行期限至2026-12-31。今年还有没有，请打 12345 问。"
    )
    assert ended(policies["P07"], ON) is not None
