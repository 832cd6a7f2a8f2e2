"""Exports as S3 would hold them: DynamoDB Developer Guide, "DynamoDB table export output format"."""

from __future__ import annotations

import gzip
import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from chalicelib.adapters.dynamodb_requests import item_of
from chalicelib.ports import Record

ID = "01693685827463-2d8752fd"
TABLE = "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/xixinban-prod"


def line_of(record: Record) -> str:
    return json.dumps({"Item": item_of(record, 1, "mark")}, ensure_ascii=False)


def write_export(folder: Path, files: Sequence[Iterable[str]], number: str = ID, **summary: Any) -> Path:
    """One data file for each of ``files``, which are lines. An empty partition's file is empty."""
    (folder / "data").mkdir(parents=True)
    entries, total = [], 0
    for place, lines in enumerate(files):
        written = list(lines)
        data = gzip.compress("".join(f"{line}\n" for line in written).encode(), mtime=0) if written else b""
        name = f"asdl{place:02}gi7dmpmmsgxzdsbmm4.json.gz"
        (folder / "data" / name).write_bytes(data)
        entries.append(entry(len(written), data, f"AWSDynamoDB/{number}/data/{name}"))
        total += len(written)
    (folder / "manifest-files.json").write_text("".join(json.dumps(each) + "\n" for each in entries), encoding="utf-8")
    (folder / "manifest-summary.json").write_text(json.dumps(about(total, number) | summary), encoding="utf-8")
    (folder / "_started").write_bytes(b"")
    return folder


def entry(count: int, data: bytes, key: str) -> dict[str, Any]:
    md5 = hashlib.md5(data)
    return {
        "itemCount": count,
        "md5Checksum": b64encode(md5.digest()).decode(),
        "etag": f"{md5.hexdigest()}-1",
        "dataFileS3Key": key,
    }


def about(count: int, number: str) -> dict[str, Any]:
    return {
        "version": "2020-06-30",
        "exportArn": f"{TABLE}/export/{number}",
        "startTime": "2026-11-22T18:00:00.000Z",
        "endTime": "2026-11-22T18:40:00.000Z",
        "tableArn": TABLE,
        "tableId": "12345a12-abcd-123a-ab12-1234abc12345",
        "exportTime": "2026-11-22T18:00:00.000Z",
        "s3Bucket": "xixinban-prod-content",
        "s3Prefix": "province/exports",
        "s3SseAlgorithm": "AES256",
        "s3SseKmsKeyId": None,
        "manifestFilesS3Key": f"AWSDynamoDB/{number}/manifest-files.json",
        "billedSizeBytes": 0,
        "itemCount": count,
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
    }
