"""``/h5/publicity/{round}``: the list of an award round for everybody, while its public notice runs (公示).

Before the notice and after it there is no such page: the list is public for as long as objections are taken.
"""

from __future__ import annotations

import re
from itertools import islice

from chalicelib import money
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageMissing, Visit
from chalicelib.policies.awards.life import EntryState, entry_life, round_life
from chalicelib.policies.awards.model import AwardRefused, Notice, Round
from chalicelib.times import local_date

SHOWN = 200
_CODE = re.compile(r"[0-9A-Z]{18}", re.ASCII)


def show(visit: Visit) -> PageResponse:
    """``after``: the credit code that the page before ended with. Raises PageMissing."""
    round_, notice = _public(visit)
    after = visit.request.query.get("after", "")
    if after and not _CODE.fullmatch(after):
        raise PageMissing
    entries = list(islice(visit.services.awards.entries(round_.id, after), SHOWN + 1))
    more = len(entries) > SHOWN
    course = round_life(round_)
    return render.page(
        visit,
        "publicity.html",
        personal=False,
        title=f"{round_.short}公示",
        round=round_,
        notice=notice,
        count=course.count,
        total=money.show(course.total),
        entries=[
            (entry.name, entry.uscc, money.show(entry.amount))
            for entry in entries[:SHOWN]
            if entry_life(entry).state is not EntryState.WITHDRAWN
        ],
        next=visit.request.address(after=entries[SHOWN - 1].uscc) if more else "",
    )


def _public(visit: Visit) -> tuple[Round, Notice]:
    try:
        round_ = visit.services.awards.round(visit.request.key)
    except AwardRefused:
        raise PageMissing from None
    course, today = round_life(round_), local_date(visit.now)
    notice = course.notice
    if notice is None or course.closed is not None or not notice.start <= today <= notice.end:
        raise PageMissing
    return round_, notice
