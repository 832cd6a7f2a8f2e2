"""The HTTP side of the embedded run: the Chalice app behind Chalice's own local server, and the simulator beside it."""

from __future__ import annotations

import errno
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import (
    ChaliceRequestHandler,
    CustomLocalChalice,
    LocalDevServer,
    ThreadedHTTPServer,
    create_local_server,
)

from chalicelib.errors import Refusal
from simulator.http import CUT, cut
from simulator.simulator import Simulator

SIMULATOR = "/simulator"
MAX_BODY = 1024 * 1024
"""Bytes read of one request; what is larger is refused unread. The WeChat callback has a lower cap of its own."""
SILENT_SECONDS = 15.0
_WHY: dict[int | None, str] = {errno.EADDRINUSE: "别的程序占着，可能是上次启动的还没停", errno.EACCES: "没有权限"}


class Handler(ChaliceRequestHandler):
    """Chalice's handler, with what a real server needs: no Nagle delay, a body cap, a read timeout, quiet logs."""

    disable_nagle_algorithm = True  # headers and body are two writes: 44 ms a request with Nagle, 1.2 ms without
    timeout = SILENT_SECONDS
    simulator: Simulator | None = None

    def _generic_handle(self) -> None:
        length = self.headers.get("content-length") or "0"
        if not length.isdigit() or self.headers.get("transfer-encoding"):
            return self._refuse(411, "a Content-Length is needed")
        if int(length) > MAX_BODY:
            return self._refuse(413, "the body is too large")
        if urlsplit(self.path).path.startswith(SIMULATOR):
            return self._simulate(int(length))
        super()._generic_handle()
        return None

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_PATCH = do_OPTIONS = _generic_handle

    def log_message(self, format: str, *args: Any) -> None:
        """The app logs what matters; an access log would hold openids."""

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True
        self._send_http_response(status, {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"}, message)

    def _simulate(self, length: int) -> None:
        if self.simulator is None:
            return self._refuse(404, "no simulator here")
        parts = urlsplit(self.path)
        response = self.simulator.handle(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length) if length else b"",
        )
        if response is CUT:
            self.close_connection = True
            return cut(self.connection)
        self._send_http_response(response.status, dict(response.headers), response.body)
        return None


class Server(ThreadedHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no event; everything else is already logged by the app."""


def make_server(app: Chalice, host: str, port: int, simulator: Simulator | None) -> LocalDevServer:
    """Not started yet: call ``serve_forever`` on a thread, ``shutdown`` from another. Raises Refusal when the address
    cannot be had."""
    config = Config.create(lambda_timeout=60)
    if not isinstance(app, CustomLocalChalice):
        # Swaps in the thread-safe current_request (facts: aws §3); swapped twice, its class would be its own parent.
        create_local_server(app, config, "127.0.0.1", 0).server.server_close()
    handler: type[ChaliceRequestHandler] = type("BoundHandler", (Handler,), {"simulator": simulator})
    try:
        return LocalDevServer(app, config, host, port, handler_cls=handler, server_cls=Server)
    except OSError as error:
        raise Refusal(
            f"{host}:{port} 用不了（{_WHY.get(error.errno, error.strerror)}）。请用 --port 换一个端口。"
        ) from None
