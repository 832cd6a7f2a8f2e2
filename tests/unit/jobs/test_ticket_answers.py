"""An answered ticket reaches who asked, once, and nobody else."""

from __future__ import annotations

import pytest

from chalicelib.dialogue.tickets import TicketError, TicketService, TicketUnknown
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.model import NoticeState
from chalicelib.ports import Outcome, Reaction
from tests.unit.jobs.support import E01, JobWorld, enterprise

ASKER, COLLEAGUE = "o-asker", "o-colleague"


@pytest.fixture
def world() -> JobWorld:
    world = JobWorld()
    world.add(enterprise(E01))
    return world


def answered(world: JobWorld, openid: str = ASKER) -> TicketService:
    tickets = TicketService(world.store)
    ticket = tickets.open(openid, "人工答复", "食堂要办什么证", world.clock.now())
    tickets.answer(ticket.id, "食品经营许可证，网上可办", world.clock.now())
    return tickets


def test_the_answer_is_told_once_to_who_asked(world: JobWorld) -> None:
    world.person(ASKER, E01)
    world.person(COLLEAGUE, E01)
    tickets = answered(world)
    assert world.run("request-watch", dry_run=True).planned == 2
    world.run("request-watch")
    assert world.run("request-watch").planned == 0
    world.deliver()
    assert len(world.texts(ASKER)) == 1 and "T-" in world.texts(ASKER)[0]
    assert world.texts(COLLEAGUE) == []
    assert [ticket.state for ticket in tickets.of_person(ASKER)] == ["closed"]


def test_without_consent_or_binding_the_answer_comes_where_it_was_asked(world: JobWorld) -> None:
    """It is no push, so nothing is said of 退订; and 退订 itself does not keep it back."""
    world.person(ASKER, E01)
    world.consents.withdraw(ASKER, list(Scope), "chat", world.clock.now())
    world.followers.follow("o-nobody", world.clock.now())
    for openid in (ASKER, "o-nobody"):
        answered(world, openid)
    assert world.run("request-watch").sentence() == "计划 4 项；已处理 4 项。"
    world.notices.cancel_for("o-nobody", tuple(Scope), world.clock.now())
    world.deliver()
    for openid in (ASKER, "o-nobody"):
        [call] = [call for call in world.platform.calls if call.openid == openid]
        assert call.channel == "custom"
        assert call.text and "食品经营许可证，网上可办" in call.text and "退订" not in call.text
    assert list(TicketService(world.store).listed("answered")) == []
    assert world.run("request-watch").planned == 0


def test_who_is_no_member_any_more_hears_nothing_of_its_cases_and_all_of_their_own_questions(world: JobWorld) -> None:
    world.person(ASKER, E01)
    tickets, now = TicketService(world.store), world.clock.now()
    for kind in ("差评整改", "延期申请", "投诉建议"):
        tickets.answer(tickets.open(ASKER, kind, "事由", now).id, f"{kind}的答复", now)
    world.bindings.remove(ASKER, E01, now)
    assert dict(world.run("request-watch").skipped) == {"未绑定": 2}
    world.deliver()
    [text] = world.texts(ASKER)
    assert "投诉建议的答复" in text


def test_when_the_window_is_closed_or_the_asker_is_gone_it_waits_to_be_read(world: JobWorld) -> None:
    world.followers.follow("o-late", world.clock.now())
    for openid in ("o-late", "o-gone"):
        answered(world, openid)
    assert dict(world.run("request-watch").skipped) == {"未关注": 1}
    world.platform.script = [(Outcome(Reaction.NEXT_CHANNEL, code=45015), False)]
    world.deliver()
    assert [(n.openid, n.state) for n in world.notices.list(NoticeState.INBOX)] == [("o-late", NoticeState.INBOX)]
    assert world.platform.seen == {}
    assert list(TicketService(world.store).listed("answered")) == []


def test_an_answer_stands(world: JobWorld) -> None:
    tickets, now = answered(world), world.clock.now()
    [ticket] = tickets.of_person(ASKER)
    assert tickets.answer(ticket.id, " 食品经营许可证，网上可办", now).answer == ticket.answer
    with pytest.raises(TicketError, match="已经答复过"):
        tickets.answer(ticket.id, "另一个答复", now)
    with pytest.raises(TicketError, match="不能为空"):
        tickets.answer(ticket.id, "  ", now)
    for wrong in ("T-1123-99", "x", "T-1#1-1", ""):
        with pytest.raises(TicketUnknown, match="ticket list"):
            tickets.answer(wrong, "好", now)


def test_what_is_added_to_an_answered_ticket_opens_it_and_the_next_answer_is_told(world: JobWorld) -> None:
    world.person(ASKER, E01)
    tickets, now = answered(world), world.clock.now()
    world.run("request-watch")
    [ticket] = tickets.of_person(ASKER)
    tickets.add(ticket.id, "还要带什么", now, "m1")
    tickets.add(ticket.id, "还要带什么", now, "m1")
    [open_again] = tickets.listed()
    assert open_again.text.count("还要带什么") == 1
    tickets.answer(ticket.id, "带身份证", now)
    world.run("request-watch")
    assert world.run("request-watch").planned == 0
    world.deliver()
    assert len(world.texts(ASKER)) == 2
