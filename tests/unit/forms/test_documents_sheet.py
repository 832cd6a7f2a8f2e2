"""The sheet: what is printed, in which order, and that it is exactly what was confirmed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.forms.documents.code import code
from chalicelib.forms.documents.context import Sheet, printable, sheet
from chalicelib.forms.model import Source
from tests.unit.forms.sample_forms import COMPILED, ON, VALUES, draft


def test_wanted_fields_stand_in_the_order_of_the_form_with_the_numbers_that_the_person_saw() -> None:
    made = sheet(COMPILED, draft(), ON, "芦溪县公证处")
    assert [(line.number, line.name, line.text) for line in made.lines()] == [
        (1, "企业名称", "芦溪溪华电瓷有限公司"),
        (2, "统一社会信用代码", "91360323MAXX00015C"),
        (3, "用途", "卖房"),
        (5, "成交价格", "80 万元"),
        (6, "截止日期", "2026年12月31日"),
        (7, "受托人身份证号", "360323199001010010"),
        (8, "委托人身份证号", ""),
        (9, "联系电话", "13812345678"),
        (10, "备注", "下午来"),
    ]
    assert [section.title for section in made.sections] == ["委托人", "事项", "人员"]
    assert made.blank == ("detail",)
    assert made.materials == ("不动产权证书", "委托书")
    assert made.day == "2026年11月23日"


def test_who_filled_in_what_is_kept() -> None:
    sources = {line.field: line.source for line in sheet(COMPILED, draft(), ON).lines()}
    assert (sources["company_name"], sources["uscc"], sources["kind"]) == (Source.SHARED, Source.PROFILE, Source.SELF)
    assert sources["owner_id"] is None


def test_a_sample_form_is_marked_and_nothing_claims_a_model_wrote_it() -> None:
    marks = sheet(COMPILED, draft(), ON).marks
    assert marks[0].startswith("示例数据")
    assert any("自动回复" in mark for mark in marks)
    assert not any("AI生成" in mark for mark in marks)


def test_the_fingerprint_names_one_content() -> None:
    one = sheet(COMPILED, draft(), ON)
    assert Sheet.model_validate_json(one.data()) == one
    assert one.fingerprint() == sheet(COMPILED, draft(), ON).fingerprint()
    other = sheet(COMPILED, draft({**VALUES, "price": "80000001"}), ON)
    assert other.fingerprint() != one.fingerprint()
    assert code(other, "secret", "https://x.example").check != code(one, "secret", "https://x.example").check


def test_the_code_tells_nothing_of_the_person() -> None:
    made = code(sheet(COMPILED, draft(), ON), "secret", "https://x.example")
    assert made.url.startswith("https://x.example/h5/form/D7Q2K9?c=")
    assert not any(value in made.url for value in [*VALUES.values(), "o-person-0001"])
    assert made.check != code(sheet(COMPILED, draft(), ON), "another secret", "https://x.example").check
    assert len({len(row) for row in made.matrix()} | {len(made.matrix())}) == 1


@given(st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_what_cannot_be_seen_is_shown_as_a_box(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert all(now in (before, "□") for now, before in zip(shown, text, strict=True))
    assert printable("芦\u202e溪\x00县\u200b") == "芦□溪□县□"
