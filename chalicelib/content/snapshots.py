"""The published catalogue: one immutable file a version in Blobs, and the head row that says which one counts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from pydantic import ConfigDict

from chalicelib.content.kinds import CATALOGUE
from chalicelib.ports import Blobs, JsonObject, Put, Record, Store, Write
from chalicelib.shape import Shape

PK, HEAD = "content", "head"
_FORMAT = 1

Bodies = Mapping[str, Mapping[str, JsonObject]]
"""Kind → id → row in JSON form."""


class SnapshotMissing(Exception):
    """The head names a file that is gone or is not ours; publish again with ``content load``."""


class Head(Shape):
    """Which snapshot is published, since when and by whom. ``version`` counts publications from 1."""

    model_config = ConfigDict(frozen=True)

    version: int
    blob: str
    loaded_at: datetime
    loaded_by: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Published:
    """The head as read, with the store's version of its row, to be written over."""

    head: Head
    row_version: int


def read_head(store: Store) -> Published | None:
    return published(store.get(PK, HEAD))


def published(record: Record | None) -> Published | None:
    """What the head row says."""
    return None if record is None else Published(Head.model_validate(record.body), record.version)


def read_bodies(blobs: Blobs, head: Head) -> dict[str, dict[str, JsonObject]]:
    """Raises SnapshotMissing."""
    data = blobs.get(head.blob)
    if data is None or sha256(data).hexdigest() not in head.blob:
        raise SnapshotMissing(f"内容第 {head.version} 版的文件 {head.blob} 缺失或已损坏，请重新执行 content load")
    snapshot = json.loads(data)
    if snapshot["format"] != _FORMAT:
        raise SnapshotMissing(f"内容第 {head.version} 版的格式不认识，请重新执行 content load")
    kinds: dict[str, dict[str, JsonObject]] = snapshot["kinds"]
    return {name: kinds.get(name, {}) for name in CATALOGUE}


def encode(bodies: Bodies) -> bytes:
    """The same rows always give the same bytes, whatever order they were read in."""
    kinds = {name: dict(bodies.get(name, {})) for name in CATALOGUE}
    text = json.dumps({"format": _FORMAT, "kinds": kinds}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def publish(
    store: Store,
    blobs: Blobs,
    bodies: Bodies,
    by: str,
    now: datetime,
    over: Published | None,
    summary: JsonObject,
    rows: Sequence[Write] = (),
) -> Head:
    """Write the file, then move the head and note the version in one transaction, with ``rows`` that stand or fall
    with it. Raises Conflict when somebody else published since ``over`` was read; readers keep the old version until
    the head has moved."""
    data = encode(bodies)
    head = Head(
        version=over.head.version + 1 if over else 1,
        blob=f"catalogue/{sha256(data).hexdigest()}.json",
        loaded_at=now,
        loaded_by=by,
        counts={name: len(bodies.get(name, {})) for name in CATALOGUE},
    )
    blobs.put(head.blob, data)
    body = head.model_dump(mode="json")
    store.transact(
        [
            Put(Record(PK, HEAD, body), if_absent=over is None, if_version=over.row_version if over else None),
            Put(Record(PK, f"version#{head.version:06}", {**body, "changes": summary}), if_absent=True),
            *rows,
        ]
    )
    return head
