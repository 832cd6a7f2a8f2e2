"""Tickets (工单): what 溪小办 could not settle and a person of the 政数局 must."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel

from chalicelib.masking import scrub
from chalicelib.ports import Put, Record, Store
from chalicelib.times import local_date, stamp

_LONGEST = 500
TicketKind = Literal["人工答复", "投诉建议", "廉政监督", "差评整改"]
TicketState = Literal["open", "closed"]


class Ticket(BaseModel):
    """``id`` like T-1122-03: the third of 22 November. ``text`` is scrubbed of numbers that name a person."""

    id: str
    kind: TicketKind
    text: str
    openid: str
    state: TicketState = "open"
    opened_at: datetime
    answer: str = ""
    due: date | None = None


class TicketService:
    """Rows ``ticket#{year}-{id}``, listed by state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, openid: str, kind: TicketKind, text: str, now: datetime, due: date | None = None) -> Ticket:
        """A new ticket with the next number of the day; ``due`` is its own last day (China) where it has one."""
        day = local_date(now)
        count = self._store.add(f"ticket#{day}", "count", {"n": 1})["n"]
        ticket = Ticket(
            id=f"T-{day:%m%d}-{count:02d}",
            kind=kind,
            text=scrub(text)[:_LONGEST],
            openid=openid,
            opened_at=now,
            due=due,
        )
        self._store.transact([Put(self._row(ticket), if_absent=True)])
        return ticket

    def add(self, ticket_id: str, text: str, now: datetime) -> None:
        """What the person says later about the same matter; a ticket that is gone stays gone."""
        key = _key(ticket_id, now)
        row = self._store.get(key, "row")
        if row is None:
            return
        ticket = Ticket.model_validate(row.body)
        longer = ticket.model_copy(update={"text": f"{ticket.text}\n{scrub(text)}"[:_LONGEST]})
        self._store.put(self._row(longer), if_version=row.version)

    def listed(self, state: TicketState = "open") -> Iterator[Ticket]:
        """Tickets in this state, the oldest first."""
        page: str | None = None
        while True:
            found = self._store.query_index("gsi1", f"tickets#{state}", page=page)
            yield from (Ticket.model_validate(record.body) for record in found.records)
            page = found.next
            if page is None:
                return

    @staticmethod
    def _row(ticket: Ticket) -> Record:
        at = stamp(ticket.opened_at)
        return Record(
            pk=_key(ticket.id, ticket.opened_at),
            sk="row",
            body=ticket.model_dump(mode="json"),
            gsi1=(f"tickets#{ticket.state}", at),
        )


def _key(ticket_id: str, at: datetime) -> str:
    return f"ticket#{local_date(at).year}-{ticket_id}"
