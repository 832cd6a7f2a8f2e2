"""The sample content under data/ goes through every register's own service, and again without a change."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.files import FileBlobs
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.content.catalogue import CatalogueReader
from chalicelib.content.kinds import REGISTERS
from chalicelib.content.service import ContentService

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
DATA = Path(__file__).parents[3] / "data"


WITHOUT_SAMPLES = {"holidays"}
"""Next year's plan is official or it is nothing: there is no sample of it."""


@pytest.mark.parametrize("kind", [kind for kind in REGISTERS if kind not in WITHOUT_SAMPLES])
def test_a_register_of_the_samples_loads_and_loads_again(tmp_path: Path, kind: str) -> None:
    store = SqliteStore(tmp_path / "x.db", FixedClock(NOW), synchronous="NORMAL")
    service = ContentService(store, FileBlobs(tmp_path / "blobs"))
    first = service.load(DATA / f"{kind}.yaml", "运维甲", NOW).kinds[kind].counts()
    assert first["added"] > 0 and first["changed"] == first["removed"] == first["unchanged"] == 0
    again = service.load(DATA / f"{kind}.yaml", "运维甲", NOW).kinds[kind].counts()
    assert again == {"added": 0, "changed": 0, "removed": 0, "unchanged": first["added"]}
    store.close()


def test_the_whole_folder_loads_and_round_trips(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "x.db", FixedClock(NOW), synchronous="NORMAL")
    blobs = FileBlobs(tmp_path / "blobs")
    service = ContentService(store, blobs)
    report = service.check(DATA)
    assert list(report.lines()) == []
    service.load(DATA, "运维甲", NOW)
    catalogue = CatalogueReader(store, lambda: blobs).current()
    assert (len(catalogue.items), len(catalogue.bundles)) == (41, 8)
    assert len(catalogue.points) == 12 and len(catalogue.policies) >= 28
    for name in ("out", "全部.xlsx"):
        service.export(tmp_path / name)
        again = service.load(tmp_path / name, "运维甲", NOW)
        assert not any(again.kinds.values()), list(again.lines())
    assert CatalogueReader(store, lambda: blobs).current() == catalogue
    store.close()
