"""What people read about their case, held against the conversation it is meant for."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chalicelib.cases import timeline
from chalicelib.cases.model import FORM_SOURCE, CaseState
from chalicelib.cases.next_steps import NextAct, may_extend
from chalicelib.cases.timeline import Awaits, awaits, brief, by_turn, render
from tests.unit.cases.samples import CALENDAR, case, event, life, wall

ASKED = (
    event("RECEIVED", "11-16"),
    event("CORRECTING", "11-17", materials=("完税证明",), due=date(2026, 12, 8)),
)
TRANSFER: dict[str, Any] = {"title": "不动产转移登记", "promised": {"n": 3, "unit": "wd"}}


def test_papers_missing_reads_like_a_person_wrote_it() -> None:
    shown = render(case(*ASKED, **TRANSFER), wall("11-22"), CALENDAR)
    assert shown.text() == (
        "不动产转移登记 · 还差 1 份材料\n"
        "11-16 已收件 ✓\n"
        "11-17 一次性告知补正：完税证明\n"
        "● 请在 12-08 前补交，受理后 3 个工作日内办结\n"
        "示例数据"
    )
    assert [step.label for step in shown.next_steps] == ["怎么开完税证明", "送到哪里", "申请延期"]


def test_what_is_still_missing_is_named_once_some_has_come() -> None:
    asked = (event("RECEIVED", "11-16"), event("CORRECTING", "11-17", materials=("章程", "租赁合同")))
    came = event("MATERIAL", "11-18", materials=("章程",))
    assert "还差" not in render(case(*asked), wall("11-18"), CALENDAR).current
    assert render(case(*asked, came), wall("11-18"), CALENDAR).current.endswith("，还差租赁合同")
    assert "租赁" not in render(case(*asked, came), wall("11-18"), CALENDAR, named=False).current


def test_a_favourable_decision_waits_for_the_papers() -> None:
    papers = event("TOL_ACCEPTED", "11-17", committed=True, materials=("章程",), days=4)
    events = (event("RECEIVED", "11-16"), papers, event("REVIEWING", "11-18"), event("DECIDED_OK", "11-19"))
    shown = render(case(*events), wall("11-19"), CALENDAR)
    assert shown.current == "通过了，请在 11-23 前补齐材料，补齐后制证"
    assert [step.act for step in shown.next_steps] == [NextAct.PAPERS, NextAct.PLACE, NextAct.PERSON]


def test_time_can_be_asked_for_once_and_not_for_what_was_committed_to() -> None:
    extended = event("EXTENDED", "11-18", days=5, note="在外地", approved_by_supervisor=True)
    assert may_extend(life(*ASKED, now="11-18"))
    assert not may_extend(life(*ASKED, extended, now="11-18"))
    assert not may_extend(life(*ASKED, event("SUPPLIED", "11-18"), now="11-18"))


def test_those_that_wait_for_the_applicant_come_first() -> None:
    over = (event("RECEIVED", "11-16"), event("WITHDRAWN", "11-17"))
    office = (event("RECEIVED", "11-16"), event("ACCEPTED", "11-17"))
    lives = [(case(*events), life(*events, now="11-18")) for events in (over, office, ASKED)]
    assert [awaits(one) for _, one in by_turn(lives)] == [Awaits.APPLICANT, Awaits.OFFICE, Awaits.NOBODY]


def test_someone_who_only_knows_the_number_learns_no_names_and_no_papers() -> None:
    text = render(case(*ASKED, **TRANSFER), wall("11-22"), CALENDAR, named=False).text()
    assert "不动产" not in text
    assert "完税" not in text
    assert "12-08" in text


def test_refusal_gives_the_reason_and_the_way_on() -> None:
    events = (event("RECEIVED", "11-16"), event("REJECTED_ACCEPT", "11-17", note="不属于本部门职权"))
    shown = render(case(*events), wall("11-22"), CALENDAR)
    assert "复议" in shown.current
    assert shown.current.endswith("原因：不属于本部门职权")
    assert "职权" not in render(case(*events), wall("11-22"), CALENDAR, named=False).text()


def test_an_overdue_office_is_named_with_what_to_do() -> None:
    events = (event("RECEIVED", "11-02"), event("ACCEPTED", "11-02 10:00"))
    assert "（已过 11-16，可拨 12345 催办）" in render(case(*events), wall("11-20"), CALENDAR).current


def test_deemed_acceptance_says_why() -> None:
    shown = render(case(event("RECEIVED", "11-02")), wall("11-11"), CALENDAR)
    assert shown.current == "办理部门逾期没有告知，依法已视为受理，最晚 11-16 前办好"


def test_an_estimate_says_so() -> None:
    events = (event("RECEIVED", "12-28"), event("ACCEPTED", "12-28 10:00"))
    shown = render(case(*events), wall("12-29"), CALENDAR)
    assert "日期暂按周一至周五估算，待国务院办公厅放假通知" in shown.notes


def test_a_long_course_is_cut_for_a_chat_and_whole_on_a_page() -> None:
    kinds = ("SUBMITTED", "RECEIVED", "ACCEPTED", "REVIEWING", "DECIDED_OK", "CERTIFYING", "DELIVERING", "FINISHED")
    shown = render(case(*(event(kind, f"11-{n + 2:02}") for n, kind in enumerate(kinds))), wall("11-22"), CALENDAR)
    assert shown.lines()[1] == "（更早 2 步略）"
    assert len(shown.lines(max_steps=20)) == len(kinds) + 3
    assert shown.past[-1].endswith("办结 ✓")


def test_one_line_for_a_list() -> None:
    assert (
        brief(case(*ASKED, **TRANSFER), life(*ASKED, now="11-22", **TRANSFER))
        == "不动产转移登记 · 还差 1 份材料 · 12-08 前补交材料"
    )
    assert brief(case(), life(now="11-22")) == "食品经营许可（新办） · 还没有进展"


def test_a_form_filled_in_here_waits_for_its_papers() -> None:
    ours = event("DRAFT", "11-20", source=FORM_SOURCE)
    assert (
        render(case(ours), wall("11-22"), CALENDAR).current == "申请表已填好，请在 12-20 前打印签名，连同材料交到窗口"
    )
    theirs = event("DRAFT", "11-20")
    assert render(case(theirs), wall("11-22"), CALENDAR).current == "还没提交，30 天内可以接着填"


@pytest.mark.parametrize("state", list(CaseState))
def test_every_state_has_words(state: CaseState) -> None:
    assert (state in timeline._SAYINGS) != (state in timeline._PLAIN)
    assert state.chinese


def test_a_notice_on_the_way_does_not_end_the_step_it_belongs_to() -> None:
    events = (
        *(event(kind, "11-02") for kind in ("RECEIVED", "ACCEPTED")),
        event("SUSPENDED", "11-05", special="鉴定"),
        event("NOTIFIED", "11-06", note="文书号 1"),
    )
    past = render(case(*events), wall("11-22"), CALENDAR).past
    assert past[-2:] == ("11-05 特别程序：鉴定", "11-06 已书面告知 ✓")


def test_another_year_is_named() -> None:
    events = (event("RECEIVED", "11-19"), event("ACCEPTED", "11-20"))
    long: dict[str, Any] = {"promised": None, "legal": {"n": 30, "unit": "wd"}}
    assert "最晚 2027-01-01 前办好" in render(case(*events, **long), wall("11-22"), CALENDAR).current
    assert "2027-01-01 前办结" in brief(case(*events, **long), life(*events, now="11-22", **long))


def test_where_to_fetch_the_certificate_is_told_to_those_who_may_know() -> None:
    kinds = ("RECEIVED", "ACCEPTED", "REVIEWING", "DECIDED_OK", "CERTIFYING")
    ready = event("DELIVERING", "11-12", note="请到园区服务点领取")
    waiting = case(*(event(kind, f"11-{n + 2:02}") for n, kind in enumerate(kinds)), ready)
    assert render(waiting, wall("11-22"), CALENDAR).current.endswith("。请到园区服务点领取")
    assert "园区" not in render(waiting, wall("11-22"), CALENDAR, named=False).text()
