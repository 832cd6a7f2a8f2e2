"""The index of ``policy match``: the same file as without it, and only what changed is decided again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.policies import kept_blocks
from chalicelib.policies.reading import FileProblems
from tests.unit.policies.test_policy_match_file import CONDITION, Folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(kept_blocks, "_ONE_IN", 8)
    folder = Folder(tmp_path)
    folder.write("e.jsonl", *firms())
    return folder


def firms(count: int = 200, **changed: int) -> list[dict[str, object]]:
    return [{"uscc": f"U{n:04}", "facts": {"x": changed.get(f"U{n:04}", n % 20)}} for n in range(count)]


def both(folder: Folder, **more: object) -> int:
    """Enterprises taken from the index by a run whose file is the same as one without an index writes."""
    folder.match(**more)  # type: ignore[arg-type]
    plain = folder.out.read_bytes()
    summary = folder.match(index=folder.path / "index", **more)  # type: ignore[arg-type]
    assert folder.out.read_bytes() == plain
    assert summary.enterprises == len((folder.path / "e.jsonl").read_text().splitlines())
    assert sum(summary.outcomes.values()) == summary.pairs
    return summary.kept


def test_a_second_run_decides_nothing(folder: Folder) -> None:
    assert both(folder) == 0
    assert both(folder) == 200


def test_one_that_changed_comes_or_goes_costs_only_its_stretch(folder: Folder) -> None:
    both(folder)
    for rows in (firms(U0100=7), [firms()[0] | {"uscc": "U00005"}, *firms()], firms()[1:]):
        folder.write("e.jsonl", *rows)
        assert 100 < both(folder) < len(rows)


@pytest.mark.parametrize("what", ["policy", "schema", "all"])
def test_another_question_is_answered_anew(folder: Folder, what: str) -> None:
    both(folder)
    if what == "policy":
        folder.write("p.jsonl", {"id": "B", "condition": CONDITION})
    elif what == "schema":
        (folder.path / "s.json").write_text(json.dumps({"x": "number", "c": "category", "z": "flag"}))
    assert both(folder, every=what == "all") == 0


def test_what_is_damaged_is_not_believed_and_what_is_not_used_goes(folder: Folder) -> None:
    both(folder)
    kept = sorted((folder.path / "index").iterdir())
    kept[0].write_bytes(kept[0].read_bytes()[:-5])
    kept[1].write_bytes(b"")
    (folder.path / "index" / f".{kept[2].name}.1.part").write_bytes(b"half")
    assert 0 < both(folder) < 200
    assert sorted((folder.path / "index").iterdir()) == kept
    folder.write("e.jsonl", *firms(1))
    both(folder)
    assert len(list((folder.path / "index").iterdir())) == 1


def test_a_row_with_a_mistake_is_named_by_its_line_and_never_kept(folder: Folder) -> None:
    both(folder)
    folder.write("e.jsonl", *firms(), {"uscc": "U9", "facts": {"x": "many"}})
    for _ in range(2):
        with pytest.raises(FileProblems, match="第 201 行"):
            folder.match(index=folder.path / "index")
    folder.write("e.jsonl", *firms())
    assert both(folder) > 150


def test_workers_share_it(folder: Folder) -> None:
    assert both(folder, workers=2) == 0
    assert both(folder, workers=2) == 200
