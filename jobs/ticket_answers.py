"""Answers to tickets (工单) go back to who asked. Part of request-watch.

Who is bound to an enterprise gets a notice; everybody finds the answer under 我的工单.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from chalicelib.dialogue.tickets import Ticket, TicketService
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import BindingService
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.notices.planning import PlannedNotice
from jobs.core import JobContext, Line, Placement, When
from jobs.telling import for_one
from jobs.wording import field_time

TELL_WITHIN = timedelta(days=3)


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
    bound = BindingService(context.store).of_person(ticket.openid, Right.HEAR_CASES) if ticket.openid else []
    if not bound:
        skipped["提出人没有绑定企业，等本人查看"] += 1
        return ()
    draft = Draft(
        uscc=bound[0].uscc,
        kind=NoticeKind.CASE_PROGRESS,
        subject=f"ticket#{ticket.opened_at:%Y}-{ticket.id}",
        version="answer",
        event="answered",
        title="工单已答复",
        lines=(f"工单 {ticket.id}（{ticket.kind}）", f"答复：{ticket.answer}"),
        fields={
            "thing1": f"工单：{ticket.kind}",
            "character_string2": ticket.id,
            "phrase3": "已答复",
            "time4": field_time(when.now),
        },
        path="/h5/inbox",
        expires_at=when.now + TELL_WITHIN,
        why=f"工单 {ticket.id} 已答复",
    )
    return for_one(context, when, draft, ticket.openid, skipped)
