"""Events about our messages and account, through the real callback: what they change and what they alarm."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from chalice.test import Client

from app import app
from chalicelib.bootstrap import Application
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft, Notice, NoticeState, address
from tests.functional.county import E01, make_county
from tests.functional.support import Person, Post, clock_of, work_off


@pytest.fixture
def county() -> Application:
    return make_county()


@pytest.fixture
def client(county: Application) -> Iterator[Client]:
    with Client(app) as running:
        yield running


@pytest.fixture
def person(county: Application, client: Client) -> Person:
    someone = Person(client, county, "events")
    now = county.clock.now()
    someone.event("subscribe")
    someone.say(f"绑定 {county.bindings.issue_code(E01, '法人', 'op', now).code}")
    county.consents.grant(someone.openid, list(Scope), "v1", "chat", now)
    county.notices.subscriptions.accepted(someone.openid, "tmpl-policy-digest", now)
    return someone


def told(county: Application, person: Person, kind: NoticeKind = NoticeKind.LOAN_PROGRESS) -> Notice:
    now = county.clock.now()
    draft = Draft(
        uscc=E01,
        kind=kind,
        subject=f"about#{kind}",
        version="1",
        event="told",
        title="有新进展",
        lines=("有新进展。",),
        fields={"thing1": "融资", "phrase2": "审批通过", "time3": "2026年11月23日 09:00"},
        path="/h5/inbox",
        expires_at=now + timedelta(days=3),
        why="test",
    )
    one = address(draft, person.openid, now)
    county.notices.place([one], now)
    return one


def test_a_receipt_by_its_long_id(county: Application, client: Client, person: Person) -> None:
    one = told(county, person)
    work_off(county, client)
    message_id = county.notices.show(one.id).message_id
    assert message_id and int(message_id) > 2**53
    person.event("TEMPLATESENDJOBFINISH", extra=f"<MsgID>{message_id}</MsgID><Status><![CDATA[success]]></Status>")
    assert county.notices.show(one.id).state is NoticeState.DELIVERED


def test_a_person_takes_back_the_authorisation(county: Application, client: Client, person: Person) -> None:
    one = told(county, person, NoticeKind.POLICY_DIGEST)
    person.event("user_info_modified", extra=f"<OpenID>{person.openid}</OpenID>")
    assert county.notices.show(one.id).state is NoticeState.QUEUED
    person.event("user_authorization_revoke", extra=f"<OpenID>{person.openid}</OpenID><RevokeInfo>1</RevokeInfo>")
    assert county.notices.show(one.id).state is NoticeState.CANCELLED
    assert not county.notices.subscriptions.get(person.openid, "tmpl-policy-digest").always
    assert county.consents.current(person.openid) == {}
    work_off(county, client)
    assert isinstance(county.messenger, Post)
    assert county.messenger.to(person.openid) == []


def test_taking_the_authorisation_back_opens_nothing_that_was_refused(county: Application, person: Person) -> None:
    ledger, now = county.notices.subscriptions, county.clock.now()
    ledger.rejected(person.openid, "tmpl-loan", now)
    ledger.accepted(person.openid, "tmpl-case-progress", now)
    person.event("user_authorization_revoke", extra=f"<OpenID>{person.openid}</OpenID><RevokeInfo>1</RevokeInfo>")
    assert ledger.get(person.openid, "tmpl-loan").refused
    assert ledger.get(person.openid, "tmpl-case-progress").once == 0


def test_permissions_come_and_go(county: Application, person: Person) -> None:
    ledger = county.notices.subscriptions
    entry = "<List><TemplateId>{}</TemplateId><SubscribeStatusString>{}</SubscribeStatusString></List>"
    both = entry.format("tmpl-case-progress", "accept") + entry.format("tmpl-deadline", "reject")
    person.event("subscribe_msg_popup_event", extra=f"<SubscribeMsgPopupEvent>{both}</SubscribeMsgPopupEvent>")
    assert ledger.get(person.openid, "tmpl-case-progress").once == 1
    assert ledger.get(person.openid, "tmpl-deadline").refused
    clock_of(county).advance(5)
    off = entry.format("tmpl-policy-digest", "reject")
    person.event("subscribe_msg_change_event", extra=f"<SubscribeMsgChangeEvent>{off}</SubscribeMsgChangeEvent>")
    assert ledger.get(person.openid, "tmpl-policy-digest").refused


def test_a_verification_that_went_well_is_no_alarm(
    county: Application, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for event in ("qualification_verify_success", "naming_verify_success"):
            assert person.event(event, extra="<ExpiredTime>1795000000</ExpiredTime>") is None
    assert len([line for line in caplog.records if "verification" in line.message]) == 2
    assert not any(hasattr(line, "alarm") or line.levelno >= logging.WARNING for line in caplog.records)


@pytest.mark.parametrize("event", ["verify_expired", "annual_renew", "qualification_verify_fail"])
def test_verification_alarms(county: Application, person: Person, caplog: pytest.LogCaptureFixture, event: str) -> None:
    with caplog.at_level(logging.ERROR):
        assert person.event(event, extra="<ExpiredTime>1795000000</ExpiredTime>") is None
    assert [getattr(line, "alarm", "") for line in caplog.records] == ["verification"]


def test_a_permission_told_late_opens_nothing_that_was_refused_since(county: Application, person: Person) -> None:
    ledger, template = county.notices.subscriptions, "tmpl-policy-digest"
    entry = "<List><TemplateId>{}</TemplateId><SubscribeStatusString>{}</SubscribeStatusString></List>"
    off, on = entry.format(template, "reject"), entry.format(template, "accept")
    clock_of(county).advance(60)
    person.event("subscribe_msg_change_event", extra=f"<SubscribeMsgChangeEvent>{off}</SubscribeMsgChangeEvent>")
    clock_of(county).advance(-30)
    person.event("subscribe_msg_popup_event", extra=f"<SubscribeMsgPopupEvent>{on}</SubscribeMsgPopupEvent>")
    assert ledger.get(person.openid, template).refused
