"""Binding by a QR code with a one-time scene."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.enterprises.binding import SCENE_LONGEST, USED_SCENE, BindingRefused, BindingService
from chalicelib.enterprises.roles import Role

USCC = "91360323MAXX00015C"


def test_a_scan_binds_once_and_the_second_is_told_plainly(store: MemoryStore, clock: FixedClock) -> None:
    service = BindingService(store)
    issued = service.issue_scene(USCC, Role.TAX, "op-1", clock.now())
    assert service.redeem_scene("o1", issued.code, clock.now()).role is Role.TAX
    for openid in ("o1", "o2"):
        with pytest.raises(BindingRefused) as refused:
            service.redeem_scene(openid, issued.code, clock.now())
        assert str(refused.value) == USED_SCENE
    assert [member.openid for member in service.members(USCC)] == ["o1"]


def test_a_scene_says_nothing_and_is_kept_as_a_hash(store: MemoryStore, clock: FixedClock) -> None:
    issued = BindingService(store).issue_scene(USCC, Role.LEGAL, "op-1", clock.now())
    assert USCC not in issued.code
    assert 30 <= len(issued.code) <= 59  # with its prefix at most 64, the platform's limit
    assert issued.code not in json.dumps([[record.pk, text] for record, text in store._rows.values()])


def test_a_scene_is_no_code_and_a_code_no_scene(store: MemoryStore, clock: FixedClock) -> None:
    service = BindingService(store)
    with pytest.raises(BindingRefused):
        service.redeem("o1", service.issue_scene(USCC, Role.LEGAL, "op-1", clock.now()).code, clock.now())
    with pytest.raises(BindingRefused):
        service.redeem_scene("o1", service.issue_code(USCC, Role.LEGAL, "op-1", clock.now()).code, clock.now())


def test_a_scene_ends(store: MemoryStore, clock: FixedClock) -> None:
    service = BindingService(store)
    issued = service.issue_scene(USCC, Role.LEGAL, "op-1", clock.now(), timedelta(days=1))
    with pytest.raises(BindingRefused):
        service.redeem_scene("o1", issued.code, clock.now() + timedelta(days=1))
    for life in (timedelta(), SCENE_LONGEST + timedelta(seconds=1)):
        with pytest.raises(ValueError, match="30 days"):
            service.issue_scene(USCC, Role.LEGAL, "op-1", clock.now(), life)


def test_eight_phones_at_once_make_one_member(store: MemoryStore, clock: FixedClock) -> None:
    service = BindingService(store)
    scene = service.issue_scene(USCC, Role.STAFF, "op-1", clock.now()).code

    def scan(openid: str) -> bool:
        try:
            return bool(service.redeem_scene(openid, scene, clock.now()))
        except BindingRefused:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(scan, [f"o{n}" for n in range(8)])) == 1
    assert len(service.members(USCC)) == 1
