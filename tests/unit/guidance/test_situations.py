"""Situations: settled by words, asked only where the answer changes, at most two; and words explained."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from chalicelib.guidance import situations
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.cards import MAX_BYTES, Action
from chalicelib.guidance.intent import Facet
from chalicelib.guidance.model import Necessity, ServiceItem
from chalicelib.guidance.terms import Term, asked_term
from tests.unit.guidance.content import content, rows, service


def item_with(**change: object) -> ServiceItem:
    row = next(row for row in rows("items") if row["id"] == "SX-19")
    return ServiceItem.model_validate(dict(row) | change)


def test_a_situation_that_the_question_names_is_not_asked() -> None:
    answer = service().ask("换法人要带什么")
    first, *_ = answer.text.split("\n")
    assert first == "公司变更登记要交：公司变更登记申请书、股东会决议或股东决定、修改后的章程或修正案"
    assert "情形：法定代表人" in answer.text
    assert "减资公告" not in answer.text
    assert not any(option.action is Action.SITUATION for option in answer.options)


@pytest.mark.parametrize(
    ("text", "there", "gone"),
    [
        ("公司改地址要带什么", "新住所使用证明", "减资公告"),
        ("股东退股要带什么材料", "股权转让协议", "新住所使用证明"),
        ("租房提公积金要什么材料", "无房证明", "退休证明"),
        ("身份证丢了补办多少钱", "丢失补领 40 元", "到期换领 20 元"),
        ("厂房抵押登记多少钱", "非住宅 550 元", "住宅 80 元"),
    ],
)
def test_the_card_is_the_one_of_the_situation(text: str, there: str, gone: str) -> None:
    answer = service().ask(text)
    assert answer.kind == "answer"
    assert there in answer.text
    assert gone not in answer.text.replace("非住宅 550 元", "") or gone == "住宅 80 元"


def test_one_question_at_a_time_with_what_can_be_said_already() -> None:
    answer = service().ask("公积金提取要什么材料")
    assert answer.kind == "answer"
    assert answer.text.startswith("住房公积金提取要交：本人银行卡")
    assert "提取的原因是哪一种？\n1 买房 2 租房 3 退休 4 不确定" in answer.text
    chosen = service().follow(answer.options[1])
    assert chosen is not None
    assert "无房证明" in chosen.text
    assert "购房合同" not in chosen.text
    assert chosen.chosen == {"提取的原因是哪一种？": "租房"}


def test_nothing_is_asked_where_the_answer_is_the_same() -> None:
    for text in ("公积金提取在哪里办", "公积金提取怎么办理", "公司变更登记要多久"):
        answer = service().ask(text)
        assert not any(option.action is Action.SITUATION for option in answer.options), text


def test_unsure_is_an_answer_and_gives_the_whole_guide() -> None:
    asked = service().ask("公积金提取要什么材料")
    unsure = service().follow(asked.options[-1])
    assert unsure is not None
    assert "视情况：购房合同/网签备案（购房）" in unsure.text
    assert not any(option.action is Action.SITUATION for option in unsure.options)


@pytest.mark.parametrize("item", [item for item in content().items.values() if item.situations], ids=lambda i: i.id)
@pytest.mark.parametrize("part", [Facet.MATERIALS, Facet.FEE, Facet.TIME])
def test_at_most_two_questions_and_each_changes_something(item: ServiceItem, part: Facet) -> None:
    chosen: dict[str, str] = {}
    for _ in range(4):
        question = situations.next_question(item, part, chosen)
        if question is None:
            break
        variants = [situations.variant(item, {**chosen, question.ask: one.name}) for one in question.choices]
        assert any(one != variants[0] for one in variants)
        chosen[question.ask] = question.choices[0].name
    assert len(chosen) <= situations.MOST_QUESTIONS
    assert situations.next_question(item, part, chosen) is None


def test_a_third_question_is_never_put() -> None:
    papers = [dict(row) for row in rows("items")[2]["materials"]]  # type: ignore[attr-defined]
    conditional = [row["name"] for row in papers if row["necessity"] == "条件"]
    asks = [
        {"ask": f"第{n}问选哪个？", "choices": [{"name": "甲", "needs": [name]}, {"name": "乙"}]}
        for n, name in enumerate(conditional)
    ]
    item = ServiceItem.model_validate(dict(rows("items")[2]) | {"situations": asks})
    assert len(asks) == 3
    two = {"第0问选哪个？": "甲", "第1问选哪个？": "乙"}
    assert situations.next_question(item, Facet.MATERIALS, two) is None
    assert situations.next_question(item, Facet.MATERIALS, {}) is not None


def test_a_variant_never_drops_what_every_situation_needs() -> None:
    for item in content().items.values():
        always = {m.name for m in item.materials if m.necessity is Necessity.NEEDED}
        for question in item.situations:
            for choice in question.choices:
                left = {m.name for m in situations.variant(item, {question.ask: choice.name}).materials}
                assert always - set(choice.spares) <= left


def test_every_question_card_fits_a_reply() -> None:
    for item in content().items.values():
        for part in ("要带什么", "要多少钱", "要多久"):
            answer = service().ask(part, topic=item.id)
            assert len(answer.text.encode()) <= MAX_BYTES, item.id
            assert answer.text.count("\n") <= 12, item.id


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"needs": ["没有的材料"]}, "写了申请材料里没有的：没有的材料"),
        ({"needs": ["不动产权证书"]}, "要交的应是“条件”材料：不动产权证书"),
        ({"spares": ["不动产权证书"]}, "不能免去法定要件：不动产权证书"),
        ({"fee_cases": ["车库"]}, "写了收费标准里没有的：车库"),
    ],
)
def test_a_situation_that_does_not_fit_its_item_is_refused(choice: dict[str, object], message: str) -> None:
    question = {"ask": "是哪一种？", "choices": [{"name": "甲", **choice}, {"name": "乙"}]}
    with pytest.raises(ValidationError, match=message):
        item_with(situations=[question])


def test_statutory_papers_are_refused_as_tolerable_by_name_too() -> None:
    papers = [
        {
            "name": "买方身份证明",
            "original": 1,
            "copies": 0,
            "form": "均可",
            "source": "申请人自备",
            "necessity": "容缺",
        }
    ]
    with pytest.raises(ValidationError, match="法定要件不能设为容缺：买方身份证明"):
        item_with(materials=papers, situations=[])


def test_spoken_answers_to_a_situation_question() -> None:
    item = content().items["SX-10"]
    [question] = item.situations
    assert situations.named(question, normalise("是租房子用的")) == "租房"
    assert situations.named(question, normalise("不知道")) == situations.UNSURE
    assert situations.named(question, normalise("换法人要带什么")) is None
    assert situations.named(question, normalise("买房还是租房")) is None


# ------------------------------------------------------------------------------------------------- two matters, words


def test_two_matters_get_the_first_card_and_one_tap_to_the_other() -> None:
    answer = service().ask("换法人要带什么，刻章要多少钱")
    assert (answer.item_id, answer.facet) == ("SX-03", Facet.MATERIALS)
    also = answer.options[-1]
    assert also.label == "您还问到：公章刻制备案"
    led = service().follow(also)
    assert led is not None
    assert (led.item_id, led.facet) == ("SX-06", Facet.FEE)
    assert led.text.startswith("不收费")


def test_one_matter_in_two_clauses_stays_one() -> None:
    answer = service().ask("厂里进了五个新员工，参保怎么弄，国家有没有补")
    assert {one.id for one in answer.candidates} <= {"B04", "SX-08"}
    assert not any("营业执照" in option.label for option in answer.options)


def test_a_sum_and_a_part_survive_the_choice_of_a_candidate() -> None:
    asked = service().ask("客户欠我36万货款两年了网上能立案不")
    assert asked.kind == "candidates"
    chosen = service().follow(asked.options[0])
    assert chosen is not None
    assert "36 万元的诉讼费是 6,700 元" in chosen.text or "6,700 元" in chosen.text


def test_a_private_number_does_not_travel_with_a_step() -> None:
    asked = service().ask("证到期了，13812345678")
    assert asked.kind == "candidates"
    assert "13812345678" not in str(asked.options)


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("什么是容缺", "MC01"),
        ("融缺是什么意思", "MC01"),
        ("什么是免申即享？", "MC02"),
        ("免审即享是啥意思", "MC02"),
        ("解释一下授信", "MC06"),
        ("小巨人是什么", "MC07"),
        ("容缺", None),
        ("什么时候能办好", None),
        ("办证缺材料能容缺吗", None),
        ("专精特新要什么条件", None),
    ],
)
def test_a_word_is_explained_when_its_meaning_is_asked(text: str, id_: str | None) -> None:
    terms = [Term.model_validate(row) for row in rows("terms")]
    found = asked_term(normalise(text), terms)
    assert (found.id if found else None) == id_


def test_an_explanation_has_its_source_and_a_step_to_the_guide() -> None:
    answer = service().ask("什么是容缺")
    assert answer.text.startswith("容缺：基本条件具备")
    assert "来源：" in answer.text
    assert [option.args["id"] for option in answer.options] == ["SX-21"]
    assert answer.item_id is None


# ------------------------------------------------------------------------------------------------------ service points


def test_whether_a_kind_of_point_takes_it_is_answered_first() -> None:
    yes = service().ask("社保卡在邮政能办吗")
    assert yes.text.startswith("邮政代办点能办：")
    assert "（代收代办）" in yes.text.split("\n")[0]
    no = service().ask("公司注销登记邮政能不能办")
    assert no.text.startswith("邮政代办点没有登记办这件事，请去芦溪县政务服务大厅")
