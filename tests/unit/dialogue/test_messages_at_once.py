"""Two messages of one person at once, and one message worked on twice: nothing overwritten, nothing opened twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.dialogue.inbox import PATIENCE, Answered, Inbox, Kept, SessionChanged, Taken
from chalicelib.dialogue.model import Session
from chalicelib.dialogue.tickets import TicketService

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PERSON = "o-person"


def taken(inbox: Inbox, key: str) -> Taken:
    found = inbox.take(key)
    assert isinstance(found, Taken)
    return found


def test_the_slower_of_two_messages_is_answered_again_on_the_session_the_faster_left() -> None:
    clock = FixedClock(NOW)
    inbox = Inbox(MemoryStore(clock), clock.now)
    first, second = taken(inbox, "m1"), taken(inbox, "m2")
    read = inbox.session(PERSON)
    newer = Session(updated_at=NOW)
    assert inbox.done(first, {"text": "一"}, PERSON, Kept(newer, read.version)) == {"text": "一"}
    with pytest.raises(SessionChanged):
        inbox.done(second, {"text": "旧"}, PERSON, read)
    fresh = inbox.session(PERSON)
    assert fresh.session == newer
    assert inbox.done(second, {"text": "二"}, PERSON, fresh) == {"text": "二"}
    assert (inbox.take("m1"), inbox.take("m2")) == (Answered({"text": "一"}), Answered({"text": "二"}))


def test_who_waits_for_another_delivery_looks_ever_more_rarely_and_not_beyond_its_time() -> None:
    clock = FixedClock(NOW)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        clock.advance(seconds)

    inbox = Inbox(MemoryStore(clock), clock.now, pause)
    taken(inbox, "m1")
    assert inbox.take("m1") == "busy"
    assert len(pauses) <= 15 and pauses[:-1] == sorted(pauses[:-1])
    assert sum(pauses) == pytest.approx(PATIENCE, abs=0.001)


def test_a_ticket_is_opened_once_for_a_message() -> None:
    tickets = TicketService(MemoryStore(FixedClock(NOW)))
    one = tickets.open(PERSON, "人工答复", "怎么办", NOW, message="m1")
    assert tickets.open(PERSON, "人工答复", "怎么办", NOW, message="m1") == one
    other = tickets.open(PERSON, "人工答复", "怎么办", NOW, message="m2")
    assert [ticket.id for ticket in tickets.of_person(PERSON)] == [one.id, other.id]
