"""Names of a night's files in Blobs, and which shard an enterprise is in. Needs no numpy.

``province/{day}/columns/{n}.cols`` (whoever exports the register writes them), ``province/{day}/matches/{n}.bits`` and
``province/{day}/news/{n}.news``.
"""

from __future__ import annotations

from hashlib import sha256

from chalicelib.ports import Blobs


def shard_of(uscc: str, count: int) -> int:
    """0 to ``count`` − 1; the same every night for the same ``count``."""
    return int.from_bytes(sha256(uscc.encode()).digest()[:8]) % count


def name_of(day: str, what: str, number: int) -> str:
    ending = {"columns": "cols", "matches": "bits", "news": "news"}[what]
    return f"province/{day}/{what}/{number:05}.{ending}"


def numbers_of(blobs: Blobs, day: str) -> list[int]:
    """The shards that there are columns of."""
    return [int(name.rpartition("/")[2].partition(".")[0]) for name in blobs.list(f"province/{day}/columns/")]
