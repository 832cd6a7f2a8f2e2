"""The simulator as one object: mount it, run it alone, or drive it in a test."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from simulator.config import Config
from simulator.http import Request, Response, redirect
from simulator.inbound.driver import Driver
from simulator.page.routes import Page
from simulator.phone import Phone
from simulator.platform.routes import Platform
from simulator.world import World

MOUNT = "/simulator"
_PLATFORM_ROOTS = ("cgi-bin/", "sns/", "connect/")


class Simulator:
    """One account with its users, its state in ``config.state_file``.

    ``start`` begins to deliver; ``close`` ends that and closes the file. In a ``with`` block both happen.
    """

    def __init__(self, config: Config) -> None:
        self.world = World(config)
        self.phone = Phone(self.world)
        self.platform = Platform(self.world)
        self.driver = Driver(self.world)
        self._page = Page(self.world, self.phone, self.driver)

    def start(self) -> None:
        self.driver.start()

    def close(self) -> None:
        self.driver.close()
        self.world.state.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        client_ip: str = "127.0.0.1",
    ) -> Response:
        """Answer one HTTP request. ``path`` is the full one, under ``/simulator`` or at the root."""
        lower = {name.lower(): value for name, value in headers.items()}
        return self.answer(Request(method.upper(), path, dict(query), lower, body, client_ip))

    def answer(self, request: Request) -> Response:
        """The same for a ``Request``. The API answers under ``/simulator/api``, ``/api`` and the root."""
        if request.path == "/":
            return redirect(MOUNT)
        inner = request.path.removeprefix(MOUNT).lstrip("/")
        api = inner.removeprefix("api/")
        if api.startswith(_PLATFORM_ROOTS) or inner.startswith("api/"):
            return self.platform.handle(api, request)
        return self._page.handle(inner, request)
