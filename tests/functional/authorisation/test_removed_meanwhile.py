"""Who is removed after their right was asked and before their words are written, has written nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from chalicelib.bootstrap import Application
from chalicelib.concerns.model import ConcernRoute
from chalicelib.enterprises.roles import Role
from chalicelib.forms.draft import DraftState
from chalicelib.forms.repository import DraftRepository
from chalicelib.forms.step import Input
from chalicelib.forms.submission import SubmissionService
from tests.functional.authorisation.conftest import OURS, County
from tests.functional.authorisation.later_views import ENDED, Published, ended_case
from tests.unit.forms.sample_forms import COMPILED, NOW, draft

MEMBER = "oMember"
ROUTE = {"topic": "用地", "words": ("厂房",), "dept": "县自然资源局", "days": 3, "escalate_to": "县政府", "prov": "R"}


@dataclass(frozen=True)
class Act:
    """``kind`` of the row that it writes, how it is said, and whether it ``stands`` now."""

    kind: str
    action: str
    args: dict[str, str]
    stands: Callable[[Application], bool]


DEMAND = {"uscc": OURS, "amount": "300000000", "months": "12", "purpose": "买三号窑炉"}
ACTS = [
    Act("commitment", "tolerance.agree", {"item": "SX-01", "uscc": OURS}, lambda app: _commitment(app)),
    Act("caserating", "rating.give", {"no": ENDED, "level": "1"}, lambda app: app.ratings.get(ENDED) is not None),
    Act("demand", "financing.register", DEMAND, lambda app: bool(app.demands.of_enterprise(OURS))),
    Act(
        "concern",
        "concern.file",
        {"topic": "用地", "text": "三号厂房还差十亩地"},
        lambda app: bool(app.concerns.of_person(MEMBER)),
    ),
]


def _commitment(app: Application) -> bool:
    return app.commitments.waiting(OURS, "SX-01", app.clock.now()) is not None


@pytest.fixture
def house(county: County) -> County:
    county.app.__dict__["catalogue_reader"] = Published()
    county.app.concerns.routes.save_row(ConcernRoute.model_validate(ROUTE))
    ended_case(county)
    county.bind(MEMBER, Role.LEGAL)
    return county


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.action)
def test_who_is_removed_meanwhile_has_written_nothing(house: County, act: Act) -> None:
    house.store.meanwhile = (act.kind, lambda: house.app.bindings.remove(MEMBER, OURS, house.now))
    answer = house.say(MEMBER, act.action, **act.args)
    assert house.store.happened(), "it was not written in a transaction"
    assert house.app.bindings.of(MEMBER, OURS) is None
    assert not act.stands(house.app), answer
    assert not any(done in answer for done in ("已转给", "已登记", "已记下", "已承诺"))


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.action)
def test_who_stays_has_done_it(house: County, act: Act) -> None:
    house.say(MEMBER, act.action, **act.args)
    assert act.stands(house.app)


def test_who_is_removed_while_a_form_is_handed_in_opens_no_case(house: County) -> None:
    app, published = house.app, SimpleNamespace(version=1, policies={}, forms={}, fields=COMPILED.fields)
    published.forms[COMPILED.form.id] = COMPILED.form
    app.__dict__["catalogue"] = lambda: published
    submissions = SubmissionService(app.store, app.cases, app.documents, dict)
    app.__dict__["submissions"] = submissions
    filled = DraftRepository(app.store).create(draft(owner=MEMBER, uscc=OURS, state=DraftState.REVIEW))
    house.store.meanwhile = ("formcase", lambda: app.bindings.remove(MEMBER, OURS, house.now))
    before = {case.no for case in app.cases.of_enterprise(OURS)}
    done = app.forms.act(MEMBER, filled.id, Input("submit", message="m1"), NOW)
    assert house.store.happened()
    assert "不能以这家企业的名义" in done.said[0].lines[0]
    assert submissions.of_draft(filled.id) is None
    assert {case.no for case in app.cases.of_enterprise(OURS)} == before
