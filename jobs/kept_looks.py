"""What the daily reconcile saw at its last look (上次结果), so that it works on what differs and on nothing else.

Kept are the enterprises that had nothing left to be told: as long as every policy comes out for them as it did, under
the same conditions (``mark``), another look would find nothing either. Rows ``looks#{shard}``/``block#{first code}``
hold their codes and outcomes, two bits a pair (``policies.outcome_bits``). Whatever tells an enterprise something, or
changes what it was seen with, first writes ``touched#{code}`` there: the bits are not believed until the next run has
looked. Row ``looks``/``head`` is claimed by each run, so that of two at a time one does not save.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from chalicelib.enterprises.repository import rows_of
from chalicelib.policies.outcome_bits import pack, unpack
from chalicelib.ports import Check, Conflict, JsonObject, Put, Record, Store
from chalicelib.shards import SHARDS, shard

_BLOCK, _TOUCHED = "block#", "touched#"
_HEAD = ("looks", "head")
_ONE_IN = 512
"""Codes a block, in the mean: cut by what the code is, so one that comes or goes changes one block."""
_MOST_PAIRS = 800_000
"""In a block: with nothing to compress about a hundred thousand bytes fewer than a row may have."""


@dataclass(frozen=True, slots=True)
class Look:
    """One enterprise with its outcomes, a byte a policy."""

    uscc: str
    outcomes: bytes


@dataclass(frozen=True, slots=True)
class KeptLooks:
    """As it was loaded. ``mark`` names the policies and circumstances that the outcomes belong to."""

    looks: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    blocks: Mapping[tuple[str, str], JsonObject] = field(default_factory=dict)
    touched: tuple[Record, ...] = ()
    head: int = 0

    def same(self, uscc: str, mark: str, outcomes: bytes) -> bool:
        """Whether the last look saw exactly this, and had nothing left to tell."""
        return self.looks.get(uscc) == (mark, outcomes)


def load(store: Store) -> KeptLooks:
    """Everything kept and still to be believed."""
    head = store.get(*_HEAD)
    looks: dict[str, tuple[str, bytes]] = {}
    blocks: dict[tuple[str, str], JsonObject] = {}
    touched: list[Record] = []
    for number in range(SHARDS):
        for record in rows_of(store, _key(number), _BLOCK):
            blocks[record.pk, record.sk] = record.body
            looks.update(_read(record.body))
        touched += rows_of(store, _key(number), _TOUCHED, 1000)
    for record in touched:
        looks.pop(record.sk.removeprefix(_TOUCHED), None)
    return KeptLooks(looks, blocks, tuple(touched), head.version if head else 0)


def touch(store: Store, usccs: Iterable[str]) -> None:
    """What is kept of these is not to be believed any more. Before anything about them is written."""
    for uscc in usccs:
        store.put(Record(_key(shard(uscc)), f"{_TOUCHED}{uscc}", {}))


def claim(store: Store, kept: KeptLooks) -> int | None:
    """The number of this run, to save under; None when another has begun since ``kept`` was loaded."""
    record = Record(*_HEAD, {})
    try:
        return store.put(record, if_absent=not kept.head, if_version=kept.head or None).version
    except Conflict:
        return None


def save(store: Store, kept: KeptLooks, run: int, mark: str, looks: Collection[Look]) -> None:
    """These in place of what was kept, block by block; only what differs is written. Nothing more once another run has
    begun: what was touched stays so."""
    fresh = {(_key(shard(block[0].uscc)), f"{_BLOCK}{block[0].uscc}"): _body(mark, block) for block in _blocks(looks)}
    mine = Check(*_HEAD, if_version=run)
    try:
        for key, body in fresh.items():
            if kept.blocks.get(key) != body:
                store.transact([mine, Put(Record(*key, body))])
        for pk, sk in kept.blocks.keys() - fresh.keys():
            store.delete(pk, sk)
    except Conflict:
        return
    for record in kept.touched:
        _untouch(store, record)


def _untouch(store: Store, record: Record) -> None:
    try:
        store.delete(record.pk, record.sk, if_version=record.version)
    except Conflict:
        return  # touched again meanwhile


def _blocks(looks: Collection[Look]) -> Iterator[list[Look]]:
    held: list[Look] = []
    for look in sorted(looks, key=lambda each: (shard(each.uscc), each.uscc)):
        cut = zlib.crc32(look.uscc.encode()) % _ONE_IN == 0 or len(held) * len(look.outcomes) >= _MOST_PAIRS
        if held and (cut or shard(held[0].uscc) != shard(look.uscc)):
            yield held
            held = []
        held.append(look)
    if held:
        yield held


def _body(mark: str, looks: list[Look]) -> JsonObject:
    codes = zlib.compress("\n".join(look.uscc for look in looks).encode())
    return {"mark": mark, "codes": _text(codes), "outcomes": _text(pack([look.outcomes for look in looks]))}


def _read(body: JsonObject) -> Iterator[tuple[str, tuple[str, bytes]]]:
    codes = zlib.decompress(base64.b64decode(body["codes"])).decode().split("\n")
    rows = unpack(base64.b64decode(body["outcomes"]), len(codes))
    return ((code, (body["mark"], row)) for code, row in zip(codes, rows, strict=True))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _key(number: int) -> str:
    return f"looks#{number}"
