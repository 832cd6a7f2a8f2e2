"""``--stage``: where the functional suite keeps its rows, messages and files (tests/houses/chosen.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.houses import chosen

pytest_plugins = ["tests.plugins.log_leaks"]

settings.register_profile("any_machine", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("any_machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stage", choices=sorted(chosen.STAGES), default="memory", help="ports of the functional suite")


@pytest.fixture(scope="session", autouse=True)
def stage(request: pytest.FixtureRequest) -> Iterator[chosen.Stage]:
    made = chosen.STAGES[request.config.getoption("--stage")]()
    chosen.choose(made)
    made.start()
    yield made
    made.stop()
    chosen.choose(chosen.InMemory())


@pytest.fixture(autouse=True)
def _cleared(stage: chosen.Stage) -> Iterator[None]:
    with stage.one_test():
        yield
