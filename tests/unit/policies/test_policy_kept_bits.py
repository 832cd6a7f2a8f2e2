"""The kept index: the same outcomes as without it, made anew or added to exactly when it must be."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from chalicelib.policies import program as program_module
from chalicelib.policies.columns import Columns, load_columns, save_columns
from chalicelib.policies.kept import KeptBits
from chalicelib.policies.program import compile_columns
from chalicelib.policies.tree import Outcome, Tree
from tests.unit.policies.test_compilers_agree import as_columns, make


@pytest.fixture
def trees_and_columns(monkeypatch: pytest.MonkeyPatch) -> tuple[list[Tree], Columns]:
    monkeypatch.setattr(program_module, "CHUNK", 64)
    trees, rows = make(7, trees=40, enterprises=333, manual=True)
    return trees, as_columns(rows)


def counted(trees: list[Tree], columns: Columns, folder: Path | None, source: str = "a") -> Counter[Outcome]:
    return compile_columns(trees, folder and KeptBits(folder, source)).count(columns)


def test_kept_answers_are_used_instead_of_the_columns(
    trees_and_columns: tuple[list[Tree], Columns], tmp_path: Path
) -> None:
    trees, columns = trees_and_columns
    plain = counted(trees, columns, None)
    assert counted(trees, columns, tmp_path) == plain
    nothing = Columns(columns.size, {})
    assert counted(trees, nothing, tmp_path) == plain != counted(trees, nothing, None)


def test_only_new_leaves_are_asked(trees_and_columns: tuple[list[Tree], Columns], tmp_path: Path) -> None:
    trees, columns = trees_and_columns
    counted(trees[:20], columns, tmp_path)
    before = KeptBits(tmp_path, "a").keys
    assert counted(trees, columns, tmp_path) == counted(trees, columns, None)
    after = KeptBits(tmp_path, "a").keys
    assert after[: len(before)] == before and len(after) > len(before)
    assert counted(trees[5:9], Columns(columns.size, {}), tmp_path) == counted(trees[5:9], columns, None)


def test_other_enterprises_make_it_anew(trees_and_columns: tuple[list[Tree], Columns], tmp_path: Path) -> None:
    trees, columns = trees_and_columns
    counted(trees, columns, tmp_path)
    _, others = make(8, trees=1, enterprises=333)
    assert counted(trees, as_columns(others), tmp_path, "b") == counted(trees, as_columns(others), None)


@pytest.mark.parametrize("harm", ["broken off", "file lost", "cut short", "list unreadable"])
def test_what_a_broken_run_left_is_not_believed(
    trees_and_columns: tuple[list[Tree], Columns], tmp_path: Path, harm: str
) -> None:
    trees, columns = trees_and_columns
    counted(trees[:20], columns, tmp_path)
    bits = tmp_path / "00003.bits"
    if harm == "broken off":
        bits.write_bytes(bits.read_bytes() + bytes(5000))
    elif harm == "file lost":
        bits.unlink()
    elif harm == "cut short":
        bits.write_bytes(bits.read_bytes()[:-9])
    else:
        (tmp_path / "index.json").write_text("{", encoding="utf-8")
    assert counted(trees, columns, tmp_path) == counted(trees, columns, None)


def test_forked_workers_share_it(
    trees_and_columns: tuple[list[Tree], Columns], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_module, "_WORTH_FORKING", 1)
    trees, columns = trees_and_columns
    plain = counted(trees, columns, None)
    for _ in range(2):
        assert compile_columns(trees, KeptBits(tmp_path, "a")).count(columns, workers=2) == plain


def test_columns_come_back_as_they_were_saved(trees_and_columns: tuple[list[Tree], Columns], tmp_path: Path) -> None:
    trees, columns = trees_and_columns
    save_columns(columns, tmp_path)
    loaded = load_columns(tmp_path)
    ours, theirs = (next(compile_columns(trees).run(each)) for each in (columns, loaded))
    assert loaded.size == columns.size and np.array_equal(ours.outcomes(), theirs.outcomes())
