"""What a person does on the simulator's phone, through its pushes and our own callback, to our ledgers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from chalice.test import Client

from app import app
from chalicelib.bootstrap import Application
from simulator import Request, Response
from simulator.http import text_response
from tests.functional.county import make_county
from tests.functional.simulator.conftest import Bench
from tests.functional.support import SETTINGS, clock_of

TEMPLATE = "tmpl-policy-digest"
OURS = {
    "token": SETTINGS["wechat_token"],
    "app_id": SETTINGS["wechat_app_id"],
    "app_secret": SETTINGS["wechat_app_secret"],
    "aes_key": SETTINGS["wechat_aes_key"],
}


class Account:
    """Our app as the simulator's callback; one push at a time, as Chalice's test client wants it."""

    def __init__(self, client: Client) -> None:
        self._client, self._turn = client, threading.Lock()

    def handle(self, request: Request) -> Response:
        path = f"/wechat?{urlencode(request.query)}"
        with self._turn:
            answer = self._client.http.post(path, headers={"Content-Type": "text/xml"}, body=request.body)
        return text_response(answer.body.decode(), answer.status_code)


@pytest.fixture
def county() -> Application:
    return make_county()


@pytest.fixture
def bench(make: Callable[..., Bench], county: Application) -> Iterator[Bench]:
    with Client(app) as client:
        made = make(
            handle=Account(client).handle,
            now=county.clock.now().timestamp(),
            mode="safe",
            push_timeout=30,
            **OURS,
        )
        yield made


def always(county: Application, bench: Bench) -> bool:
    """Whether the account may push to the person now; then five seconds pass."""
    bench.settle()
    bench.clock.time += 5
    clock_of(county).advance(5)
    return county.notices.subscriptions.get(bench.user, TEMPLATE).always


def test_our_ledger_of_consent_follows_what_the_person_does(county: Application, bench: Bench) -> None:
    phone = bench.simulator.phone
    takes_back: list[Callable[[], None]] = [
        lambda: phone.revoke(bench.user),
        lambda: phone.withdraw_consent(bench.user, TEMPLATE),
        lambda: phone.answer_consent(bench.user, {TEMPLATE: False}, long_term=True),
        lambda: phone.unfollow(bench.user),
    ]
    for number, act in enumerate(takes_back):
        phone.answer_consent(bench.user, {TEMPLATE: True}, long_term=True)
        assert always(county, bench), number
        phone.change_profile(bench.user)
        assert always(county, bench), number
        act()
        assert not always(county, bench), number
