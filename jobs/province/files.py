"""Names of a night's files in Blobs, and which shard an enterprise is in. Needs no numpy.

``province/{day}/columns/{n}.cols`` (written by ``building.py``; ``source/`` beside them says out of what),
``province/{day}/matches/{n}.bits`` and ``province/{day}/news/{n}.news``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256

from chalicelib.ports import Blobs


@dataclass(frozen=True, slots=True)
class Source:
    """Where a day's columns come from: the id of an export and its time, and how much there is when all is written."""

    export: str
    exported_at: str
    shards: int
    enterprises: int


def shard_of(uscc: str, count: int) -> int:
    """0 to ``count`` − 1; the same every night for the same ``count``."""
    return int.from_bytes(sha256(uscc.encode()).digest()[:8]) % count


def name_of(day: str, what: str, number: int) -> str:
    ending = {"columns": "cols", "matches": "bits", "news": "news"}[what]
    return f"province/{day}/{what}/{number:05}.{ending}"


def numbers_of(blobs: Blobs, day: str) -> list[int]:
    """The shards that there are columns of."""
    return [int(name.rpartition("/")[2].partition(".")[0]) for name in blobs.list(f"province/{day}/columns/")]


def source_of(blobs: Blobs, day: str) -> Source | None:
    """None: nobody has begun to write columns out of an export."""
    named = blobs.list(_sources(day))
    return Source(**json.loads(blobs.get(named[0]) or b"")) if named else None


def put_source(blobs: Blobs, day: str, source: Source) -> None:
    """Its name says how many shards there will be, for who may list and not read."""
    blobs.put(f"{_sources(day)}{source.shards:05}.json", json.dumps(asdict(source)).encode())


def complete(blobs: Blobs, day: str) -> bool:
    """Whether no shard is still to be written: half a province must not be taken for all of it."""
    wanted = [int(name.rpartition("/")[2].partition(".")[0]) for name in blobs.list(_sources(day))]
    return not wanted or wanted == [len(numbers_of(blobs, day))]


def _sources(day: str) -> str:
    return f"province/{day}/source/"


def days_of(blobs: Blobs) -> list[str]:
    """The days that there are columns of, oldest first."""
    names = (name.split("/") for name in blobs.list("province/"))
    return sorted({parts[1] for parts in names if parts[2:3] == ["columns"]})
