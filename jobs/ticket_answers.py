"""Answers to tickets (工单) go back to who asked. Part of request-watch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from chalicelib.dialogue.tickets import Ticket, TicketKind, TicketService
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import BindingService
from chalicelib.notices.planning import PlannedNotice
from chalicelib.times import local
from jobs.answers import Answer, to_asker
from jobs.core import JobContext, Line, Placement, When

_OWN: frozenset[TicketKind] = frozenset({"人工答复", "投诉建议", "廉政监督"})
"""The others are about a case."""


def ticket_plan(context: JobContext, when: When, skipped: Counter[str]) -> tuple[Sequence[Placement], Sequence[Line]]:
    """Who must hear of an answer; nothing of a run for one enterprise: a ticket names none."""
    if when.enterprise:
        return (), ()
    tickets = TicketService(context.store)
    placements, lines = [], []
    for ticket in tickets.listed("answered"):
        if told := tickets.told(ticket):
            placements.append(Placement(tuple(_to_asker(context, ticket, when, skipped)), (told,)))
            lines.append(Line(f"工单 {ticket.id}", "答复告知本人"))
    return placements, lines


def _to_asker(context: JobContext, ticket: Ticket, when: When, skipped: Counter[str]) -> Sequence[PlannedNotice]:
    """A ticket that was opened again has another answer, which is told as well: so the answer is in the version."""
    bound = BindingService(context.store).of_person(ticket.openid, Right.HEAR_CASES) if ticket.openid else []
    answer = Answer(
        what="工单",
        number=ticket.id,
        topic=ticket.kind,
        line=f"答复：{ticket.answer}",
        at=when.now,
        subject=f"ticket#{local(ticket.opened_at):%Y}-{ticket.id}",
        version=sha256(ticket.answer.encode()).hexdigest()[:12],
        own=ticket.kind in _OWN,
    )
    return to_asker(context, when, answer, ticket.openid, bound[0].uscc if bound else None, skipped)
