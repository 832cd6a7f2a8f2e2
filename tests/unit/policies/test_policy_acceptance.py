"""facts/domain.md §3.5 and the traps of §8.1 that concern policies, on the sample content as it stands."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from chalicelib.enterprises.model import Enterprise
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.facts import fact_sheet
from chalicelib.policies.golden import failures
from chalicelib.policies.model import Mode, Policy, State
from chalicelib.policies.service import SEVERE_DISHONESTY, Decision, PolicyService, Standing, next_question
from chalicelib.policies.tree import NOT_APPLICABLE, Outcome

DATA = Path(__file__).parents[3] / "data"
TODAY = date(2026, 11, 22)
LAST_YEAR = date(2025, 11, 1)


def load(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.safe_load((DATA / name).read_text(encoding="utf8"))
    return rows


POLICIES = {policy.id: policy for policy in map(Policy.model_validate, load("policies.yaml"))}
ROWS = {f"E{number:02}": row for number, row in enumerate(load("enterprises.yaml"), 1)}
SERVICE = PolicyService(POLICIES)


def enterprise(name: str, records: dict[str, Any] | None = None, **facts: Any) -> Enterprise:
    """A sample enterprise, with other facts or records."""
    row = ROWS[name]
    identity = {key: value for key, value in facts.items() if key in Enterprise.model_fields}
    stated = row.get("facts", {}) | {key: value for key, value in facts.items() if key not in identity}
    lists = row.get("records", {}) | (records or {})
    return Enterprise.model_validate(row | identity | {"facts": stated, "records": lists})


def decide(name: str, policy: str, on: date = TODAY, records: dict[str, Any] | None = None, **facts: Any) -> Decision:
    decisions = SERVICE.check(enterprise(name, records, **facts), on)
    return next(decision for decision in decisions if decision.policy == policy)


def test_all_28_are_there_and_carry_their_source() -> None:
    assert {f"P{number:02}" for number in range(1, 29)} <= POLICIES.keys()
    for policy in POLICIES.values():
        assert policy.verified_at is None
        assert not policy.may_be_pushed(demo=False)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=lambda policy: policy.id)
def test_golden_cases_hold(policy: Policy) -> None:
    assert failures(policy) == []


@pytest.mark.parametrize(
    ("name", "policy", "on", "facts", "outcome", "mode", "reason"),
    [
        ("E01", "P14", TODAY, {}, "match", Mode.VIA_BANK, ""),
        ("E01", "P01", TODAY, {}, "not_match", None, "政策执行期限至2025-12-31"),
        ("E01", "P01", LAST_YEAR, {}, "match", Mode.AUTO, ""),
        ("E05", "P01", LAST_YEAR, {}, "match", Mode.APPLY, ""),
        ("E06", "P01", LAST_YEAR, {}, "match", Mode.AUTO, "裁员率：16.67%，要求不高于 20%"),
        (
            "E06",
            "P01",
            LAST_YEAR,
            {"layoff_claimants_last_year": 3},
            "not_match",
            None,
            "裁员率：25%，要求不高于 20%，超出 5 个百分点",
        ),
        ("E06", "P01", LAST_YEAR, {"insured_avg": 30, "layoff_claimants_last_year": 6}, "match", None, ""),
        ("E06", "P01", LAST_YEAR, {"insured_avg": 31}, "not_match", None, "31 人，要求不高于 30 人，超出 1 人"),
        ("E06", "P01", LAST_YEAR, {"insured_avg": 31}, "not_match", None, "裁员率：6.45%，要求不高于 5.50%"),
        ("E01", "P01", LAST_YEAR, {"reg_status": "注销"}, "not_match", None, "登记状态：注销"),
        ("E07", "P11", TODAY, {}, "not_match", None, "纳税信用级别：C，要求属于 A、B"),
        ("E11", "P11", TODAY, {}, "not_match", None, "纳税信用级别：M，要求属于 A、B"),
        ("E02", "P18", TODAY, {}, "not_match", None, "专精特新“小巨人”已于2026-06-30过有效期"),
        ("E02", "P18", date(2026, 6, 30), {}, "match", Mode.RECOMMEND, ""),
        ("E03", "P18", TODAY, {}, "match", Mode.RECOMMEND, ""),
        ("E04", "P24", TODAY, {}, "match", Mode.NOTICE, "行业代码 3834 在产业链目录内"),
        ("E09", "P28", TODAY, {}, "match", Mode.NOTICE, "严重违法失信已满最短公示期"),
        ("E09", "P28", date(2026, 9, 14), {}, "not_match", None, ""),
        ("E12", "P25", TODAY, {}, "match", Mode.AUTO, "专精特新"),
        ("E01", "P25", TODAY, {}, "not_match", None, ""),
    ],
)
def test_acceptance(
    name: str, policy: str, on: date, facts: dict[str, Any], outcome: str, mode: Mode | None, reason: str
) -> None:
    decision = decide(name, policy, on, **facts)
    assert decision.outcome == outcome, decision.reasons
    assert mode is None or decision.mode is mode
    assert reason in "；".join(decision.reasons)


def test_the_lapsed_title_may_be_reviewed() -> None:
    assert decide("E02", "P18").hint == "可申请复核"


STATUTORY = {each.id for each in POLICIES.values() if each.category == "减免"}


@pytest.mark.parametrize("policy", sorted(POLICIES.keys() - STATUTORY - {"P28"}))
def test_severe_dishonesty_is_denied_everything_that_an_office_gives(policy: str) -> None:
    decision = SERVICE.decide(POLICIES[policy], enterprise("E09"), TODAY)
    assert decision.outcome is Outcome.NOT_MATCH
    if decision.standing is Standing.VETOED:
        assert decision.reasons == ("严重违法失信，信用修复前不能享受",)


def test_severe_dishonesty_keeps_relief_by_tax_law() -> None:
    """It is declared, not given: only the law's own rule may take it away."""
    assert decide("E09", "P10").outcome is decide("E09", "P12").outcome is Outcome.MATCH
    assert {decide("E09", policy).standing for policy in STATUTORY} <= {Standing.APPLIES, Standing.NOT_IN_FORCE}
    named = frozenset(SEVERE_DISHONESTY.categories)
    assert named == {"奖补", "权益", "资质", "服务", "金融"}


