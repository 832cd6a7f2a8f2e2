"""An export of the table → the columns of a day (企业列): first by data file into pieces, then by shard out of pieces.

Whatever is done is not done again: a data file that was read whole, with its checksum, leaves a mark, and a shard that
was written is there. One batch of enterprises is in memory at a time, then one shard's columns.

``province/{day}/parts/{export}/…`` holds pieces and marks, ``province/{day}/source/`` says where the columns of the
day come from and how many there will be: they are for matching only when all are there (``files.complete``).
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from pydantic import ValidationError

from chalicelib.adapters.dynamodb_requests import live_record
from chalicelib.enterprises.repository import PROFILE, EnterpriseRow, enterprise_key
from chalicelib.policies.builtin import FACTS
from chalicelib.policies.columns import Columns, encode
from chalicelib.policies.facts import fact_sheet
from chalicelib.policies.tree import NOT_APPLICABLE
from chalicelib.ports import Blobs
from jobs.province.export import DataFile, Export, ExportProblem, item_of
from jobs.province.files import Source, name_of, numbers_of, put_source, shard_of, source_of
from jobs.province.merging import merged
from jobs.province.shards import USCC_BYTES, Shard, pack_shard, unpack_shard

log = logging.getLogger(__name__)

BATCH = 20_000
"""Enterprises in memory at once while a data file is read: about 150 MB of facts."""

_ENTERPRISE = enterprise_key("")
_LOOKS_LIKE_ONE = f'"{PROFILE}"'.encode()

Step = Callable[[int, int], None]
"""Told how much is done, of how much."""
Row = tuple[str, dict[str, Any]]
"""A code and what is known of the enterprise."""


@dataclass(frozen=True, slots=True)
class Built:
    """``read`` data files and ``written`` shards by this run; the others of ``files`` and ``shards`` were there."""

    files: int = 0
    read: int = 0
    enterprises: int = 0
    shards: int = 0
    written: int = 0


class Building:
    """The columns of ``on`` in ``shards`` shards out of one export. Raises ExportProblem, and then leaves no columns
    that were not there before."""

    def __init__(self, export: Export, blobs: Blobs, on: date, shards: int, batch: int = BATCH) -> None:
        self._export = export
        self._blobs = blobs
        self._on = on
        self._day = on.isoformat()
        self._shards = shards
        self._batch = batch
        self._folder = f"province/{self._day}/parts/{export.summary.id}-{shards}"

    def read(self, step: Step, share: tuple[int, int] = (1, 1)) -> Built:
        """Data files into pieces; ``share`` (2, 4) is the second of four runs side by side, each on its own files."""
        self._check_unclaimed()
        first, of = share
        files = list(enumerate(self._export.files))[first - 1 :: of]
        marks = set(self._blobs.list(f"{self._folder}/done/"))
        built = Built(files=len(files))
        for number, (place, file) in enumerate(files):
            step(number, len(files))
            if self._mark(place) not in marks:
                self._read_file(place, file)
                built = replace(built, read=built.read + 1)
        step(len(files), len(files))
        return built

    def write(self, step: Step) -> Built:
        """Pieces into columns, when every data file was read: fewer are written as nothing at all."""
        self._check_unclaimed()
        marks = self._marks()
        enterprises = sum(mark["enterprises"] for mark in marks)
        put_source(self._blobs, self._day, self._source(enterprises))
        there = set(numbers_of(self._blobs, self._day))
        missing = [number for number in range(self._shards) if number not in there]
        for done, number in enumerate(missing):
            step(done, len(missing))
            self._write_shard(number, marks)
        step(len(missing), len(missing))
        return Built(len(marks), 0, enterprises, self._shards, len(missing))

    def _check_unclaimed(self) -> None:
        source = source_of(self._blobs, self._day)
        if source and (source.export, source.shards) != (self._export.summary.id, self._shards):
            raise ExportProblem(
                f"{self._day} 的企业列已由导出 {source.export} 生成（{source.shards} 片），不能再换。"
                "请用同一个导出，或换一天。"
            )

    def _source(self, enterprises: int) -> Source:
        summary = self._export.summary
        return Source(summary.id, summary.exported_at.isoformat(), self._shards, enterprises)

    # ---------------------------------------------------------------- data files

    def _mark(self, place: int) -> str:
        return f"{self._folder}/done/{place:05}.json"

    def _marks(self) -> list[dict[str, int]]:
        """What came of each data file. Raises ExportProblem when one was not read to its end."""
        found = [self._blobs.get(self._mark(place)) for place in range(len(self._export.files))]
        left = sum(each is None for each in found)
        if left:
            raise ExportProblem(f"导出还有 {left} 个数据文件没有读完。请再运行一次，读过的不会重读。")
        return [json.loads(each) for each in found if each is not None]

    def _piece(self, place: int, batch: int, shard: int) -> str:
        return f"{self._folder}/{place:05}-{batch:04}/{shard:05}.cols"

    def _read_file(self, place: int, file: DataFile) -> None:
        enterprises = batches = 0
        for batch in self._batches(self._rows(file)):
            self._put_batch(place, batches, batch)
            enterprises += len(batch)
            batches += 1
        mark = {"items": file.count, "enterprises": enterprises, "batches": batches}
        self._blobs.put(self._mark(place), json.dumps(mark).encode())
        log.info("data file read", extra={"part": place, "enterprises": enterprises})

    def _batches(self, rows: Iterator[Row]) -> Iterator[list[Row]]:
        batch: list[Row] = []
        for row in rows:
            batch.append(row)
            if len(batch) == self._batch:
                yield batch
                batch = []
        if batch:
            yield batch

    def _rows(self, file: DataFile) -> Iterator[Row]:
        now = int(self._export.summary.exported_at.timestamp())
        for number, line in enumerate(self._export.lines(file), 1):
            if _LOOKS_LIKE_ONE not in line:
                continue
            row = _row_of(line, now, self._on, f"{file.name} 第 {number} 行")
            if row is not None:
                yield row

    def _put_batch(self, place: int, batch: int, rows: Sequence[Row]) -> None:
        by_shard: defaultdict[int, list[Row]] = defaultdict(list)
        for row in rows:
            by_shard[shard_of(row[0], self._shards)].append(row)
        for shard, here in by_shard.items():
            self._blobs.put(self._piece(place, batch, shard), pack_shard(_shard(here)))

    # ---------------------------------------------------------------- shards

    def _write_shard(self, number: int, marks: Sequence[dict[str, int]]) -> None:
        names = [
            self._piece(place, batch, number) for place, mark in enumerate(marks) for batch in range(mark["batches"])
        ]
        pieces = [unpack_shard(data) for name in names if (data := self._blobs.get(name)) is not None]
        try:
            shard = merged(pieces)
        except ValueError:
            raise ExportProblem(f"同一家企业在导出 {self._export.summary.id} 里出现两次。请重新导出。") from None
        self._blobs.put(name_of(self._day, "columns", number), pack_shard(shard))


def _row_of(line: bytes, now: int, on: date, where: str) -> Row | None:
    """None for a row that is no enterprise's profile."""
    item = item_of(line, where)
    try:
        if item["sk"]["S"] != PROFILE or not item["pk"]["S"].startswith(_ENTERPRISE):
            return None
        record = live_record(item, now)
        if record is None:
            return None
        enterprise = EnterpriseRow.model_validate(record.body).enterprise
    except (KeyError, TypeError, ValueError, ValidationError):
        raise ExportProblem(f"{where} 的企业资料读不出来。请确认导出的是溪心办的表，版本也相同。") from None
    known = fact_sheet(enterprise, on).values
    return enterprise.uscc, {name: value for name, value in known.items() if value is not NOT_APPLICABLE}


def _shard(rows: Sequence[Row]) -> Shard:
    names = sorted({name for _, known in rows for name in known})
    columns = {name: encode(FACTS[name].type, [known.get(name) for _, known in rows]) for name in names}
    usccs = np.array([uscc.encode() for uscc, _ in rows], f"S{USCC_BYTES}")
    return Shard(usccs, Columns(len(rows), columns))
