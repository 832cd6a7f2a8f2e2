"""Probes of the views and commands that came later: awards, ratings, 容缺, financing demands, bundles, 诉求, 我的数据.

Each furnishes what it needs by the services themselves, never through the person it probes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any

from chalicelib.cases.model import CaseRow
from chalicelib.content.catalogue import Catalogue, CatalogueReader
from chalicelib.dialogue.model import Incoming, Session
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.model import Enterprise
from chalicelib.finance.bundles import Bundle, Member
from chalicelib.finance.demands import Answer, Demand, DemandState
from chalicelib.guidance.model import ServiceItem
from chalicelib.times import local_date
from chalicelib.tolerance import offer_of
from tests.functional.authorisation.conftest import BANKS, NAMES, OURS, THEIRS, TITLES, County
from tests.unit.pages.house import ITEM
from tests.unit.policies.awards.support import ANN, BOB, enterprise, policy

ME = "oMe"
_PEOPLE = count()
ENDED, ROUND, SECRET_PURPOSE = "3603232026111600043", "P90-2026-1", "买三号窑炉"
WAITING = "3603232026111600035"
PART = "分得 1,234.56 元"

Probe = Callable[[County], bool]


class Published(CatalogueReader):
    """One item with a paper that may be late, one policy without application."""

    def __init__(self) -> None:
        super().__init__(None, None)  # type: ignore[arg-type]

    def _read(self) -> Catalogue:
        return _catalogue()


@cache
def _catalogue() -> Catalogue:
    return Catalogue(1, items={"SX-01": ServiceItem.model_validate(ITEM)}, policies={"P90": policy()})


def _item() -> ServiceItem:
    return _catalogue().items["SX-01"]


def ask(county: County, text: str, openid: str = ME) -> str:
    reply, _ = county.app.dialogue.answer(Incoming(openid, county.now, "text", text=text), Session())
    return reply.text if reply else ""


def send(county: County, page: str, key: str, **form: str) -> int:
    """The form of a page as this person would send it: with the hidden fields that the page gave them, if it did."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', county.open(ME, page, key).body))
    return county.post(ME, page, key, {**hidden, **form}).status


# ------------------------------------------------------------------------------------------------------------ furnished


def ended_case(county: County) -> str:
    kinds = ("RECEIVED", "ACCEPTED", "REVIEWING", "DECIDED_OK", "FINISHED")
    events = [{"id": f"e{n}", "kind": kind, "at": f"2026-11-{n + 9:02} 10:00"} for n, kind in enumerate(kinds)]
    row = {"no": ENDED, "uscc": OURS, "title": "取水许可", "dept": "县水利局", "prov": "R", "events": events}
    county.app.cases.save_row(CaseRow.model_validate(row), county.now)
    return ENDED


def case_to_correct(county: County) -> str:
    """A case of OURS that waits for papers."""
    asked = {"id": "c2", "kind": "CORRECTING", "at": "2026-11-17 10:00", "materials": ["完税证明"]}
    events = [{"id": "c1", "kind": "RECEIVED", "at": "2026-11-16 10:00"}, asked]
    row = {"no": WAITING, "uscc": OURS, "title": "取水许可", "dept": "县水利局", "prov": "R", "events": events}
    county.app.cases.save_row(CaseRow.model_validate(row), county.now)
    return WAITING


def public_award(county: County) -> str:
    """OURS is on a list that is public from today."""
    sure = enterprise().model_dump(mode="json") | {"uscc": OURS, "name": NAMES[OURS]}
    county.app.enterprises.save(Enterprise.model_validate(sure), county.now)
    awards = county.app.awards
    awards.open("P90", 2026, ANN, county.now)
    awards.confirm(ROUND, BOB, county.now)
    awards.publicise(ROUND, ANN, local_date(county.now), 5, county.now)
    return ROUND


def demand(county: County, *, proposed: bool = False, offered: bool = False) -> Demand:
    """A demand of OURS, as far as it is asked for."""
    demands, bank = county.app.demands, BANKS[OURS]
    made = demands.register(f"o{next(_PEOPLE)}", OURS, 300_000_000, 12, SECRET_PURPOSE, county.now)
    if proposed or offered:
        made = demands.propose(made.id, (bank,), "op")
    if offered:
        demands.agree(made.id, OURS, (bank,), county.now)
        made = demands.answer(
            made.id, Answer(bank=bank, at=county.now, amount=200_000_000, rate_percent=Decimal("3.45"), months=12)
        )
    return made


def bundle(county: County) -> None:
    members = (Member(uscc=OURS, share=3), Member(uscc=THEIRS, share=1))
    row: dict[str, Any] = {"id": "DK-2026-01", "policy": "P90", "lead": THEIRS, "unit": "吨标煤", "basis": "核查报告"}
    county.app.bundles.enter(Bundle(**row, members=members))
    county.app.bundles.confirm("DK-2026-01", 164_608, "op", county.now)


