"""HTTP as the simulator sees it: a request, a response, and a small server for the stand-alone run."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

BODY_CAP = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``headers`` have lower-case names; ``path`` has no query."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    client_ip: str = "127.0.0.1"

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ValueError otherwise."""
        value = json.loads(self.body.decode("utf-8") or "{}")
        if not isinstance(value, dict):
            raise ValueError("not a JSON object")
        return value

    def cookie(self, name: str) -> str:
        for pair in self.headers.get("cookie", "").split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                return value
        return ""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. ``headers`` hold at least Content-Type."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


CUT = Response(0, {}, b"")
"""No answer at all: the connection is reset, as by a firewall or a balancer that restarts."""


def cut(connection: socket.socket) -> None:
    """Reset it: the other side sees an error, not an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def json_response(value: object, status: int = 200) -> Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return Response(status, {"Content-Type": "application/json; charset=utf-8"}, body)


def text_response(text: str, status: int = 200, kind: str = "text/plain") -> Response:
    headers = {"Content-Type": f"{kind}; charset=utf-8", "Cache-Control": "no-store"}
    return Response(status, headers, text.encode("utf-8"))


def redirect(location: str) -> Response:
    return Response(302, {"Content-Type": "text/plain; charset=utf-8", "Location": location}, b"")


Handle = Callable[[Request], Response]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "simulator"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60
    handle_request: Handle

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_CAP:
            self.close_connection = True
            self._send(text_response("body too large", 413))
            return
        parts = urlsplit(self.path)
        self._send(
            self.handle_request(
                Request(
                    method=self.command,
                    path=parts.path,
                    query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(length),
                    client_ip=self.client_address[0],
                )
            )
        )

    def _send(self, response: Response) -> None:
        if response is CUT:
            self.close_connection = True
            cut(self.connection)
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)
        self.wfile.flush()

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the address of a call holds its access token."""


class Server(ThreadingHTTPServer):
    """Threads, keep-alive, no Nagle. ``port`` 0 takes any free one; read ``server_port``."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host: str, port: int, handle: Handle) -> None:
        handler = type("Handler", (_Handler,), {"handle_request": staticmethod(handle)})
        super().__init__((host, port), handler)
