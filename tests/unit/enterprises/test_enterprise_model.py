from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from chalicelib.enterprises import model
from chalicelib.enterprises.model import Enterprise, Fact, FactSource, Qual

BASE: dict[str, Any] = {"prov": "R", "uscc": "91360323MAXX00015C", "name": "芦溪溪华电瓷有限公司"}


def enterprise(**more: Any) -> Enterprise:
    return Enterprise.model_validate(BASE | more)


def refusal(**more: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        enterprise(**more)
    return str(caught.value)


def test_nothing_known_is_none_everywhere_and_not_zero_or_false() -> None:
    bare = enterprise()
    assert bare.chain_member is None
    assert bare.records.credit_flags is None
    assert all(value is None for value in bare.known(date(2026, 11, 22)).values())
    assert enterprise(records={"credit_flags": []}).records.credit_flags == ()


def test_the_credit_code_is_normalised_and_checked_with_the_expected_character() -> None:
    assert enterprise(uscc="９１３６０３２３maxx00015c").uscc == "91360323MAXX00015C"
    assert "校验位不对（应为 C，写的是 D）。请核对营业执照" in refusal(uscc="91360323MAXX00015D")


def test_an_operator_may_vouch_for_an_old_code_but_not_for_its_form() -> None:
    assert enterprise(uscc_confirmed=True, uscc="91360323MAXX00015D").uscc == "91360323MAXX00015D"
    assert "应为 18 位" in refusal(uscc_confirmed=True, uscc="91360323MAXX0001")


def test_a_bare_scalar_is_a_fact_and_types_stay_as_written() -> None:
    facts = enterprise(
        facts={
            "tax_credit": "A",
            "revenue": {"value": 9800, "unit": "万元", "source": "税务", "as_of": "2025-12-31"},
            "in_park": True,
            "tax_penalties": 0,
            "debt_ratio": 0.46,
            "assets": None,
            "first_on": date(2016, 2, 1),
            "tags": ["甲", "乙"],
        }
    ).facts
    assert facts["revenue"] == Fact(value=9800, unit="万元", source=FactSource.TAX, as_of=date(2025, 12, 31))
    values = {name: fact.value for name, fact in facts.items()}
    assert values["tax_credit"] == "A"
    assert values["in_park"] is True
    assert values["tax_penalties"] == 0
    assert values["tax_penalties"] is not False
    assert values["assets"] is None
    assert values["first_on"] == "2016-02-01"
    assert values["tags"] == ("甲", "乙")


def test_a_row_reads_back_as_it_was_written() -> None:
    row = enterprise(
        established_on="2012-05-18",
        facts={"a": True, "b": 1, "c": 1.5, "d": "1", "e": ["x"], "f": None, "g": date(2026, 1, 1)},
        records={"quals": [{"code": "HNTE", "issued_on": "2024-11-04", "expires_on": "2027-11-03"}]},
        contacts=[{"name": "示例甲", "mobile": "138 1234 5678", "role": "法人"}],
    )
    again = Enterprise.model_validate_json(row.model_dump_json())
    assert again == row
    assert [type(fact.value) for fact in again.facts.values()] == [type(fact.value) for fact in row.facts.values()]


def test_a_fact_past_its_term_is_unknown_again() -> None:
    fact = Fact(value=7, valid_until=date(2026, 6, 30))
    assert fact.on(date(2026, 6, 30)) == 7
    assert fact.on(date(2026, 7, 1)) is None
    assert enterprise(facts={"employees_avg": fact}).known(date(2026, 7, 1))["employees_avg"] is None


def test_what_the_enterprise_says_of_itself_is_marked() -> None:
    assert Fact(value=400, source=FactSource.SELF).self_reported
    assert not Fact(value=400, source=FactSource.TAX).self_reported


@pytest.mark.parametrize(
    ("issued", "expires", "valid"),
    [
        ("2024-11-04", "2027-11-03", True),
        ("2023-07-01", "2026-06-30", False),
        ("2026-11-23", "2029-11-22", False),
        ("2026-11-22", "2029-11-21", True),
        ("2023-11-23", "2026-11-22", True),
        (None, "2027-01-01", None),
        ("2024-01-01", None, None),
        (None, "2026-01-01", False),
    ],
)
def test_a_title_stands_until_its_own_last_day(issued: str | None, expires: str | None, valid: bool | None) -> None:
    qual = Qual.model_validate({"code": "LG", "issued_on": issued, "expires_on": expires})
    assert qual.valid_on(date(2026, 11, 22)) is valid


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"facts": {"Revenue": 1}}, "画像数据的名称"),
        ({"facts": {"revenue": float("nan")}}, "facts.revenue"),
        ({"facts": {"revenue": {"value": 1, "sauce": "税务"}}}, "sauce"),
        ({"facts": {"tags": [1, 2]}}, "facts.tags"),
        ({"records": {"quals": [{"code": "SRDI-old"}]}}, "records.quals.0.code"),
        ({"records": {"loans": [{"amount": 1.5}]}}, "records.loans.0.amount"),
        ({"contacts": [{"name": "示例", "mobile": "12345", "role": "法人"}]}, "手机号应为 11 位"),
        ({"contacts": [{"name": "示例", "mobile": "13812345678", "role": "老板"}]}, "contacts.0.role"),
        ({"industry_code": "C3073"}, "industry_code"),
        ({"town_code": "360323"}, "town_code"),
        ({"reg_status": "开业"}, "reg_status"),
        ({"nickname": "x"}, "nickname"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(more: dict[str, Any], where: str) -> None:
    assert where in refusal(**more)


def test_spreadsheet_numbers_become_codes() -> None:
    row = enterprise(industry_code=3073, town_code=360323103)
    assert (row.industry_code, row.town_code) == ("3073", "360323103")


def test_what_is_asked_overrides_the_columns() -> None:
    row = enterprise(industry_code="3073", facts={"industry_code": "3834"})
    assert row.known(date(2026, 11, 22))["industry_code"] == "3834"


def test_every_field_has_a_chinese_title() -> None:
    kinds = [kind for kind in vars(model).values() if isinstance(kind, type) and issubclass(kind, BaseModel)]
    assert Enterprise in kinds
    for kind in kinds:
        for name, field in kind.model_fields.items():
            assert field.title is not None, f"{kind.__name__}.{name}"
            assert any("\u4e00" <= character <= "\u9fff" for character in field.title)
