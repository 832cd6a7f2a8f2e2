"""Mass messages by our own client: one draft to all, its repeats, and what a month allows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.wechat.client import PlatformClient
from chalicelib.wechat.errors import ApiError
from simulator import Simulator
from simulator.config import COVER
from tests.functional.simulator.running import client_to, running

ARTICLE = {"title": "11 月政策月报", "content": "<p>本月新政策 3 项。</p>", "thumb_media_id": COVER}
START = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def simulator(tmp_path: Path, clock: FixedClock) -> Iterator[Simulator]:
    with running(tmp_path, clock) as made:
        yield made


@pytest.fixture
def client(simulator: Simulator, clock: FixedClock) -> Iterator[PlatformClient]:
    with client_to(simulator, clock) as made:
        yield made


def people(simulator: Simulator) -> list[str]:
    openids = [simulator.phone.add_user(name) for name in ("甲", "乙", "丙")]
    for openid in openids[:2]:
        simulator.phone.follow(openid)
    return openids


def articles(simulator: Simulator, openid: str) -> int:
    return sum(row["channel"] == "mass" for row in simulator.world.chat.messages(openid))


def test_one_digest_to_all_once(simulator: Simulator, client: PlatformClient, clock: FixedClock) -> None:
    first, second, stranger = people(simulator)
    media_id = client.drafts.add([ARTICLE])
    job = client.message.send_mass_draft(media_id, "digest-2026-11")
    assert job and int(job) > 2**53
    with pytest.raises(ApiError, match="45066"):
        client.message.send_mass_draft(media_id, "digest-2026-11")
    clock.advance(60)
    assert client.message.send_mass_draft(media_id, "digest-2026-11") == job  # a repeat is the same job
    assert [articles(simulator, who) for who in (first, second, stranger)] == [1, 1, 0]
    rows = simulator.world.state.rows("SELECT body FROM outbox WHERE kind = 'push'")
    reports = [body for row in rows if (body := json.loads(row["body"]))["name"] == "MASSSENDJOBFINISH"]
    assert [(report["fields"]["MsgID"], report["fields"]["SentCount"]) for report in reports] == [(int(job), 2)]


def test_once_a_day_and_four_a_month(simulator: Simulator, client: PlatformClient, clock: FixedClock) -> None:
    first, *_ = people(simulator)
    media_id = client.drafts.add([ARTICLE])
    for number in range(4):
        client.message.send_mass_draft(media_id, f"digest-{number}")
        with pytest.raises(ApiError, match="45028"):
            client.message.send_mass_draft(media_id, f"again-{number}")
        clock.advance(timedelta(days=1))
    with pytest.raises(ApiError, match="45028"):
        client.message.send_mass_draft(media_id, "fifth")
    assert articles(simulator, first) == 4
    clock.advance(timedelta(days=30))
    assert client.message.send_mass_draft(media_id, "next month")
    assert articles(simulator, first) == 5


@pytest.mark.parametrize(("media_id", "client_id", "code"), [("unknown", "digest", "40007"), ("", "x" * 65, "45067")])
def test_what_is_refused(
    simulator: Simulator, client: PlatformClient, media_id: str, client_id: str, code: str
) -> None:
    people(simulator)
    with pytest.raises(ApiError, match=code):
        client.message.send_mass_draft(media_id or client.drafts.add([ARTICLE]), client_id)


def test_sixty_mass_calls_a_minute(client: PlatformClient, clock: FixedClock) -> None:
    for _ in range(60):
        with pytest.raises(ApiError, match="40007"):
            client.message.send_mass_draft("unknown", "digest")
    with pytest.raises(ApiError, match="45011"):
        client.message.send_mass_draft("unknown", "digest")
    clock.advance(60)
    with pytest.raises(ApiError, match="40007"):
        client.message.send_mass_draft("unknown", "digest")


def test_a_draft_needs_a_cover_of_the_account(client: PlatformClient) -> None:
    for cover in ({"thumb_media_id": "unknown"}, {}):
        with pytest.raises(ApiError, match="40007 invalid media_id"):
            client.drafts.add([{"title": "月报", "content": "内容", **cover}])
