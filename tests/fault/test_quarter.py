"""A quarter of loans in small; ``python -m tests.fault.quarter`` runs it at full size."""

from __future__ import annotations

from tests.fault.quarter import DAYS, Quarter


def test_no_alert_is_missed_or_doubled_and_no_breach_unrecorded() -> None:
    found = Quarter(24, seed=7, rounds_a_day=1).run()
    assert (found.twice, found.missed, found.unreported, found.wrong_reports) == ([], [], [], [])
    assert found.breaches > 0 and found.alerts > 50 and found.deaths > DAYS // 20
    assert found.deliveries > found.events
