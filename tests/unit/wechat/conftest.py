from collections.abc import Iterator

import pytest

from chalicelib.wechat.client import PlatformClient
from tests.unit.wechat.fake_platform import FakePlatform, TestClock, client_of, fake_platform


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    with fake_platform() as fake:
        yield fake


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def client(platform: FakePlatform, clock: TestClock) -> Iterator[PlatformClient]:
    with client_of(platform.base, clock) as made:
        yield made
