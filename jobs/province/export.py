"""Reads a DynamoDB export to S3 (表导出), file by file and line by line, and believes none of it unchecked.

The format is of the DynamoDB Developer Guide, "DynamoDB table export output format": beside each other lie
``manifest-summary.json``, ``manifest-files.json`` (a line of JSON for each data file) and ``data/*.json.gz`` with one
line ``{"Item": {attribute: {type: value}}}`` for each item. Keys in the manifests may or may not begin with the prefix
that was asked for, so files are found by where they lie, not by these.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from chalicelib.adapters.streams import Streams
from chalicelib.errors import BadInput

SUMMARY, FILES = "manifest-summary.json", "manifest-files.json"
_CHUNK = 1 << 20

Item = dict[str, Any]
Manifest = TypeVar("Manifest", bound=BaseModel)


class ExportProblem(BadInput):
    """The export is not whole, or not one of ours: which file, where in it, and what to do."""


class _Manifest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class DataFile(_Manifest):
    """A line of ``manifest-files.json``. ``md5`` is of the compressed file, in base64; ``count`` are its items."""

    count: int = Field(alias="itemCount", ge=0)
    md5: str = Field(alias="md5Checksum")
    key: str = Field(alias="dataFileS3Key")

    @property
    def name(self) -> str:
        """Where it lies, seen from the manifests."""
        return "data/" + self.key.rpartition("/")[2]


class Summary(_Manifest):
    """``manifest-summary.json``; an export of before 2023 has no ``exportType`` and is a full one."""

    arn: str = Field(alias="exportArn")
    table: str = Field(alias="tableArn")
    exported_at: datetime = Field(alias="exportTime")
    count: int = Field(alias="itemCount", ge=0)
    form: str = Field(alias="outputFormat")
    kind: str = Field(default="FULL_EXPORT", alias="exportType")

    @property
    def id(self) -> str:
        """``01693685827463-2d8752fd``."""
        return self.arn.rpartition("/")[2]


class Export:
    """Raises ExportProblem for whatever is missing, broken off or changed on its way."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self.summary = self._summary()
        self.files = tuple(self._files())
        counted = sum(each.count for each in self.files)
        if counted != self.summary.count:
            raise ExportProblem(
                f"{FILES} 里合计 {counted} 行，{SUMMARY} 里写的是 {self.summary.count} 行，清单不完整。请重新导出。"
            )

    def lines(self, file: DataFile) -> Iterator[bytes]:
        """The lines of a data file, one in memory at a time. What is wrong with the file may only show at its end:
        whoever uses the lines must not let them count before."""
        with self._opened(file.name) as raw:
            hashed = _Hashed(raw)
            count = 0
            try:
                with gzip.GzipFile(fileobj=io.BufferedReader(hashed, _CHUNK)) as lines:
                    for line in lines:
                        count += 1
                        yield line
            except (EOFError, gzip.BadGzipFile, zlib.error):
                raise ExportProblem(f"{file.name} 不完整，读到第 {count} 行中断。请重新下载，或重新导出。") from None
            if hashed.finished() != file.md5:
                raise ExportProblem(f"{file.name} 与清单里的校验值（md5）不符。请重新下载，或重新导出。")
        if count != file.count:
            raise ExportProblem(f"{file.name} 有 {count} 行，清单里写的是 {file.count} 行。请重新导出。")

    def _summary(self) -> Summary:
        summary = self._read(SUMMARY, self._whole(SUMMARY), Summary)
        if summary.form != "DYNAMODB_JSON" or summary.kind != "FULL_EXPORT":
            told = f"{summary.form}、{summary.kind}"
            raise ExportProblem(f"{SUMMARY}：这是 {told} 的导出。请按 DYNAMODB_JSON 格式全量导出（FULL_EXPORT）。")
        return summary

    def _files(self) -> Iterator[DataFile]:
        for number, line in enumerate(self._whole(FILES).splitlines(), 1):
            if line.strip():
                yield self._read(f"{FILES} 第 {number} 行", line, DataFile)

    def _read(self, where: str, text: bytes, model: type[Manifest]) -> Manifest:
        try:
            return model.model_validate_json(text)
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"]) or "整行"
            raise ExportProblem(f"{where} 的 {field} 读不出来，不是 DynamoDB 导出的清单。请核对文件。") from None

    def _whole(self, name: str) -> bytes:
        with self._opened(name) as file:
            return file.read()

    def _opened(self, name: str) -> BinaryIO:
        try:
            return self._streams.open(name)
        except FileNotFoundError:
            raise ExportProblem(f"导出里没有 {name}。导出可能还没有完成，请等完成后再试。") from None


def item_of(line: bytes, where: str) -> Item:
    """``{"pk": {"S": …}, …}``. Raises ExportProblem; ``where`` names file and line."""
    try:
        item: Item = from_json(line)["Item"]
    except (ValueError, KeyError, TypeError):
        raise ExportProblem(
            f"{where} 不是 DynamoDB JSON（应为 {json.dumps({'Item': {}})} 的形式）。请重新导出。"
        ) from None
    return item


class _Hashed(io.RawIOBase):
    """A file that is read, and hashed on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.md5(usedforsecurity=False)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        self._hash.update(data)
        buffer[: len(data)] = data
        return len(data)

    def finished(self) -> str:
        """Of the whole file, whatever of it nobody has read."""
        while self.read(_CHUNK):
            pass
        return b64encode(self._hash.digest()).decode()
