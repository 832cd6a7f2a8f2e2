"""What an operator is told when the platform cannot be reached or refuses (``doctor --online``, ``menu publish``)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.wechat.errors import ApiError, NotSent
from jobs.cli.failures import explain
from tests.unit.wechat.fake_platform import FakePlatform, TestClock, client_of, fake_platform
from tests.unit.wechat.test_wechat_client import free_port


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    with fake_platform() as platform:
        yield platform


def told(base: str) -> str:
    with client_of(base, TestClock()) as client, pytest.raises(NotSent) as caught:
        client.tokens.get()
    found = explain(caught.value)
    assert found is not None
    return found[0]


def test_the_network_s_faults_are_told_plainly(platform: FakePlatform) -> None:
    assert "域名" in told("http://no-such-host.invalid")
    assert "连不上" in told(f"http://127.0.0.1:{free_port()}")
    assert "TLS" in told(platform.base.replace("http:", "https:"))


def test_a_refused_address_is_named() -> None:
    message = "invalid ip 121.36.77.201 ipv6 ::ffff:121.36.77.201, not in whitelist rid: 61-2-3"
    found = explain(ApiError("/cgi-bin/stable_token", 40164, message))
    assert found is not None and "出口 IP 是 121.36.77.201" in found[0] and "白名单" in found[0]
