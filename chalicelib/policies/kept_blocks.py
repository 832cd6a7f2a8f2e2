"""Results of ``policy match`` kept between runs (匹配索引): what has not changed is not decided again under the same
policies.

One file a stretch, named by a digest of all that its result depends on: its own lines, the policies, the dictionary
and this engine's code. Nothing is ever believed under another name, so a run that broke off leaves nothing to mend. A
complete run removes what it did not use.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Collection, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from chalicelib.errors import BadInput
from chalicelib.policies.reading import Block, lines_of

_SUFFIX = ".kept"
_ONE_IN = 2048
"""Lines a stretch, in the mean."""
_MOST = 1 << 22
_NAMING = 48
"""The beginning of a line, where the credit code stands: it is what cuts, so a changed fact moves no cut."""


class KeptBlocks:
    """``folder`` holds the results; ``marks`` is everything beside the lines that a result depends on. Raises BadInput
    for a folder that cannot be made."""

    def __init__(self, folder: Path, *marks: bytes) -> None:
        self._folder = folder
        code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
        self._mark = sha256(b"".join(sha256(mark).digest() for mark in (code, *marks)))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(f"索引目录 {folder} 建不了（{error.strerror}）。请换一个目录。") from error

    def name(self, block: Block) -> str:
        digest = self._mark.copy()
        digest.update(block.data)
        return digest.hexdigest()[:40] + _SUFFIX

    def find(self, name: str) -> tuple[dict[str, Any], bytes] | None:
        """What was kept; None where there is nothing, or nothing whole."""
        try:
            head, _, packed = (self._folder / name).read_bytes().partition(b"\n")
            about: dict[str, Any] = json.loads(head)
            return about, zlib.decompress(packed)
        except (FileNotFoundError, ValueError, zlib.error):
            return None

    def keep(self, name: str, about: dict[str, Any], written: bytes) -> None:
        """Readers see the whole file or none."""
        beside = self._folder / f".{name}.{os.getpid()}.part"
        beside.write_bytes(json.dumps(about, ensure_ascii=False).encode() + b"\n" + zlib.compress(written, 1))
        beside.replace(self._folder / name)

    def forget_all_but(self, names: Collection[str]) -> None:
        """Remove what the last complete run did not use, and what one that broke off had begun."""
        for path in (*self._folder.glob(f"*{_SUFFIX}"), *self._folder.glob(f".*{_SUFFIX}.*.part")):
            if path.name not in names:
                path.unlink(missing_ok=True)


def stretches(path: Path) -> Iterator[Block]:
    """The file cut by what its lines begin with, not by counting: a line that comes, goes or changes moves only the
    stretch that it lies in. Raises FileProblems where it cannot be read."""
    first, held, size = 1, [], 0
    for number, line in enumerate(lines_of(path), 1):
        held.append(line)
        size += len(line)
        if size >= _MOST or zlib.crc32(line[:_NAMING]) % _ONE_IN == 0:
            yield Block(first, b"".join(held))
            first, held, size = number + 1, [], 0
    if held:
        yield Block(first, b"".join(held))
