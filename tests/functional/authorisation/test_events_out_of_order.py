"""取消关注 that is worked off late, or once more after a crash, by then the person is back."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.dialogue.model import Session
from chalicelib.enterprises.roles import Role
from chalicelib.entrypoints.callback import incoming_of
from chalicelib.wechat.events import SubscribeEvent, UnsubscribeEvent
from tests.functional.authorisation.conftest import OURS, County

ME = "oMe"


def happens(county: County, kind: type[SubscribeEvent] | type[UnsubscribeEvent], created: int) -> None:
    name = "subscribe" if kind is SubscribeEvent else "unsubscribe"
    event = kind(ToUserName="gh_1", FromUserName=ME, CreateTime=created, Event=name, EventKey="")  # type: ignore[call-arg]
    county.app.dialogue.answer(incoming_of(event, county.now), Session())


def test_events_are_put_in_order_by_the_platforms_clock(county: County) -> None:
    came = int(county.now.timestamp()) - 600
    happens(county, SubscribeEvent, came)
    county.bind(ME, Role.LEGAL)
    county.app.tickets.open(ME, "投诉建议", "没人管", county.now)
    county.now += timedelta(minutes=1)
    happens(county, UnsubscribeEvent, came - 60)
    assert county.app.bindings.of(ME, OURS)
    assert county.app.tickets.of_person(ME)
    happens(county, UnsubscribeEvent, came + 60)
    assert county.app.bindings.of(ME, OURS) is None
    assert county.app.tickets.of_person(ME) == []
    happens(county, SubscribeEvent, came + 30)
    happens(county, SubscribeEvent, came + 90)
    assert county.app.followers.is_following(ME)
