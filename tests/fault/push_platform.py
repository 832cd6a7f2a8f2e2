"""A platform over HTTP for the push with kills: takes template messages, drops repeats of a client id for 10 minutes,
and sometimes answers late, wrongly or not at all after it has delivered."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Platform:
    """``delivered`` counts what reached people by client id; ``calls`` all requests."""

    def __init__(self, seed: int) -> None:
        self.delivered: Counter[str] = Counter()
        self.calls = 0
        self._ids: dict[str, str] = {}
        self._lock = threading.Lock()
        self._random = random.Random(seed)
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = platform.take(body)
                data = json.dumps(answer).encode() if isinstance(answer, dict) else answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def take(self, body: dict[str, str]) -> tuple[int, dict[str, Any] | bytes]:
        with self._lock:
            self.calls += 1
            luck = self._random.random()
            if luck < 0.05:
                return 200, {"errcode": -1, "errmsg": "system error"}
            client_id = body["client_id"]
            if client_id not in self._ids:
                self._ids[client_id] = str(3487542469355618313 + len(self._ids))
                self.delivered[client_id] += 1
            if luck < 0.10:
                return 502, b"<html>bad gateway</html>"
            return 200, {"errcode": 0, "msgid": self._ids[client_id]}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
