"""Every function of the functional suite has the rights of its policy and no others (tests/houses/rights.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import app
from tests.houses import rights


@pytest.fixture(scope="session", autouse=True)
def _functions_known() -> None:
    rights.watch(app)


@pytest.fixture(autouse=True)
def _within_rights() -> Iterator[None]:
    rights.missing.clear()
    yield
    assert rights.missing == []
