"""Every command and view there is, found by asking the product, has its row; whoever lacks the right gets nothing.

The rows are one table (``SURFACES``): deny by default, for a command or view without a row fails here. What is tried is
the same for all of them: everything that names OURS is handed in, as by somebody who guessed it or was told; no answer
may hold what the standing of the asker does not let them see, and no row of OURS may be another one afterwards. That
who may gets through is the matrix's (``test_authorisation_matrix``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.cases.model import CaseRow
from chalicelib.concerns.model import ConcernRoute
from chalicelib.dialogue.model import Incoming, Session, Turn
from chalicelib.dialogue.roster import ROSTER, Roster
from chalicelib.dialogue.wording import COMMANDS
from chalicelib.enterprises import access, handover
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.roles import Role
from chalicelib.masking import openid as pseudonym
from chalicelib.pages import site
from tests.functional.authorisation.conftest import BANKS, CASES, LOANS, NAMES, OURS, THEIRS, TITLES, County
from tests.functional.authorisation.later_views import (
    ENDED,
    PART,
    ROUND,
    SECRET_PURPOSE,
    Published,
    ask,
    bundle,
    demand,
    ended_case,
    public_award,
)
from tests.houses import chosen

ME, COLLEAGUE, NEW = "oMe", "oColleague", "oNew"
CONCERN, TICKET = "三号厂房还差十亩地", "昨天窗口没人管"
CORRECTING = "3603232026111600051"
AMOUNT = "23,418.59"
"""Of the award; what a policy is worth to them comes to the same."""

PUBLIC = "what anybody may read"
OWN = "only what is the asker's own, by their openid"
MEMBER = "the asker's own, in the name of the one enterprise that they are bound to in whatever role"

SURFACES: Mapping[str, Right | str] = {
    "chat award.mine": Right.DO_NAME_ACCOUNTS,
    "chat award.open": Right.DO_NAME_ACCOUNTS,
    "chat bind.agree": OWN,
    "chat bind.agree_case": OWN,
    "chat bind.agree_work": OWN,
    "chat bind.begin": PUBLIC,
    "chat bind.later": PUBLIC,
    "chat bind.remove": Right.DO_LEAVE,
    "chat bind.scanned": OWN,
    "chat bind.unbind": OWN,
    "chat case.mine": Right.SEE_CASES,
    "chat case.open": Right.SEE_CASES,
    "chat casenext.appeal": Right.SEE_CASES,
    "chat casenext.extend": Right.SEE_CASES,
    "chat casenext.keep": Right.SEE_CASES,
    "chat casenext.papers": Right.SEE_CASES,
    "chat casenext.pass_on": Right.SEE_CASES,
    "chat concern.ask": PUBLIC,
    "chat concern.file": MEMBER,
    "chat concern.mine": OWN,
    "chat concern.open": OWN,
    "chat exam.begin": Right.DO_CHECK_UP,
    "chat exam.say": Right.DO_CHECK_UP,
    "chat financing.agree": Right.SEE_LOANS,
    "chat financing.begin": Right.SEE_LOANS,
    "chat financing.choose": Right.SEE_LOANS,
    "chat financing.mine": Right.SEE_LOANS,
    "chat financing.open": Right.SEE_LOANS,
    "chat financing.register": Right.SEE_LOANS,
    "chat financing.withdraw": Right.SEE_LOANS,
    "chat form.agree": OWN,
    "chat form.begin": Right.DO_FILL_FORMS,
    "chat form.choose": PUBLIC,
    "chat form.find": PUBLIC,
    "chat form.resume": OWN,
    "chat guide.ask": PUBLIC,
    "chat guide.follow": PUBLIC,
    "chat guide.item": PUBLIC,
    "chat guide.none": PUBLIC,
    "chat handoff.ask": OWN,
    "chat join.begin": PUBLIC,
    "chat join.role": OWN,
    "chat leave.everything": OWN,
    "chat loan.difference": PUBLIC,
    "chat loan.mine": Right.SEE_LOANS,
    "chat loan.open": Right.SEE_LOANS,
    "chat members.admit": Right.DO_ADMIT,
    "chat members.ask_remove": Right.SEE_MEMBERS,
    "chat members.decide": Right.DO_ADMIT,
    "chat members.list": Right.SEE_MEMBERS,
    "chat members.refuse": Right.DO_ADMIT,
    "chat members.remove": Right.DO_REMOVE,
    "chat own.ask_erase": OWN,
    "chat own.data": OWN,
    "chat own.erase": OWN,
    "chat own.inbox": OWN,
    "chat points.ask": PUBLIC,
    "chat points.item": PUBLIC,
    "chat points.nearest": PUBLIC,
    "chat points.point": PUBLIC,
    "chat policy.mine": Right.SEE_POLICIES,
    "chat policy.refused": Right.SEE_POLICIES,
    "chat policy_question.open": PUBLIC,
    "chat rating.ask": Right.SEE_CASES,
    "chat rating.give": Right.SEE_CASES,
    "chat tolerance.agree": Right.DO_FILL_FORMS,
    "chat tolerance.ask": PUBLIC,
    "chat tolerance.no": PUBLIC,
    "chat tolerance.of": Right.DO_FILL_FORMS,
    "chat welcome.greet": PUBLIC,
    "chat welcome.section": PUBLIC,
    "word agree": OWN,
    "word back": OWN,
    "word bind": PUBLIC,
    "word cancel": OWN,
    "word erase": OWN,
    "word help": PUBLIC,
    "word inbox": OWN,
    "word join": PUBLIC,
    "word leave": OWN,
    "word members": Right.SEE_MEMBERS,
    "word more": OWN,
    "word only_case": OWN,
    "word only_loan": OWN,
    "word person": OWN,
    "word privacy": OWN,
    "word repeat": OWN,
    "word tickets": OWN,
    "word unbind": OWN,
    "word useful": OWN,
    "word useless": OWN,
    "GET award": Right.DO_NAME_ACCOUNTS,
    "GET case": Right.SEE_CASES,
    "GET cases": Right.SEE_CASES,
    "GET checkup": Right.DO_CHECK_UP,
    "GET form": OWN,
    "GET forms": OWN,
    "GET guide": PUBLIC,
    "GET inbox": OWN,
    "GET jssdk": PUBLIC,
    "GET loan": Right.SEE_LOANS,
    "GET me": OWN,
    "GET members": Right.SEE_MEMBERS,
    "GET mydata": OWN,
    "GET oauth": PUBLIC,
    "GET points": PUBLIC,
    "GET policies": PUBLIC,
    "GET policy": PUBLIC,
    "GET publicity": PUBLIC,
    "GET static": PUBLIC,
    "GET talk": OWN,
    "GET tolerance": Right.DO_FILL_FORMS,
    "POST award": Right.DO_NAME_ACCOUNTS,
    "POST checkup": Right.DO_CHECK_UP,
    "POST form": OWN,
    "POST forms": Right.DO_FILL_FORMS,
    "POST me": OWN,
    "POST members": Right.DO_REMOVE,
    "POST mydata": OWN,
    "POST talk": OWN,
    "POST tolerance": Right.DO_FILL_FORMS,
}
"""Who may: the right of ``access.TABLE`` that it takes, or why it takes none."""

PAGE_KEYS: Mapping[str, tuple[str, ...]] = {
    "award": (ROUND,),
    "case": (CASES[OURS], ENDED),
    "form": ("0" * 16,),
    "guide": ("SX-01",),
    "loan": (LOANS[OURS],),
    "policy": ("P90",),
    "publicity": (ROUND,),
    "static": ("page.css",),
    "tolerance": ("SX-01",),
}


def there_are(county: County) -> set[str]:
    """All that the product answers to a person, by its own registers."""
    roster = Roster(county.app.desk, lambda turn, besides: False)
    actions = {f"chat {line.name}.{act}" for line in ROSTER for act in roster[line.name].actions()}
    words = {f"word {command}" for command in COMMANDS.values()}
    return actions | words | {f"{method} {page}" for method, page in (*site.ALONE, *site.KEYED)}


def test_every_command_and_view_has_its_row(county: County) -> None:
    assert there_are(county) == set(SURFACES)
    assert set(PAGE_KEYS) == {page for _, page in site.KEYED}


# --------------------------------------------------------------------------------------------------- what OURS keeps


def correcting_case(county: County) -> None:
    notice = {"id": "e2", "kind": "CORRECTING", "at": "2026-11-18 10:00", "materials": ["章程修正案"], "days": 10}
    events = [{"id": "e1", "kind": "RECEIVED", "at": "2026-11-17 10:00"}, notice]
    row = {"no": CORRECTING, "uscc": OURS, "title": "变更登记", "dept": "县行政审批局", "prov": "R", "events": events}
    county.app.cases.save_row(CaseRow.model_validate(row), county.now)


class Furnished:
    """OURS with a bit of everything; ``args`` names it all."""

    def __init__(self, county: County) -> None:
        county.app.__dict__["catalogue_reader"] = Published()
        self.county = county
        county.bind(COLLEAGUE, Role.PROJECT)
        ended_case(county)
        correcting_case(county)
        public_award(county)
        offered = demand(county, offered=True)
        bundle(county)
        route = {"topic": "用地", "words": ("厂房",), "dept": "县自然资源局", "days": 3, "escalate_to": "县政府"}
        county.app.concerns.routes.save_row(ConcernRoute.model_validate({**route, "prov": "R"}))
        concern = county.app.concerns.open(COLLEAGUE, OURS, "用地", CONCERN, county.now)
        county.app.tickets.open(COLLEAGUE, "投诉建议", TICKET, county.now)
        self.joins()
        self.ids = {"case": CASES[OURS], "loan": LOANS[OURS], "financing": offered.id, "concern": concern.id}
        self.args = {
            "uscc": OURS,
            "no": CASES[OURS],
            "ref": pseudonym(COLLEAGUE),
            "round": ROUND,
            "item": "SX-01",
            "bank": BANKS[OURS],
            "banks": BANKS[OURS],
            "draft": "0" * 16,
            "form": "F01",
            "level": "5",
            "amount": "1000000",
            "months": "6",
            "purpose": "买材料",
            "text": "三号厂房还差地",
            "topic": "用地",
            "role": Role.LEGAL.value,
            "action": "materials",
            "name": "服务升级",
            "scene": "x",
        }
        self.more = {
            "rating.ask": {"no": ENDED},
            "rating.give": {"no": ENDED},
            "casenext.papers": {"no": CORRECTING},
            "casenext.extend": {"no": CORRECTING},
            "casenext.pass_on": {"no": CORRECTING},
            "casenext.keep": {"no": CORRECTING},
            "members.refuse": {"ref": pseudonym(NEW)},
            "members.decide": {"ref": pseudonym(NEW)},
        }

    def joins(self) -> None:
        """NEW asks to join, and may have been let in or refused before."""
        self.county.app.bindings.remove(NEW, OURS, self.county.now)
        self.digits = self.county.app.joining.ask(NEW, OURS, Role.TAX, "欧阳修", self.county.now).digits

    def secrets(self) -> dict[str, Right]:
        """What only who holds the right may read, by how it reads."""
        return {
            TITLES[OURS]: Right.SEE_CASES,
            "取水许可": Right.SEE_CASES,
            "变更登记": Right.SEE_CASES,
            "章程修正案": Right.SEE_CASES,
            BANKS[OURS]: Right.SEE_LOANS,
            SECRET_PURPOSE: Right.SEE_LOANS,
            "3.45%": Right.SEE_LOANS,
            PART: Right.SEE_LOANS,
            AMOUNT: Right.SEE_POLICIES,
            "欧阳*": Right.SEE_MEMBERS,
            pseudonym(COLLEAGUE): Right.SEE_MEMBERS,
        }

    def rows(self) -> dict[tuple[str, str], Any]:
        """Everything kept of OURS, but for what ME keep of it."""
        held = self.county.app.store
        keys = [key for key in chosen.current().keys(self.county.store._store) if not _of_me(*key)]
        rows = (held.get(*key) for key in keys)
        return {(row.pk, row.sk): row.body for row in rows if row and OURS in f"{row.pk}{row.sk}{row.body}"}


def _of_me(pk: str, sk: str) -> bool:
    return ME in f"{pk}{sk}" or pk.startswith(("once#", "pagerate#", "asked#", "tries#"))


def shown_by(furnished: Furnished, surface: str) -> Iterator[str]:
    """All that ME is shown for it, in each way it can be asked for."""
    county, (way, _, name) = furnished.county, surface.partition(" ")
    county.now += timedelta(minutes=11)  # who asks faster is told to wait, whatever they ask for
    match way:
        case "chat":
            id_ = furnished.ids.get(name.partition(".")[0], "SX-01")
            yield _said(county, name, {**furnished.args, "id": id_, **furnished.more.get(name, {})})
        case "word":
            yield ask(county, next(word for word, command in COMMANDS.items() if command == name))
        case "GET":
            for key in PAGE_KEYS.get(name, ("",)):
                response = county.open(ME, name, key, **{"mine": "1", "uscc": OURS, "as": "json"})
                yield f"{response.headers}{response.body}"
        case "POST":
            for key in PAGE_KEYS.get(name, ("",)):
                for form in _forms(furnished, name):
                    response = county.post(ME, name, key, form)
                    yield f"{response.headers}{response.body}"


def _said(county: County, action: str, args: dict[str, str]) -> str:
    turn = Turn(Incoming(ME, county.now, "text"), Session())
    return county.app.dialogue.router.run(turn, action, args).text


def _forms(furnished: Furnished, page: str) -> Iterator[dict[str, str]]:
    common = {**furnished.args, "message": "0" * 32, "say": "我的办件", "sure": "1", "agree": "1", "scope": "all"}
    if page != "members":
        yield {**common, "number": "6222021234567890128", "again": "6222021234567890128", "do": "save"}
        return
    for act, ref in (("admit", pseudonym(NEW)), ("refuse", pseudonym(NEW)), ("remove", pseudonym(COLLEAGUE))):
        yield {**common, "do": act, "ref": ref, "digits": furnished.digits}


# --------------------------------------------------------------------------------------------------------- standings


def bound(role: Role, uscc: str = OURS) -> Any:
    return lambda county: county.bind(ME, role, uscc)


def suspended(county: County) -> None:
    county.bind(ME, Role.LEGAL)
    handover.suspend(county.store, OURS, county.now)


def removed(county: County) -> None:
    county.bind(ME, Role.LEGAL)
    county.app.bindings.remove(ME, OURS, county.now)


STANDINGS: Mapping[str, tuple[Role | None, Any]] = {
    **{f"own {role}": (role, bound(role)) for role in Role},
    **{f"other's {role}": (None, bound(role, THEIRS)) for role in (Role.LEGAL, Role.HEAD)},
    "unbound": (None, lambda county: county.app.followers.follow(ME, county.now)),
    "suspended": (None, suspended),
    "removed": (None, removed),
}


@pytest.mark.parametrize("standing", STANDINGS)
def test_who_lacks_the_right_sees_nothing_and_changes_nothing(county: County, standing: str) -> None:
    role, stand = STANDINGS[standing]
    furnished = Furnished(county)
    stand(county)
    hidden = [text for text, right in furnished.secrets().items() if not access.may(role, right)]
    hidden += [CONCERN, TICKET, COLLEAGUE] + ([] if role else [NAMES[OURS]])
    before = furnished.rows()
    for surface, right in SURFACES.items():
        if _may_change(role, right) and not surface.startswith("GET"):
            continue  # that it works is the matrix's
        for shown in shown_by(furnished, surface):
            seen = [text for text in hidden if text in shown and not _is_public(surface, text)]
            assert seen == [], surface
        if role is not None and county.app.bindings.of(ME, OURS) is None:  # they left: back in for the next
            county.bind(ME, role)
        county.app.followers.follow(ME, county.now)
    assert furnished.rows() == before


def _may_change(role: Role | None, right: Right | str) -> bool:
    return access.may(role, right) if isinstance(right, Right) else right is MEMBER and role is not None


def _is_public(surface: str, text: str) -> bool:
    """公示: name and amount are public as long as the notice is."""
    return surface == "GET publicity" and text in (NAMES[OURS], AMOUNT)


ALIKE = frozenset(
    {
        "chat casenext.appeal",  # the law's own words; more only of a case that was refused
        "chat casenext.keep",
        "chat exam.say",  # outside of a check-up
        "chat form.begin",  # no forms are published here
        "chat members.admit",  # asks for the digits; what is done with them is the matrix's
        "chat members.decide",
        "chat policy.refused",
        "POST checkup",  # outside of a check-up
        "POST forms",
    }
)
"""Answered alike to everybody here, whether they hold the right or not."""


def test_who_holds_the_right_gets_another_answer_than_who_does_not(county: County) -> None:
    """Were a view refused to everybody, the test above would be none the wiser."""
    furnished = Furnished(county)
    asked = [surface for surface, right in SURFACES.items() if isinstance(right, Right)]
    refused = {surface: list(shown_by(furnished, surface)) for surface in asked}
    alike = set()
    for surface in asked:
        county.bind(ME, Role.LEGAL)
        if surface in ("chat members.refuse", "POST members"):
            furnished.joins()
        before = furnished.rows()
        if list(shown_by(furnished, surface)) == refused[surface] and furnished.rows() == before:
            alike.add(surface)
    assert alike == ALIKE
