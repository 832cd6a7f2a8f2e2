"""A simulator that answers on 127.0.0.1, and a platform client that talks to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from chalicelib.adapters.clocks import FixedClock
from chalicelib.wechat.client import PlatformClient
from simulator import Config, Simulator
from simulator.http import Server
from tests.unit.wechat.fake_platform import APP_ID, SECRET, client_of


@contextmanager
def running(folder: Path, clock: FixedClock, **more: Any) -> Iterator[Simulator]:
    """With its state in ``folder`` and nobody behind its callback; ``more`` goes into its configuration."""
    simulator = Simulator(
        Config(
            state_file=folder / "s.db",
            callback="http://127.0.0.1:9/wechat",
            token="t",
            app_id=APP_ID,
            app_secret=SECRET,
            aes_key="a" * 43,
            clock=lambda: clock.now().timestamp(),
            **more,
        )
    )
    try:
        yield simulator
    finally:
        simulator.close()


@contextmanager
def client_to(simulator: Simulator, clock: FixedClock) -> Iterator[PlatformClient]:
    with Server("127.0.0.1", 0, simulator.answer) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            with client_of(f"http://127.0.0.1:{server.server_port}", clock) as client:
                yield client
        finally:
            server.shutdown()
