"""retention: ends what is over and nothing else, and plans without touching anything."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.cases.model import FORM_SOURCE, CaseEvent, CaseRow
from chalicelib.cases.service import LookupRefused
from chalicelib.concerns.model import ConcernRoute
from chalicelib.concerns.service import ConcernService
from chalicelib.dialogue.tickets import TicketService
from chalicelib.privacy.terms import CASE_TERM, CONCERN_TERM, TICKET_TERM
from tests.unit.jobs.support import E01, JobWorld

DONE_NO, OPEN_NO, ALONE_NO = "3603232026111600019", "3603232026111600027", "3603232026111600035"
ENDED = ("RECEIVED", "ACCEPTED", "REVIEWING", "DECIDED_OK", "FINISHED")
DAY = timedelta(days=1)


def case(no: str, *kinds: str, uscc: str | None = None) -> CaseRow:
    events = [{"id": f"e{n}", "kind": kind, "at": f"2026-11-0{n + 2} 10:00"} for n, kind in enumerate(kinds)]
    body = {"no": no, "uscc": uscc, "title": "示例事项", "dept": "县政务服务中心", "phone_last4": "0101", "prov": "R"}
    return CaseRow.model_validate({**body, "promised": {"n": 60, "unit": "wd"}, "events": events})


@pytest.fixture
def world() -> JobWorld:
    world = JobWorld()
    world.cases.save_row(case(DONE_NO, *ENDED, uscc=E01), world.clock.now())
    world.cases.save_row(case(ALONE_NO, *ENDED), world.clock.now())
    world.cases.save_row(case(OPEN_NO, "RECEIVED", "ACCEPTED", uscc=E01), world.clock.now())
    return world


def test_nothing_is_over_before_its_term(world: JobWorld) -> None:
    TicketService(world.memory).open("o1", "投诉建议", "没人管", world.clock.now())
    world.clock.advance(TICKET_TERM - timedelta(seconds=1))
    assert world.run("retention").planned == 0
    world.clock.advance(CASE_TERM - TICKET_TERM)
    assert not [line for line in world.run("retention").plan.lines if line.what.startswith("办件")]


def test_the_copy_of_an_ended_case_goes_with_all_that_was_filed_of_it(world: JobWorld) -> None:
    world.clock.advance(CASE_TERM + DAY)
    result = world.run("retention")
    assert (result.planned, result.queued, result.failed) == (2, 2, 0)
    assert world.cases.get(DONE_NO) is None
    assert world.cases.get(ALONE_NO) is None
    assert [held.no for held in world.cases.of_enterprise(E01)] == [OPEN_NO]
    with pytest.raises(LookupRefused):
        world.cases.lookup("o1", DONE_NO, "0101", world.clock.now())
    left = [pk for pk, _ in world.memory._rows if DONE_NO in pk or ALONE_NO in pk]
    assert left == []
    assert world.run("retention").planned == 0


def test_a_case_that_goes_on_is_not_over(world: JobWorld) -> None:
    world.clock.advance(CASE_TERM)
    late = {"id": "late", "case_no": DONE_NO, "kind": "ARCHIVED", "at": "2026-11-20 10:00"}
    world.cases.record(CaseEvent.model_validate(late), world.clock.now())
    world.clock.advance(DAY)
    assert [line.what for line in world.run("retention").plan.lines] == [f"办件 {ALONE_NO}"]
    assert world.cases.get(DONE_NO) is not None


def test_an_old_ticket_loses_its_person_and_its_words(world: JobWorld) -> None:
    tickets = TicketService(world.memory)
    old = tickets.open("oTeller", "投诉建议", "张三丰说没人管", world.clock.now())
    world.clock.advance(TICKET_TERM + DAY)
    new = tickets.open("oOther", "人工答复", "怎么换法人", world.clock.now())
    assert world.run("retention").queued == 1
    kept = {ticket.id: ticket for ticket in tickets.listed()}
    assert (kept[old.id].openid, kept[old.id].text, kept[old.id].kind) == ("", "", "投诉建议")
    assert kept[new.id] == new
    assert tickets.of_person("oTeller") == []
    assert not [1 for _, text in world.memory._rows.values() if "oTeller" in text or "张三丰" in text]
    assert world.run("retention").planned == 0


def test_an_answered_concern_loses_its_person_and_its_words(world: JobWorld) -> None:
    concerns = ConcernService(world.memory, world.context.calendar)
    route = {"topic": "用地", "words": ("厂房",), "dept": "县自然资源局", "days": 3, "escalate_to": "县政府"}
    concerns.routes.save_row(ConcernRoute.model_validate({**route, "prov": "R"}))
    said = [concerns.open(f"oTeller{n}", E01, "用地", "王老板的三号厂房", world.clock.now()) for n in range(2)]
    concerns.answer(said[0].id, "op", "请王老板来窗口", world.clock.now())
    world.clock.advance(CONCERN_TERM)
    assert not [line for line in world.run("retention").plan.lines if line.what.startswith("诉求")]
    world.clock.advance(1)
    assert [line.what for line in world.run("retention", dry_run=True).plan.lines] == [f"诉求 {said[0].id}"]
    assert world.run("retention").queued == 1
    kept = concerns.get(said[0].id)
    assert (kept.openid, kept.text, kept.answer, kept.dept) == ("", "", "", "县自然资源局")
    assert concerns.of_person("oTeller0") == []
    assert concerns.get(said[1].id).text == "王老板的三号厂房"  # still waits for its answer
    assert world.run("retention").planned == 0


def test_who_leaves_is_taken_out_of_their_tickets(world: JobWorld) -> None:
    tickets = TicketService(world.memory)
    mine = tickets.open("oTeller", "投诉建议", "没人管", world.clock.now())
    theirs = tickets.open("oOther", "投诉建议", "没人管", world.clock.now())
    tickets.forget("oTeller")
    assert [ticket.openid for ticket in tickets.listed()] == ["", "oOther"]
    assert next(tickets.listed()).text == mine.text
    assert tickets.of_person("oOther") == [theirs]


def test_a_dry_run_touches_nothing(world: JobWorld) -> None:
    TicketService(world.memory).open("o1", "投诉建议", "没人管", world.clock.now())
    world.clock.advance(CASE_TERM + DAY)
    before = {key: text for key, (_, text) in world.memory._rows.items()}
    assert world.run("retention", dry_run=True).planned == 3
    assert {key: text for key, (_, text) in world.memory._rows.items()} == before


def test_documents_go_thirty_days_after_they_were_handed_in(world: JobWorld) -> None:
    world.blobs.put("documents/2026-11-22/abc.json", b"{}")
    world.blobs.put("documents/2026-12-20/def.pdf", b"%PDF")
    world.blobs.put("catalogue/000001.json", b"{}")
    world.clock.advance(31 * DAY)
    planned = world.run("retention", dry_run=True)
    assert [line.what for line in planned.plan.lines] == ["文书 documents/2026-11-22/abc.json"]
    assert len(world.blobs.list("documents/")) == 2
    assert world.run("retention").queued == 1
    assert world.blobs.list("") == ["catalogue/000001.json", "documents/2026-12-20/def.pdf"]


def test_a_draft_case_of_a_form_goes_when_nobody_handed_it_in(world: JobWorld) -> None:
    ours, theirs, taken = "3603232026110190001", "3603232026110100002", "3603232026110190003"
    for no, source in ((ours, FORM_SOURCE), (theirs, "窗口"), (taken, FORM_SOURCE)):
        row = case(no, uscc=E01).model_dump() | {"phone_last4": None}
        event = {"id": "d", "kind": "DRAFT", "at": "2026-11-01 10:00", "source": source}
        world.cases.save_row(CaseRow.model_validate(row | {"events": [event]}), world.clock.now())
    handed_in = {"id": "s", "case_no": taken, "kind": "SUBMITTED", "at": "2026-11-20 10:00"}
    world.cases.record(CaseEvent.model_validate(handed_in), world.clock.now())
    world.clock.advance(timedelta(days=8))  # 2026-12-01, the last day
    assert [line.what for line in world.run("retention", dry_run=True).plan.lines if "草稿" in line.why] == []
    world.clock.advance(DAY)
    assert [line.what for line in world.run("retention").plan.lines if "草稿" in line.why] == [f"办件 {ours}"]
    assert world.cases.get(ours) is None
    assert world.cases.get(theirs) is not None and world.cases.get(taken) is not None
