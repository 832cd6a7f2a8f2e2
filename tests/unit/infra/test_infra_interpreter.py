"""The interpreter that packages decides the runtime of the functions."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from infra import interpreter
from infra.failed import PackagingFailed


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_this_interpreter_is_what_it_says() -> None:
    found = interpreter.probe(sys.executable)
    assert found is not None
    assert found.version == sys.version_info[:2]
    assert found.label == "{}.{}".format(*sys.version_info[:2])


def test_a_shim_without_its_version_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyenv leaves python3.13 on PATH even where that version is not switched on."""
    script(tmp_path, "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    script(tmp_path, "python3.12", "echo 3.12")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    assert interpreter.choose() == interpreter.Interpreter(tmp_path / "python3.12", (3, 12))


def test_on_a_machine_with_nothing_newer_this_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    assert interpreter.choose() == interpreter.Interpreter(Path(sys.executable), (3, 11))


def test_a_wanted_python_that_does_not_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackagingFailed, match="nowhere"):
        interpreter.choose(str(tmp_path / "nowhere"))
