"""Every route of the pages, as nobody, as a stranger, as a member: nothing breaks, nothing that is not theirs shows.

Routes are taken from the table, so that a page added later is asked as well. Whatever is somebody's in the county goes
into the keys; whatever names somebody must not come out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.bootstrap import Application
from chalicelib.enterprises.scopes import Scope
from chalicelib.pages import cookies, site
from chalicelib.pages.http import PageRequest, PageResponse
from chalicelib.pages.session import Sessions
from tests.functional.pages.conftest import OWNER, STAFF, STRANGER, USCC

OTHER = "91360323MAXX000312"
NEIGHBOUR = "oPageNeighbour"
ROUTES = sorted({*site.ALONE, *((method, f"{page}/") for method, page in site.KEYED)})
OPEN_TO_ALL = {"publicity"}
"""Names and codes stand there by law, while the public notice runs."""

WORD = st.text(alphabet=st.characters(codec="utf-8"), max_size=24)
NAMES = st.sampled_from(
    (
        "k code state to big mine v done signed e after as url"
        " say do token scope uscc ref form message text sure edit review agree"
    ).split()
)
VALUES = WORD | st.sampled_from(
    [
        "1",
        "0",
        "all",
        "admit",
        "save",
        "submit",
        "0" * 16,
        "FM-11",
        "pdf",
        USCC,
        OTHER,
        "https://xixinban.example/h5/points",
    ]
)


@dataclass(frozen=True)
class County:
    application: Application
    keys: tuple[str, ...]
    marks: tuple[str, ...]
    """What names the enterprise of the owner or something of it, and stands on no public page."""

    def ask(self, who: str, method: str, route: str, key: str, **more: object) -> PageResponse:
        application = self.application
        now, secret = application.clock.now(), application.settings.session_secret.get_secret_value()
        held = {cookies.SESSION: Sessions(secret).cookie(who, now)} if who else {}
        page = route.rstrip("/")
        request = PageRequest(
            page, now, key if route != page else "", "POST" if method == "POST" else "GET", cookies=held
        )
        return site.answer(_replaced(request, more), application)

    def token(self, who: str) -> str:
        now, secret = self.application.clock.now(), self.application.settings.session_secret.get_secret_value()
        sessions = Sessions(secret)
        session = sessions.read(sessions.cookie(who, now), now)
        assert session
        return session.form_token


def _replaced(request: PageRequest, more: dict[str, object]) -> PageRequest:
    from dataclasses import replace

    return replace(request, **more)  # type: ignore[arg-type]


class Unlimited:
    """Limits have tests of their own; here a stranger may ask without end."""

    def count(self, *given: object) -> None: ...

    def check(self, *given: object) -> None: ...


@pytest.fixture(scope="module")
def county(application: Application) -> County:
    application.__dict__["page_limits"] = Unlimited()
    now = application.clock.now()
    application.bindings.redeem(NEIGHBOUR, application.bindings.issue_code(OTHER, "法人", "op", now).code, now)
    cases = [case.no for case in application.cases.of_enterprise(USCC)]
    loans = [loan.id for loan in application.loans.of_enterprise(USCC)]
    catalogue = application.catalogue()
    guides = [*list(catalogue.items)[:3], *list(catalogue.bundles)[:2], *list(catalogue.policies)[:3]]
    enterprise = application.enterprises.get(USCC)
    assert enterprise
    draft = application.forms.begin(OWNER, "FM-11", USCC, now, "m").draft.id
    keys = (draft, *cases, *loans, *guides)
    return County(application, keys, (USCC, enterprise.name, draft, *cases, *loans))


def seen_of_others(county: County, response: PageResponse, asked: str) -> list[str]:
    """Marks on the page that the person did not bring along."""
    shown = response.body + str(response.headers) + (response.file or b"").decode("utf-8", "replace")
    return [mark for mark in county.marks if mark in shown and mark not in asked]


@pytest.mark.parametrize(("method", "route"), ROUTES)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nothing_breaks_and_nothing_of_others_shows(
    county: County, method: str, route: str, data: st.DataObject
) -> None:
    key = data.draw(st.sampled_from(county.keys) | WORD, "key")
    query = data.draw(st.dictionaries(NAMES, VALUES, max_size=4), "query")
    form = data.draw(st.dictionaries(NAMES, VALUES, max_size=6), "form") if method == "POST" else {}
    asked = f"{key} {query} {form} {quote(str(query))}"
    for who in ("", STRANGER, NEIGHBOUR):
        sent = form | ({"token": county.token(who)} if who and form else {})
        before = of_owner(county)
        response = county.ask(who, method, route, key, query=query, form=sent)
        assert response.status < 500
        assert "Traceback" not in response.body
        if route.rstrip("/") not in OPEN_TO_ALL:
            assert seen_of_others(county, response, asked) == []
            assert of_owner(county) == before
        assert not re.search(r"\bo(PageOwner|PageStaff)\b", response.body)
        assert not [value for value in response.headers.values() if "\n" in value or "\r" in value]
    for who in (OWNER, STAFF):
        assert county.ask(who, method, route, key, query=query, form=form).status < 500


def of_owner(county: County) -> object:
    """What others must not change."""
    application = county.application
    consents = [application.consents.allows(OWNER, scope) for scope in Scope]
    members = [(one.openid, one.role) for one in application.bindings.members(USCC)]
    drafts = application.forms.open_drafts(OWNER, application.clock.now())
    return consents, members, drafts, application.enterprises.get(USCC)


@pytest.mark.parametrize(("method", "route"), [one for one in ROUTES if one[0] == "POST"])
def test_every_form_needs_our_token(county: County, method: str, route: str) -> None:
    before = of_owner(county)
    for key in county.keys[:2]:
        for token in ("", "0" * 64, county.token(STRANGER)):
            form = {"token": token, "scope": "all", "do": "remove", "sure": "1", "uscc": USCC}
            response = county.ask(OWNER, method, route, key, form=form)
            assert response.status in (403, 404), (route, response.status)
    assert of_owner(county) == before


@pytest.mark.parametrize(("method", "route"), [one for one in ROUTES if one[0] == "GET"])
def test_every_answer_is_small_and_carries_the_safety_headers(county: County, method: str, route: str) -> None:
    for who in ("", STRANGER, OWNER):
        for key in (*county.keys, "nothing"):
            response = county.ask(who, method, route, key)
            headers = response.headers
            assert len(response.body.encode()) < 60_000  # style and all: the issue's first page, one round trip
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
            assert headers["X-Frame-Options"] == "SAMEORIGIN"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert "Cache-Control" in headers
