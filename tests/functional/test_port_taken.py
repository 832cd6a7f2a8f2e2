"""A server that cannot have its port says so in one sentence."""

from __future__ import annotations

import socket

import pytest

from app import app
from chalicelib.errors import Refusal
from jobs.embedded.server import make_server


def test_a_port_in_use_is_named_with_the_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refusal, match=f"127.0.0.1:{port} 用不了.*--port"):
            make_server(app, "127.0.0.1", port, None)


def test_a_second_server_of_the_same_application_can_be_made() -> None:
    for _ in range(2):
        make_server(app, "127.0.0.1", 0, None).server.server_close()
