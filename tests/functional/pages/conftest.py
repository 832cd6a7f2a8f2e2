"""The sample county with people bound to one of its enterprises, for every module of page tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chalice.test import Client

import app
from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.enterprises.consent import NOTICE_VERSION
from chalicelib.enterprises.scopes import Scope
from tests.functional.pages.browser import Browser
from tests.functional.support import DATA, make_application
from tests.unit.pages.house import FakeClient

USCC, OWNER, STAFF, STRANGER = "91360323MAXX00015C", "oPageOwner", "oPageStaff", "oPageStranger"


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    yield furnished()
    bootstrap.install(None)


def furnished() -> Application:
    """The sample county, with two people bound to one of its enterprises."""
    made = make_application()
    made.__dict__["wechat_client"] = FakeClient()  # what the cached property would hold
    now = made.clock.now()
    made.content.load(DATA, "test", now)
    for openid, role in ((OWNER, "法人"), (STAFF, "人事")):
        made.followers.follow(openid, now)
        made.bindings.redeem(openid, made.bindings.issue_code(USCC, role, "op", now).code, now)
        made.consents.grant(openid, Scope, NOTICE_VERSION, "chat", now)
    return made


@pytest.fixture(scope="module")
def client(application: Application) -> Iterator[Client]:
    with Client(app.app) as client:
        yield client


@pytest.fixture(scope="module")
def owner(client: Client, application: Application) -> Browser:
    browser = Browser(client, application, OWNER)
    browser.open("/h5/inbox")
    return browser
