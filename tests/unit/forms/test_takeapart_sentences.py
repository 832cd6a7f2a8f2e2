"""Several answers in one sentence, corrections, and everything that could belong to two fields left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.forms.takeapart import correction, several
from tests.unit.forms.sample_catalogue import ON, compiled

SETUP, NOTARY, LOAN = "FM-01", "FM-05", "FM-11"
ID = "360323199001010010"


@pytest.mark.parametrize(
    ("form", "asking", "said", "found"),
    [
        (
            SETUP,
            "",
            "叫溪华电瓷，注册资本五百万，法人张三",
            {"new_company_name": "溪华电瓷", "reg_capital": "500000000", "new_legal_rep": "张三"},
        ),
        (
            SETUP,
            "",
            "注册资本五百万法人张三电话13812345678",
            {"reg_capital": "500000000", "new_legal_rep": "张三", "new_legal_rep_phone": "13812345678"},
        ),
        (SETUP, "reg_capital", "1,000万，法人代表是李四", {"reg_capital": "1000000000", "new_legal_rep": "李四"}),
        (SETUP, "business_scope", "电瓷制造，绝缘子销售", {"business_scope": "电瓷制造，绝缘子销售"}),
        (
            SETUP,
            "business_scope",
            "电瓷制造、法人客户咨询，注册资本 500 万",
            {"business_scope": "电瓷制造、法人客户咨询", "reg_capital": "500000000"},
        ),
        (SETUP, "", "公司地址 上埠镇老街12号", {"new_address": "芦溪县上埠镇老街12号"}),
        (NOTARY, "agent_name", "我老婆李芳 电话13812345678", {"agent_name": "李芳", "agent_phone": "13812345678"}),
        (NOTARY, "", "受托人我老婆李芳 电话 138 1234 5678", {"agent_name": "李芳", "agent_phone": "13812345678"}),
        (
            NOTARY,
            "agent_name",
            f"李芳，身份证号{ID}，手机13812345678",
            {"agent_name": "李芳", "agent_id": ID, "agent_phone": "13812345678"},
        ),
        (
            NOTARY,
            "agent_powers",
            "签订合同，办理过户，期限一年",
            {"agent_powers": "签订合同、办理过户", "entrust_months": "12"},
        ),
        (NOTARY, "entrust_matter", "卖房，委托期限半年", {"entrust_matter": "卖房", "entrust_months": "6"}),
        (
            LOAN,
            "loan_amount",
            "三百万，用途设备更新，贷款期限3年",
            {"loan_amount": "300000000", "loan_use": "设备更新", "loan_months": "36"},
        ),
    ],
)
def test_a_sentence_is_taken_apart(form: str, asking: str, said: str, found: dict[str, str]) -> None:
    assert several(compiled()[form], said, ON, asking) == found


@pytest.mark.parametrize(
    ("said", "answered", "found"),
    [
        ("电话13812345678", (), {}),
        ("13812345678", (), {}),
        (f"身份证号{ID}", (), {}),
        ("电话13812345678", ("contact_phone",), {"agent_phone": "13812345678"}),
        ("受托人十来万", (), {}),
        ("公证要多少钱", (), {}),
        ("委托期限大概一年", (), {}),
    ],
)
def test_what_could_be_two_things_is_left(said: str, answered: tuple[str, ...], found: dict[str, str]) -> None:
    assert several(compiled()[NOTARY], said, ON, "", answered) == found


ANSWERS = {"legal_rep": "张三", "agent_name": "李芳", "agent_phone": "13812345678", "entrust_months": "12"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("改第1个，是李芬", ("agent_name", "李芬")),
        ("第二项不对，是13900000000", ("agent_phone", "13900000000")),
        ("第3个错了，应该是一年半", ("entrust_months", "一年半")),
        ("电话改成13900000000", ("agent_phone", "13900000000")),
        ("把受托人改成李芬", ("agent_name", "李芬")),
        ("受托人应该是李芬", ("agent_name", "李芬")),
        ("受托人不对", ("agent_name", "")),
        ("改一下受托人", ("agent_name", "")),
        ("不是张三是张山", ("legal_rep", "张山")),
        ("是李芬不是李芳", ("agent_name", "李芬")),
        ("改第9个", None),
        ("第二个是买房", None),
        ("卖房", None),
        ("不是房子是车", None),
        ("我要改天再来", None),
    ],
)
def test_a_correction_finds_its_field_or_none(said: str, meant: tuple[str, str] | None) -> None:
    order = ("agent_name", "agent_phone", "entrust_months")
    assert correction(compiled()[NOTARY], said, ANSWERS, order) == meant


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([SETUP, NOTARY, LOAN]), st.text(max_size=40))
def test_any_text_is_taken_without_an_error_and_by_the_fields_of_the_form(form: str, text: str) -> None:
    found = several(compiled()[form], text, ON, compiled()[form].form.field_ids()[0])
    assert set(found) <= set(compiled()[form].fields)
    correction(compiled()[form], text, ANSWERS)
