"""Which fields come when, what follows from what, and which question finds the form."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from chalicelib.forms.computed import compute
from chalicelib.forms.draft import Answer, Draft
from chalicelib.forms.finder import answer, fitting, named, narrowed, next_question
from chalicelib.forms.model import Source
from chalicelib.forms.wanted import conditions, may_come, next_field, wanted
from tests.unit.forms.sample_catalogue import NOW, ON, compiled, enterprises


def draft(form: str, values: dict[str, str]) -> Draft:
    answers = {name: Answer(value=value, source=Source.SELF, at=NOW) for name, value in values.items()}
    later = NOW + timedelta(days=30)
    return Draft(
        id="d", form=form, version=1, owner="o", answers=answers, started_at=NOW, updated_at=NOW, expires_at=later
    )


def test_what_rests_on_an_open_answer_is_kept_back_and_may_come() -> None:
    notary = compiled()["FM-05"]
    assert "property_address" not in wanted(notary, {}) and "property_address" in may_come(notary, {})
    assert "property_address" in wanted(notary, {"entrust_matter": "卖房"})
    assert "property_address" not in may_come(notary, {"entrust_matter": "办贷款"})


def test_an_answer_to_what_is_no_longer_wanted_counts_for_nothing() -> None:
    change = compiled()["FM-02"]
    values = {"change_items": "注册资本", "capital_change": "减资"}
    assert "reduction_notice_on" in wanted(change, values)
    assert "reduction_notice_on" not in wanted(change, values | {"change_items": "名称"})


def test_what_most_others_hang_on_is_asked_first_and_optional_last() -> None:
    notary = compiled()["FM-05"]
    assert next_field(notary, draft("FM-05", {})) == "applicant_kind"
    everything = {name: "x" for name in compiled()["FM-03"].fields if name not in ("shop_name", "family_run")}
    values = everything | {"premises_kind": "自有", "sells_food": "否", "first_employees": "0", "sole_capital": "0"}
    assert next_field(compiled()["FM-03"], draft("FM-03", values)) == "family_run"
    assert next_field(compiled()["FM-03"], draft("FM-03", values | {"family_run": "否"})) == "shop_name"


@pytest.mark.parametrize(
    ("form", "values", "name", "value"),
    [
        ("FM-05", {"entrust_from": "2026-12-01", "entrust_months": "12"}, "entrust_until", "2027-11-30"),
        ("FM-05", {"entrust_from": "2027-08-31", "entrust_months": "6"}, "entrust_until", "2028-02-28"),
        ("FM-08", {"equipment_price": "120000050", "equipment_count": "2"}, "equipment_total", "240000100"),
        ("FM-10", {"closing_from": "2026-11-24"}, "closing_until", "2026-12-14"),
        ("FM-10", {"closing_from": "2026-11-24"}, "closing_apply_by", "2027-01-03"),
        ("FM-09", {"worker_id": "360323199001010010"}, "worker_birth", "1990-01-01"),
        ("FM-09", {"worker_id": "360323199001010010"}, "worker_sex", "男"),
        ("FM-09", {"insured_now": "12", "staff_change": "减员"}, "insured_after", "11"),
        (
            "FM-02",
            {"reg_capital_now": "500", "changed_capital": "400", "change_items": "注册资本"},
            "capital_change",
            "减资",
        ),
        ("FM-07", {"layoff_claimants": "2", "insured_avg": "12"}, "layoff_rate", "16.67"),
        (
            "FM-11",
            {"industry": "3073", "employees": "186", "revenue": "9800000000", "assets": "12400000000"},
            "enterprise_size",
            "小型",
        ),
    ],
)
def test_what_follows_from_answers(form: str, values: dict[str, str], name: str, value: str) -> None:
    assert compute(compiled()[form], values, ON)[name] == value


def test_the_refund_is_only_estimated_while_its_policy_is_in_force() -> None:
    form, known = compiled()["FM-07"], {"unemp_premium": "3903099", "enterprise_size": "中型"}
    assert compute(form, known, date(2025, 12, 31))["refund_estimate"] == "2341859"
    assert compute(form, known | {"enterprise_size": "大型"}, date(2025, 12, 31))["refund_estimate"] == "1170930"
    assert "refund_estimate" not in compute(form, known, ON)


def test_findings_speak_only_of_what_is_certain() -> None:
    food = compiled()["FM-04"]
    texts = [each.text for each in food.form.findings]

    def told(values: dict[str, str]) -> list[str]:
        return [texts[place] for place in conditions(food).findings(values)]

    assert told({}) == []
    assert told({"food_items": "预包装食品销售"}) == ["只卖预包装食品不用办许可，办备案就行。"]
    assert told({"food_items": "预包装食品销售、热食类食品制售"}) == []


# ------------------------------------------------------------------------------------------------------------- finder


def test_no_form_needs_more_than_three_questions_and_each_answer_changes_something() -> None:
    forms = list(compiled().values())
    for sought in forms:
        chosen: dict[str, str] = {}
        while question := next_question(forms, chosen):
            assert len(question.options) > 1
            before = len(narrowed(forms, chosen))
            chosen[question.field] = sought.form.situation.get(question.field, question.options[0])
            assert len(narrowed(forms, chosen)) < before
        assert narrowed(forms, chosen) == [sought] and len(chosen) <= 3


def test_what_is_known_already_is_not_asked() -> None:
    called = named(compiled().values(), "我想开个公司")
    assert [one.form.id for one in called] == ["FM-01"] and next_question(called, {}) is None
    licences = narrowed(compiled().values(), {"find_area": "营业执照", "find_license_step": "新开张"})
    question = next_question(licences, {"find_area": "营业执照"})
    assert question is not None and question.options == ("公司", "个体户")
    assert [answer(licences, question, said) for said in ("2", "个体", "随便")] == ["个体户", "个体户", None]


def test_forms_that_certainly_do_not_fit_are_not_offered() -> None:
    fit = {one.uscc: {each.form.id for each in fitting(compiled().values(), one, ON)} for one in enterprises()}
    by_number = [fit[one.uscc] for one in enterprises()]
    assert "FM-12" in by_number[8] and "FM-08" not in by_number[8] and "FM-10" in by_number[8]
    assert "FM-12" not in by_number[0] and "FM-10" not in by_number[0] and "FM-08" in by_number[0]
    assert [number for number, each in enumerate(by_number, 1) if "FM-04" in each] == [6]
    assert {"FM-07", "FM-08", "FM-12"} <= by_number[10]  # nothing is known of it, nothing is ruled out
    person = {each.form.id for each in fitting(compiled().values(), None, ON)}
    assert person == {"FM-01", "FM-03", "FM-05", "FM-06"}