def has_part(county: County) -> bool:
    bundle(county)
    return PART in ask(county, "我的打捆申报")


# --------------------------------------------------------------------------------------------------------------- probes


def rates(county: County) -> bool:
    county.say(ME, "rating.give", no=ended_case(county), level="4")
    return county.app.ratings.get(ENDED) is not None


def commits(give: Callable[[County], object]) -> Probe:
    def probe(county: County) -> bool:
        give(county)
        return county.app.commitments.waiting(OURS, "SX-01", county.now) is not None

    return probe


def changes_demand(action: str, to: DemandState, **made: bool) -> Probe:
    def probe(county: County) -> bool:
        held = demand(county, **made)
        county.say(ME, action, id=held.id, banks="、".join(held.banks), bank=BANKS[OURS])
        return county.app.demands.get(held.id).state is to

    return probe


def registers(county: County) -> bool:
    args = {"amount": "1000000", "months": "6", "purpose": "买材料", "uscc": OURS}
    county.say(ME, "financing.register", **args)
    return "买材料" in {demand.purpose for demand in county.app.demands.of_enterprise(OURS)}


LATER: dict[str, tuple[Right, Probe]] = {
    "chat award.mine": (
        Right.DO_NAME_ACCOUNTS,
        lambda c: public_award(c) == ROUND and "23,418.59" in c.say(ME, "award.mine"),
    ),
    "chat award.open": (
        Right.DO_NAME_ACCOUNTS,
        lambda c: "23,418.59" in c.say(ME, "award.open", round=public_award(c), uscc=OURS),
    ),
    "page award": (Right.DO_NAME_ACCOUNTS, lambda c: "23,418.59" in c.open(ME, "award", public_award(c)).body),
    "page award, account": (
        Right.DO_NAME_ACCOUNTS,
        lambda c: (
            303
            == send(
                c,
                "award",
                public_award(c),
                bank="示例银行芦溪支行",
                number="6222021234567890128",
                again="6222021234567890128",
            )
        ),
    ),
    "page cases": (Right.SEE_CASES, lambda c: TITLES[OURS] in c.open(ME, "cases").body),
    "chat casenext.papers": (
        Right.SEE_CASES,
        lambda c: "完税证明" in c.say(ME, "casenext.papers", no=case_to_correct(c)),
    ),
    "chat casenext.extend": (
        Right.SEE_CASES,
        lambda c: "县水利局" in c.say(ME, "casenext.extend", no=case_to_correct(c)),
    ),
    "chat casenext.pass_on": (
        Right.SEE_CASES,
        lambda c: "工单" in c.say(ME, "casenext.pass_on", no=case_to_correct(c)),
    ),
    "chat rating.ask": (Right.SEE_CASES, lambda c: "取水许可" in c.say(ME, "rating.ask", no=ended_case(c))),
    "chat rating.give": (Right.SEE_CASES, rates),
    "chat tolerance.of": (
        Right.DO_FILL_FORMS,
        lambda c: "自愿申请容缺" in c.say(ME, "tolerance.of", item="SX-01", uscc=OURS),
    ),
    "chat tolerance.agree": (
        Right.DO_FILL_FORMS,
        commits(lambda c: c.say(ME, "tolerance.agree", item="SX-01", uscc=OURS)),
    ),
    "page tolerance": (Right.DO_FILL_FORMS, lambda c: NAMES[OURS] in c.open(ME, "tolerance", "SX-01").body),
    "page tolerance, agree": (
        Right.DO_FILL_FORMS,
        commits(lambda c: send(c, "tolerance", "SX-01", uscc=OURS, agree="1", text=offer_of(_item()).mark)),
    ),
    "chat financing.mine": (
        Right.SEE_LOANS,
        lambda c: bool(demand(c)) and SECRET_PURPOSE in c.say(ME, "financing.mine"),
    ),
    "chat financing.open": (Right.SEE_LOANS, lambda c: SECRET_PURPOSE in c.say(ME, "financing.open", id=demand(c).id)),
    "chat financing, offers": (
        Right.SEE_LOANS,
        lambda c: "3.45%" in c.say(ME, "financing.open", id=demand(c, offered=True).id),
    ),
    "chat financing.register": (Right.SEE_LOANS, registers),
    "chat financing.agree": (Right.SEE_LOANS, changes_demand("financing.agree", DemandState.LISTED, proposed=True)),
    "chat financing.choose": (Right.SEE_LOANS, changes_demand("financing.choose", DemandState.CLOSED, offered=True)),
    "chat financing.withdraw": (
        Right.SEE_LOANS,
        changes_demand("financing.withdraw", DemandState.CLOSED, proposed=True),
    ),
    "chat bundle part": (Right.SEE_LOANS, has_part),
}


def after(county: County, days: int) -> None:
    county.now += timedelta(days=days)
