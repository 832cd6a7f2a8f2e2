"""The pages through API Gateway's event shape: cookies, redirects, forms, odd paths, and all of the sample content."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

import pytest
from chalice.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.bootstrap import Application
from chalicelib.enterprises.scopes import Scope
from tests.functional.pages.browser import FORM, Browser
from tests.functional.pages.conftest import OWNER, STAFF, STRANGER, USCC


def test_every_guide_bundle_and_policy_of_the_sample_county_has_its_page(
    client: Client, application: Application
) -> None:
    nobody, catalogue = Browser(client, application, None), application.catalogue()
    assert len(catalogue.items) >= 40
    addresses = [f"/h5/guide/{key}" for key in (*catalogue.items, *catalogue.bundles)]
    addresses += [f"/h5/policy/{key}" for key, policy in catalogue.policies.items() if policy.state == "published"]
    for address in (*addresses, "/h5/points", "/h5/policies"):
        answer = nobody.open(address)
        assert answer.status == 200, address
        assert "示例数据" in answer.text, address
        assert len(answer.text.encode()) < 50_000, address


def test_every_case_loan_and_policy_of_an_enterprise_has_its_page_for_the_owner(
    owner: Browser, application: Application
) -> None:
    cases, loans = application.cases.of_enterprise(USCC), application.loans.of_enterprise(USCC)
    assert cases
    assert loans
    for address in (
        *(f"/h5/case/{case.no}" for case in cases),
        *(f"/h5/loan/{loan.id}" for loan in loans),
        *(
            f"/h5/policy/{key}"
            for key, policy in application.catalogue().policies.items()
            if policy.state == "published"
        ),
        "/h5/policies",
        "/h5/me",
    ):
        answer = owner.open(address)
        assert answer.status == 200, address
        assert answer.headers["Cache-Control"] == "no-store", address
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"], address


def test_others_see_nothing_of_it(client: Client, application: Application) -> None:
    stranger, staff = Browser(client, application, STRANGER), Browser(client, application, STAFF)
    case, loan = application.cases.of_enterprise(USCC)[0].no, application.loans.of_enterprise(USCC)[0].id
    absent = stranger.open("/h5/case/3600000000000000000")
    assert absent.status == 404
    for browser, address in (
        (stranger, f"/h5/case/{case}"),
        (stranger, f"/h5/loan/{loan}"),
        (staff, f"/h5/loan/{loan}"),
    ):
        assert browser.open(address) == absent
    assert staff.open(f"/h5/case/{case}").status == 200


def test_a_link_from_a_message_signs_in_and_opens(client: Client, application: Application) -> None:
    no = application.cases.of_enterprise(USCC)[0].no
    public = application.settings.public_url
    address = application.links.page(f"/h5/case/{no}", OWNER, application.clock.now()).removeprefix(public)
    assert Browser(client, application, OWNER).open(address).status == 200
    refused = Browser(client, application, STRANGER).open(address)
    assert refused.status == 403
    assert "这个链接是发给别人的" in refused.text


def test_withdrawing_by_the_form_as_a_browser_sends_it(client: Client, application: Application) -> None:
    browser = Browser(client, application, STAFF)
    token = re.search(r'name="token" value="([0-9a-f]{64})"', browser.open("/h5/me").text)
    assert token
    refused = browser.post("/h5/me", scope="policy_push")
    assert refused.status == 403
    assert application.consents.allows(STAFF, Scope.POLICY_PUSH)
    done = browser.post("/h5/me", scope="policy_push", token=token[1])
    assert (done.status, done.headers["Location"]) == (303, f"{application.settings.public_url}/h5/me?done=1")
    assert not application.consents.allows(STAFF, Scope.POLICY_PUSH)
    assert application.consents.allows(STAFF, Scope.CASE_ALERT)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"scope=all&token=" + b"a" * 5000, FORM),
        (b"&".join(b"a%d=1" % n for n in range(99)), FORM),
        (b"\xff\xfe\x00", FORM),
        (b"token[]=1&token=%ff%fe", FORM),
        (b'{"scope": "all"}', "application/json"),
        (b"<x/>", "text/xml"),
    ],
)
def test_bodies_that_are_no_form_of_ours_change_nothing(
    owner: Browser, application: Application, body: bytes, kind: str
) -> None:
    before = application.consents.current(OWNER)
    assert owner.request("POST", "/h5/me", body, Content_Type=kind).status in (403, 415)
    assert application.consents.current(OWNER) == before


def test_a_broken_cookie_is_no_cookie(client: Client, application: Application) -> None:
    answer = client.http.get("/h5/inbox", headers={"Cookie": 'a="; xixinban_session=1.x.y; ;;=; \u00e9=\u00e9'})
    assert answer.status_code == 302


WORD = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1, max_size=30)
PAGE = st.sampled_from(["case", "guide", "loan", "policy", "inbox", "me", "oauth", "static", "policies"])


@settings(max_examples=150, deadline=None)
@given(
    page=PAGE | WORD,
    key=WORD | st.just(""),
    query=st.dictionaries(st.sampled_from("k code state to big v".split()), WORD),
)
def test_no_path_and_no_key_breaks_a_page(owner: Browser, page: str, key: str, query: dict[str, str]) -> None:
    path = "/".join(["/h5", quote(page, safe=""), *([quote(key, safe="")] if key else [])])
    address = f"{path}?{urlencode(query)}" if query else path
    for browser in (owner, Browser(owner.client, owner.application, None)):
        answer = browser.request("GET", address)
        assert answer.status < 500
        assert "Traceback" not in answer.text
