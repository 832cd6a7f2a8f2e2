"""A stand-in for DynamoDB and S3 on 127.0.0.1: knows the published sample content, forgets every write, answers at
once, so that only our own time counts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from chalicelib.adapters import dynamodb_requests
from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.memory import MemoryBlobs, MemoryQueue, MemoryStore
from chalicelib.bootstrap import Application
from chalicelib.content import snapshots
from chalicelib.guidance import published
from chalicelib.settings import load

ROOT = Path(__file__).resolve().parents[1]
_NOTHING: Mapping[str, dict[str, Any]] = {
    "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
    "UpdateItem": {"Attributes": {}},
}
_NO_KEY = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"


@dataclass
class Cloud:
    """``items``: rows in DynamoDB's words by key; ``asked``: names of the operations so far."""

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def dynamodb(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(operation)
        if operation != "BatchGetItem":
            return _NOTHING.get(operation, {})
        found = {
            table: [self.items[key] for key in map(_key, wanted["Keys"]) if key in self.items]
            for table, wanted in request["RequestItems"].items()
        }
        return {"Responses": found, "UnprocessedKeys": {}}

    def s3(self, path: str) -> bytes | None:
        """``/{bucket}/{key}``."""
        self.asked.append("GetObject")
        return self.blobs.get(unquote(urlsplit(path).path).split("/", 2)[2])


def _key(key: dict[str, Any]) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]


def with_sample_content(folder: Path) -> Cloud:
    """What ``content load data`` and ``guide index --words`` publish. ``folder`` takes the settings' own files."""
    clock, blobs = SystemClock(), MemoryBlobs()
    application = Application(
        load(db=folder / "bench.db", demo=True),
        clock=clock,
        store=MemoryStore(clock),
        queue=MemoryQueue(clock),
        blobs=blobs,
    )
    application.content.load(ROOT / "data", "bench", clock.now())
    known = application.guide_documents()
    blobs.put(published.name_of(known), published.encode(known, None))
    head = application.store.get(snapshots.PK, snapshots.HEAD)
    if head is None:
        raise RuntimeError("the sample content was not published")
    items = {(head.pk, head.sk): dynamodb_requests.item_of(head, head.version, "bench")}
    return Cloud(items, {name: blobs.get(name) or b"" for name in blobs.list("")})


@contextmanager
def serving(cloud: Cloud) -> Iterator[str]:
    """Its address, for as long as the context lasts."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            self._say(200, json.dumps(cloud.dynamodb(operation, request)).encode(), "application/x-amz-json-1.0")

        def do_GET(self) -> None:
            found = cloud.s3(self.path)
            self._say(404 if found is None else 200, _NO_KEY if found is None else found, "application/octet-stream")

        def _say(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the figures are what is to be read."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
