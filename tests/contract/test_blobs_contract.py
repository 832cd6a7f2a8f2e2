"""The promise of ports.Blobs, held against every adapter."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chalicelib.adapters.files import FileBlobs
from chalicelib.ports import Blobs


def test_put_get_replace_delete(blobs: Blobs) -> None:
    assert blobs.get("catalogue/a.json") is None
    blobs.put("catalogue/a.json", b"\x00\xff")
    assert blobs.get("catalogue/a.json") == b"\x00\xff"
    blobs.put("catalogue/a.json", b"")
    assert blobs.get("catalogue/a.json") == b""
    blobs.delete("catalogue/a.json")
    blobs.delete("catalogue/a.json")
    assert blobs.get("catalogue/a.json") is None


def test_list_by_prefix(blobs: Blobs) -> None:
    assert blobs.list("") == []
    for name in ("b/2", "a/1", "b/1.json", "b/10/x", "支付/批次-1.csv"):
        blobs.put(name, b"x")
    assert blobs.list("b/1") == ["b/1.json", "b/10/x"]
    assert blobs.list("") == ["a/1", "b/1.json", "b/10/x", "b/2", "支付/批次-1.csv"]
    assert blobs.list("c") == []


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.hidden", "a/", "a\\b", "a b", "a\n", "a\x00", "x" * 600],
)
def test_odd_names_are_refused(blobs: Blobs, name: str) -> None:
    for call in (lambda: blobs.put(name, b"x"), lambda: blobs.get(name), lambda: blobs.delete(name)):
        with pytest.raises(ValueError, match="blob name"):
            call()


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    whole = [bytes([n]) * 200_000 for n in range(4)]
    blobs.put("snapshot", whole[0])

    def write(data: bytes) -> None:
        for _ in range(5):
            blobs.put("snapshot", data)

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, data) for data in whole]
        while not all(writer.done() for writer in writers):
            assert blobs.get("snapshot") in whole
        for writer in writers:
            writer.result()
    assert blobs.list("") == ["snapshot"]


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    files = FileBlobs(tmp_path)
    files.put("a", b"old")
    with pytest.raises(TypeError):
        files.put("a", "not bytes")  # type: ignore[arg-type]
    assert files.get("a") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
