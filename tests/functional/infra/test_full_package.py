"""The whole packaging with real wheels, twice: the same bytes. Half a minute each on two cores."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from infra import interpreter
from infra.failed import PackagingFailed
from infra.package import ROOT, check_imports, make
from infra.stage import Stage


@pytest.fixture(scope="module")
def here() -> interpreter.Interpreter:
    """The interpreter of the tests, so that no other venv has to be made."""
    import sys

    return interpreter.Interpreter(Path(sys.executable), sys.version_info[:2])


@pytest.mark.slow
def test_two_builds_are_the_same_bytes_and_run_on_their_own(tmp_path: Path, here: interpreter.Interpreter) -> None:
    first = make(Stage("test"), "x86_64", tmp_path / "1", here)
    second = make(Stage("test"), "x86_64", tmp_path / "2", here)
    if first.sha256 != second.sha256:
        pytest.fail(f"differ: {differences(tmp_path / '1/deployment.zip', tmp_path / '2/deployment.zip')}")
    assert (tmp_path / "1/template.json").read_bytes() == (tmp_path / "2/template.json").read_bytes()
    assert json.loads((tmp_path / "1/manifest.json").read_text())["sha256"] == first.sha256
    assert first.bytes < 50_000_000 and first.unzipped < 100_000_000
    with zipfile.ZipFile(tmp_path / "1/deployment.zip") as made:
        names = set(made.namelist())
        made.extractall(tmp_path / "files")
    assert {"app.py", "jobs/policy_push.py", "chalicelib/pages/static/weui.css"} <= names
    assert any(name.endswith(".pyc") for name in names)
    assert not any(name.startswith(("tests/", "simulator/", "data/", "jobs/cli/", "boto3/")) for name in names)
    (tmp_path / "files/xmltodict.py").unlink()
    with pytest.raises(PackagingFailed, match="xmltodict"):
        check_imports(tmp_path / "files", here.python)


def test_a_wheel_that_is_not_found_stops_the_packaging(tmp_path: Path, here: interpreter.Interpreter) -> None:
    """Chalice itself only prints it. The staged copy has no wheels at all here, so each pin must be missed."""
    from infra import archive
    from infra.package import chalice_package
    from infra.staging import stage_copy

    stage_copy(ROOT, tmp_path / "app", "x86_64", requirements="")
    chalice_package(tmp_path / "app", tmp_path / "out", Stage("test"), here.python)
    names = archive.unpack(tmp_path / "out/deployment.zip", tmp_path / "files")
    pins = archive.pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    found = list(archive.problems(names, pins))
    assert len(found) == len(pins)
    assert all(sentence.startswith("缺少依赖 ") for sentence in found)


def differences(one: Path, other: Path) -> list[str]:
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(other) as second:
        sums = [{entry.filename: entry.CRC for entry in archive.infolist()} for archive in (first, second)]
    return sorted(name for name in sums[0].keys() | sums[1].keys() if sums[0].get(name) != sums[1].get(name))[:20]
