"""Only what the registers leave no doubt about is listed."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.policies.awards import certainty
from chalicelib.policies.awards.certainty import INPUTS, Certain, Certainty, LeftOut
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.model import Policy
from tests.unit.policies.awards.support import TODAY, enterprise, fact, policy

UNVERIFIED = {"prov": ["R"], "verified_at": None, "verified_by": None}


def ask(rule: Policy, *, demo: bool = False, **more: Any) -> Certain | LeftOut | None:
    return Certainty({rule.id: rule}, rule, TODAY, demo=demo).of(enterprise(**more))


def test_the_amount_of_the_facts_and_what_it_stands_on() -> None:
    found = ask(policy())
    assert isinstance(found, Certain)
    assert found.amount == 2_341_859
    assert found.grounds == ("失业保险足额缴费月数：24 月，要求不低于 12 月（人社，2025-12-31）",)


@pytest.mark.parametrize(
    ("reason", "more"),
    [
        (certainty.SELF_DECLARED, {"facts": {"unemp_months_paid": fact(24, "企业自填")}}),
        (certainty.SELF_DECLARED, {"facts": {"unemp_premium_last_year": fact(100, "企业自填", unit="元")}}),
        (certainty.NO_SOURCE, {"facts": {"unemp_months_paid": fact(24, None)}}),
        (certainty.STALE, {"facts": {"unemp_months_paid": fact(24, as_of="2024-12-31")}}),
        (certainty.STALE, {"facts": {"unemp_months_paid": fact(24, as_of=None)}}),
        (certainty.UNCERTAIN, {"facts": {"unemp_months_paid": fact(24, valid_until="2026-11-22")}}),
        (certainty.NO_AMOUNT, {"facts": {"unemp_premium_last_year": fact(0, unit="元")}}),
        (certainty.NO_AMOUNT, {"facts": {"unemp_premium_last_year": fact(None, unit="元")}}),
        (certainty.DEREGISTERED, {"reg_status": "注销"}),
        (certainty.STATUS_UNKNOWN, {"reg_status": None}),
        (certainty.RULES_OPEN, {"records": {}}),
        (certainty.SAMPLE, UNVERIFIED),
    ],
)
def test_doubt_leaves_out(reason: str, more: dict[str, Any]) -> None:
    found = ask(policy(), **more)
    assert isinstance(found, LeftOut)
    assert found.reason.startswith(reason)


def test_an_office_may_say_until_when_its_fact_holds() -> None:
    held = fact(24, as_of="2020-01-01", valid_until="2026-11-23")
    assert isinstance(ask(policy(), facts={"unemp_months_paid": held}), Certain)


def test_who_is_not_meant_is_not_counted() -> None:
    assert ask(policy(), facts={"unemp_months_paid": fact(3)}) is None
    assert ask(policy(), records={"credit_flags": [{"type": "严重违法失信"}]}) is None


@pytest.mark.parametrize("prov", [["R"], ["G?"], ["F1", "R"]])
def test_samples_only_in_a_demo(prov: list[str]) -> None:
    assert ask(policy(prov=prov)) == LeftOut(certainty.SAMPLE)
    assert isinstance(ask(policy(prov=prov), demo=True), Certain)
    assert isinstance(ask(policy(), demo=True, **UNVERIFIED), Certain)
    own = ask(policy(), demo=True, facts={"unemp_months_paid": fact(24, "企业自填")})
    assert isinstance(own, LeftOut)  # not even in a demo


def test_another_mode_for_this_enterprise() -> None:
    """Trap 7: 劳务派遣 has to apply; and whose trade is unknown, may have to."""
    rule = policy(mode_overrides=[{"when": {"fact": "industry_code", "op": "==", "value": "7263"}, "mode": "APPLY"}])
    assert ask(rule, industry_code="7263") == LeftOut(certainty.NOT_AUTO)
    assert ask(rule) == LeftOut(certainty.NOT_AUTO)
    assert isinstance(ask(rule, industry_code="3073"), Certain)


def test_a_derived_fact_is_as_good_as_what_it_is_derived_from() -> None:
    rule = policy(condition={"all": [{"fact": "layoff_rate", "op": "<=", "value": 0.055}]})
    known = {"layoff_claimants_last_year": fact(1), "insured_avg": fact(100)}
    assert isinstance(ask(rule, facts=known), Certain)
    found = ask(rule, facts=known | {"insured_avg": fact(100, "企业自填")})
    assert isinstance(found, LeftOut) and found.reason == "依据企业自填：裁员率"


def test_products_an_enterprise_names_itself_do_not_make_it_a_chain_member() -> None:
    rule = policy(condition={"all": [{"fact": "chain_member", "op": "==", "value": True}]})
    by_products = ask(rule, industry_code="5100", main_products=["电瓷"])
    assert isinstance(by_products, LeftOut) and by_products.reason.startswith(certainty.SELF_DECLARED)
    assert isinstance(ask(rule, industry_code="3073", main_products=["电瓷"]), Certain)
    assert isinstance(ask(rule, chain_member=True), Certain)  # an officer's word


def test_figures_an_enterprise_writes_into_its_records_do_not_count() -> None:
    count = {
        "fact": "invoices",
        "label": "设备发票",
        "of": "projects",
        "where": {"fact": "kind", "op": "==", "value": "技改"},
        "sum": "equip_invoice",
    }
    rule = policy(counts=[count], condition={"all": [{"fact": "invoices", "op": ">=", "value": 200}]})
    records = {"credit_flags": [], "projects": [{"kind": "技改", "equip_invoice": 300}]}
    found = ask(rule, records=records)
    assert isinstance(found, LeftOut) and found.reason.startswith(certainty.SELF_DECLARED)


def test_a_general_rule_that_cannot_be_told_leaves_out() -> None:
    rule = policy()
    grades = policy(
        "P91", mode="NOTICE", modifiers=[{"when": {"fact": "acre_grade", "op": "==", "value": "D"},
                                          "effect": "veto", "reason": "D 类"}]
    )  # fmt: skip
    under = Certainty({"P90": rule, "P91": grades}, rule, TODAY)
    assert under.of(enterprise()) == LeftOut(certainty.RULES_OPEN)
    assert isinstance(under.of(enterprise(facts={"acre_grade": fact("A", "工信")})), Certain)
    assert under.of(enterprise(facts={"acre_grade": fact("D", "工信")})) is None


def test_of_an_exclusion_group_only_the_first() -> None:
    first, second = policy("P89", excl_group="稳岗"), policy("P90", excl_group="稳岗")
    both = {"P89": first, "P90": second}
    assert isinstance(Certainty(both, first, TODAY).of(enterprise()), Certain)
    assert Certainty(both, second, TODAY).of(enterprise()) is None


def test_every_derived_fact_says_what_it_stands_on() -> None:
    assert INPUTS.keys() >= {name for name, definition in FACTS.items() if definition.derived}
    assert {name for inputs in INPUTS.values() for name in inputs} <= FACTS.keys()