def test_a_rule_on_the_ceramics_prefix_misses_composite_insulators() -> None:
    keyed = POLICIES["P24"].model_copy(
        update={"condition": {"fact": "industry_code", "op": "prefix_in", "value": ["30"]}, "version": 2}
    )
    assert SERVICE.decide(keyed, enterprise("E04"), TODAY).outcome is Outcome.NOT_MATCH
    assert SERVICE.decide(keyed, enterprise("E01"), TODAY).outcome is Outcome.MATCH


def test_amounts_of_the_table() -> None:
    refund = decide("E01", "P01", LAST_YEAR).benefit
    assert refund and refund.fen == 23_418_59
    interest = decide("E01", "P14").benefit
    assert interest and interest.text == "12 万元/年"


LOANS = [
    {
        "ref": "L1",
        "kind": "设备更新项目固定资产贷款",
        "on_bank_list": True,
        "start": "2026-03-16",
        "amount": 800_000_000,
    },
    {"ref": "L2", "kind": "固定资产贷款", "on_bank_list": True, "start": "2026-04-01", "amount": 100_000_000},
]


def test_the_same_loan_is_subsidised_once() -> None:
    second = decide("E01", "P15", chain_domain_named=True)
    assert (second.outcome, second.standing, second.blocked_by) == (Outcome.NOT_MATCH, Standing.BLOCKED, "P14")
    assert "设备更新贷款财政贴息" in second.reasons[0]


def test_another_loan_is_subsidised_for_itself() -> None:
    second = decide("E01", "P15", records={"loans": LOANS}, chain_domain_named=True)
    assert second.outcome is Outcome.MATCH
    assert second.records == {"loans:L2"}
    assert second.benefit and second.benefit.fen == 15_000_00


def test_all_leaves_hold_on_the_same_hire() -> None:
    graduate_unpaid = {"group": "毕业年度高校毕业生", "contract_signed": True, "months_paid": 1}
    other_paid = {"group": "其他", "contract_signed": True, "months_paid": 12}
    assert decide("E01", "P02", LAST_YEAR, {"hires": [graduate_unpaid, other_paid]}).outcome is Outcome.NOT_MATCH
    both = {"group": "毕业年度高校毕业生", "contract_signed": True, "months_paid": 3}
    found = decide("E01", "P02", LAST_YEAR, {"hires": [graduate_unpaid, both, both]})
    assert found.outcome is Outcome.MATCH
    assert found.benefit and found.benefit.fen == 3_000_00


