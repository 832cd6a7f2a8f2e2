"""The numbers under a case lead somewhere: its papers, where to bring them, more time, and who is asked."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.bootstrap import Application
from chalicelib.cases.model import CaseEvent
from chalicelib.enterprises.roles import Role
from tests.functional.county import CASE, CASE_TITLE, E01
from tests.functional.dialogue.conftest import Meet
from tests.functional.support import Person
from tests.unit.jobs.support import case_row


def bound(county: Application, person: Person) -> Person:
    person.say("你好")
    code = county.bindings.issue_code(E01, Role.LEGAL, "op", county.clock.now()).code
    person.say(f"绑定 {code}")
    return person


def said(person: Person, text: str) -> str:
    return person.say(text) or ""


def number_of(reply: str, label: str) -> str:
    """The number before an option, which may stand in one line with others."""
    words = reply.split()
    return words[next(n for n, word in enumerate(words) if word.startswith(label)) - 1]


def test_what_is_missing_where_to_and_until_when(county: Application, meet: Meet) -> None:
    person = bound(county, meet("owner"))
    shown = said(person, CASE)
    papers = said(person, number_of(shown, "怎么开"))
    assert "完税证明：" in papers and "12-08" in papers
    assert "不动产登记中心" in said(bound_again(person), number_of(shown, "送到哪里"))


def bound_again(person: Person) -> Person:
    person.say(CASE)
    return person


def test_more_time_is_asked_for_once_and_reaches_the_department(county: Application, meet: Meet) -> None:
    person = bound(county, meet("owner"))
    shown = said(person, CASE)
    offered = said(person, number_of(shown, "申请延期"))
    assert "批准" in offered and "12-08" in offered
    assert not list(county.tickets.listed("open"))
    passed_on = said(person, "1")
    [ticket] = list(county.tickets.listed("open"))
    assert ticket.kind == "延期申请" and ticket.id in passed_on and CASE_TITLE in ticket.text
    assert CASE not in ticket.text and CASE[-5:] in ticket.text
    now = county.clock.now()
    more = {"days": 5, "note": "在外地", "approved_by_supervisor": True}
    county.cases.record(CaseEvent(id="more", case_no=CASE, kind="EXTENDED", at=now, **more), now)
    assert "申请延期" not in said(person, CASE)
    assert "没有查到" in said(person, "申请延期")


def test_it_can_be_asked_for_in_words(county: Application, meet: Meet) -> None:
    person = bound(county, meet("owner"))
    assert "批准" in said(person, "申请延期")
    assert "60 日" in said(person, "怎么申请行政复议")
    assert "没有查到" in said(meet("stranger"), "申请延期")


def test_many_cases_are_listed_with_those_first_that_wait_for_the_applicant(county: Application, meet: Meet) -> None:
    person, now = bound(county, meet("owner")), county.clock.now()
    for n in range(4):
        received = {"id": "r", "kind": "RECEIVED", "at": (now - timedelta(hours=n + 1)).isoformat()}
        county.cases.save_row(case_row(received, no=f"360323202611220770{n}", title="取水许可"), now)
    listed = said(person, "我的办件")
    assert listed.index(CASE_TITLE) < listed.index("取水许可")
    assert "尾号 07703" in listed and "/h5/cases" in listed
