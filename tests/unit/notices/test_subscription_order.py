"""订阅台账: answers of a person that are worked on late, or in another order, are put in order by the platform's
clock."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.notices.subscriptions import Subscription, SubscriptionLedger
from tests.unit.notices.support import NOW

ME, LONG, ONCE = "oMe", "tmpl-long", "tmpl-once"
AGREED, REFUSED, AGREED_AGAIN = NOW, NOW + timedelta(seconds=10), NOW + timedelta(seconds=20)
LATE = NOW + timedelta(minutes=1)


@pytest.fixture
def ledger() -> SubscriptionLedger:
    return SubscriptionLedger(MemoryStore(FixedClock(NOW)), long_term=[LONG])


def after(ledger: SubscriptionLedger, template: str) -> tuple[int, bool, bool]:
    found: Subscription = ledger.get(ME, template)
    return found.once, found.always, found.refused


def test_an_agreement_told_after_the_refusal_that_followed_it_opens_nothing(ledger: SubscriptionLedger) -> None:
    for template in (LONG, ONCE):
        ledger.rejected(ME, template, LATE, "2", happened=REFUSED)
        ledger.accepted(ME, template, LATE, "1", happened=AGREED)
        assert after(ledger, template) == (0, False, True)


def test_an_agreement_told_after_the_authorisation_was_taken_back_opens_nothing(ledger: SubscriptionLedger) -> None:
    ledger.accepted(ME, LONG, NOW, "1", happened=AGREED)
    ledger.withdrawn(ME, LATE, "3", happened=REFUSED)
    ledger.accepted(ME, LONG, LATE, "2", happened=AGREED + timedelta(seconds=5))
    assert after(ledger, LONG) == (0, False, False)


@pytest.mark.parametrize("template", [LONG, ONCE])
def test_in_whatever_order_the_last_word_stands(ledger: SubscriptionLedger, template: str) -> None:
    for number, order in enumerate(permutations([AGREED, REFUSED, AGREED_AGAIN])):
        for happened in order:
            say = ledger.rejected if happened is REFUSED else ledger.accepted
            say(f"o{number}", template, LATE, f"{number} {happened}", happened=happened)
        found = ledger.get(f"o{number}", template)
        assert (found.always or found.once >= 1) and not found.refused


def test_the_platform_s_refusal_at_sending_needs_no_order(ledger: SubscriptionLedger) -> None:
    """43101 tells of now by our clock, which may be ahead: who agrees again after it has agreed."""
    ledger.rejected(ME, LONG, NOW + timedelta(seconds=3))
    ledger.accepted(ME, LONG, LATE, "1", happened=NOW)
    assert after(ledger, LONG) == (0, True, False)
