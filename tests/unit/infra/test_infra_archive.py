"""The zip is looked at before it is believed."""

from __future__ import annotations

import struct
import sys
import zipfile
from pathlib import Path

import pytest

from infra import archive
from infra.failed import PackagingFailed

GOOD = [
    "app.py",
    "chalicelib/bootstrap/__init__.py",
    "jobs/registry.py",
    "jobs/runner.py",
    "chalice/app.py",
    "opencc_python_reimplemented-0.1.7.dist-info/METADATA",
    "jinja2/tests.py",
]
WANTED = {"opencc-python-reimplemented": "0.1.7"}


def test_a_good_zip_has_no_problems() -> None:
    assert list(archive.problems(GOOD, WANTED)) == []


def test_a_missing_distribution_and_another_version_are_named() -> None:
    found = list(archive.problems(GOOD, {**WANTED, "lxml": "6.0"}))
    assert found == ["缺少依赖 lxml==6.0（包里是 没有）"]
    found = list(archive.problems(GOOD, {"opencc-python-reimplemented": "0.1.8"}))
    assert found == ["缺少依赖 opencc-python-reimplemented==0.1.8（包里是 0.1.7）"]


def test_what_a_dependency_brings_along_must_be_pinned_too() -> None:
    found = list(archive.problems([*GOOD, "six-1.17.0.dist-info/METADATA"], WANTED))
    assert found == ["six==1.17.0 没有写明版本，请加进 requirements.txt（别的依赖带来的）"]


@pytest.mark.parametrize("name", [name for name in GOOD if name.endswith(".py") and "jinja2" not in name])
def test_a_missing_part_of_ours_is_named(name: str) -> None:
    assert list(archive.problems(set(GOOD) - {name}, WANTED)) == [f"缺少文件 {name}"]


@pytest.mark.parametrize(
    "name",
    [
        "tests/unit/test_x.py",
        "simulator/http.py",
        "data/items.yaml",
        "jobs/cli/main.py",
        "jobs/embedded/run.py",
        "jobs/__main__.py",
        "boto3/session.py",
        "chalice/cli/__init__.py",
        "chalice/deploy/packager.py",
        "chalicelib/__pycache__/money.cpython-313.pyc",
    ],
)
def test_what_has_no_place_there_is_named(name: str) -> None:
    assert list(archive.problems([*GOOD, name], WANTED)) == [f"不该有 {name}"]


def test_pins_are_read_and_anything_else_refused() -> None:
    assert archive.pins("# why\nWeChatpy==1.8.18\nmoto[all]==5.2.5 # x\n\n") == {"wechatpy": "1.8.18", "moto": "5.2.5"}
    with pytest.raises(PackagingFailed, match="requests>=2"):
        archive.pins("requests>=2")


def test_a_library_for_another_processor_is_found(tmp_path: Path) -> None:
    elf = b"\x7fELF" + bytes(14)
    (tmp_path / "here.so").write_bytes(elf + struct.pack("<H", 0x3E))
    (tmp_path / "there.cpython-313-aarch64.so").write_bytes(elf + struct.pack("<H", 0xB7))
    assert archive.foreign_libraries(tmp_path, "x86_64") == ["there.cpython-313-aarch64.so"]
    assert archive.foreign_libraries(tmp_path, "arm64") == ["here.so"]


def test_packing_twice_gives_the_same_bytes_whatever_the_clock_says(tmp_path: Path) -> None:
    import os

    folder = tmp_path / "files"
    (folder / "room").mkdir(parents=True)
    for name, text in (("b.py", "B = {'x', 'y', 'z'}\n"), ("room/a.py", "def a() -> int:\n    return 1\n")):
        (folder / name).write_text(text)
    archive.compile_sources(folder, Path(sys.executable))
    size = archive.pack(folder, tmp_path / "1.zip")
    for path in folder.rglob("*.pyc"):
        path.unlink()
    for path in folder.rglob("*.py"):
        os.utime(path, (10**9, 10**9))
    archive.compile_sources(folder, Path(sys.executable))
    archive.pack(folder, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "1.zip") as made:
        assert [Path(name).suffix for name in made.namelist()].count(".pyc") == 2
        assert made.namelist() == sorted(made.namelist())
        assert size == sum(entry.file_size for entry in made.infolist())


def test_sources_that_do_not_compile_stop_the_packaging(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def (:\n")
    with pytest.raises(PackagingFailed, match=r"broken\.py"):
        archive.compile_sources(tmp_path, Path(sys.executable))