def test_a_hire_that_is_not_fully_known_neither_counts_nor_is_denied() -> None:
    open_one = {"group": "毕业年度高校毕业生", "contract_signed": True, "months_paid": None}
    found = decide("E01", "P02", LAST_YEAR, {"hires": [open_one]})
    assert (found.outcome, found.missing) == (Outcome.NEED_INFO, ("expansion_hires",))
    assert found.benefit and found.benefit.text == "待核定"
    sure = decide("E01", "P02", LAST_YEAR, {"hires": [open_one, open_one | {"months_paid": 5}]})
    assert sure.outcome is Outcome.MATCH
    assert sure.benefit and sure.benefit.fen == 1_500_00 and "未计入" in sure.benefit.calculation


def test_an_old_title_stands_until_its_own_end() -> None:
    assert "SRDI" in fact_sheet(enterprise("E01"), TODAY).values["valid_quals"]


def test_an_empty_profile_has_no_size_and_asks() -> None:
    sheet = fact_sheet(enterprise("E11"), TODAY)
    assert "size" not in sheet.values
    decisions = SERVICE.check(enterprise("E11"), TODAY)
    assert next(each for each in decisions if each.policy == "P19").outcome is Outcome.NOT_MATCH  # 经营未满 3 年
    weights = Counter(fact for each in decisions for fact in each.missing if fact in FACTS)
    asked = next_question(decisions, POLICIES)
    assert asked and len(asked.policies) == weights[asked.name] == max(weights.values()) >= 3
    assert next_question([], POLICIES) is None


def test_years_are_short_by_how_much() -> None:
    reasons = "；".join(decide("E11", "P19").reasons)
    assert "经营年限：2 年，要求不低于 3 年，还差 1 年" in reasons
    assert "2024-10-18 成立，至 2026-11-22 满 2 年 1 个月" in reasons


def test_small_in_statistics_is_not_small_for_tax_is_not_small_scale() -> None:
    values = fact_sheet(enterprise("E01"), TODAY).values
    assert (values["size"], values["is_small_low_profit"], values["vat_status"]) == ("小", False, "一般纳税人")


def test_no_refund_for_who_has_no_such_credit() -> None:
    sheet = fact_sheet(enterprise("E11", vat_status="小规模"), TODAY)
    assert sheet.values["vat_credit_end"] is NOT_APPLICABLE


def test_a_code_of_2011_is_read_as_of_2017() -> None:
    old = enterprise("E04", industry_code="3833", industry_std_year=2011)
    new = enterprise("E04", industry_code="3833", main_products=["光缆"])
    assert fact_sheet(old, TODAY).values["industry_code"] == "3834"
    assert fact_sheet(old, TODAY).values["chain_member"] is True
    assert fact_sheet(new, TODAY).values["chain_member"] is False


@pytest.mark.parametrize("state", [State.DRAFT, State.REVIEWED, State.SUSPENDED, State.WITHDRAWN])
def test_what_is_not_published_never_matches(state: State) -> None:
    policy = POLICIES["P24"].model_copy(update={"state": state})
    service = PolicyService({"P24": policy})
    assert service.decide(policy, enterprise("E01"), TODAY).outcome is Outcome.NOT_MATCH
    assert all(decision.outcome is Outcome.NOT_MATCH for decision in service.check(enterprise("E01"), TODAY))


@pytest.mark.parametrize(
    ("grade", "outcome", "fen"), [("A", "match", 100_000_00), ("C", "match", 50_000_00), ("D", "not_match", None)]
)
def test_a_grade_scales_or_vetoes_the_others(grade: str, outcome: str, fen: int | None) -> None:
    graded = POLICIES | {"P27": POLICIES["P27"].model_copy(update={"state": State.PUBLISHED})}
    service = PolicyService(graded)
    decision = service.decide(graded["P25"], enterprise("E12", acre_grade=grade), TODAY)
    assert decision.outcome == outcome
    assert (decision.benefit.fen if decision.benefit else None) == fen


def test_the_trace_shows_value_threshold_source_and_verdict() -> None:
    lines = {line.fact: line for line in decide("E07", "P11").trace}
    credit = lines["tax_credit"]
    assert (credit.value, credit.verdict, credit.decides) == ("C", "不满足", True)
    assert (credit.evidence.source, credit.evidence.as_of) == ("税务", date(2026, 4, 30))
    assert lines["vat_status"].verdict == "满足" and not lines["vat_status"].decides
