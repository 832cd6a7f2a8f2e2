"""The embedded run as one thing to start and stop: HTTP server, queue consumers, scheduler, simulator."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from chalicelib.adapters.sqlite_queue import SqliteQueue
from chalicelib.bootstrap import Application
from chalicelib.pages import cookies
from jobs.embedded.presence import Presence
from jobs.embedded.scheduler import Scheduler
from jobs.embedded.server import make_server
from jobs.embedded.worker import consumers
from jobs.registry import JOBS
from simulator.config import Config
from simulator.simulator import Simulator

log = logging.getLogger(__name__)

AT_START = frozenset({"notice-sweep"})
JOIN_SECONDS = 10.0


class Embedded:
    """``with Embedded(application, host, port, simulator=True):`` serves until the block ends."""

    def __init__(self, application: Application, host: str, port: int, *, simulator: bool) -> None:
        from app import app

        self._simulator = Simulator(simulator_config(application, port)) if simulator else None
        self._application = application
        self._presence = Presence(application.settings.db)
        self._stop = threading.Event()
        self._server = make_server(app, host, port, self._simulator)
        self._consumers = consumers(app, application.queue, self._stop)
        self._scheduler = Scheduler(app, JOBS.values(), application.clock, self._stop, AT_START)
        self._http = threading.Thread(target=self._server.server.serve_forever, name="http", daemon=True)

    def __enter__(self) -> Self:
        if self._simulator is not None:
            self._simulator.start()
        self._http.start()
        self._presence.enter(self._recover)
        for thread in (*self._consumers, self._scheduler):
            thread.start()
        if self._simulator is not None:
            self._publish_menu()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Finish the messages in hand and stop; calling it twice is fine."""
        if self._stop.is_set():
            return
        self._stop.set()
        for thread in (*self._consumers, self._scheduler):
            thread.join(JOIN_SECONDS)
        self._server.shutdown()
        self._server.server.server_close()
        self._presence.leave()
        if self._simulator is not None:
            self._simulator.close()

    def _recover(self) -> None:
        """No server lives on this database: what a dead one was at goes on at once, not when its leases run out."""
        queue = self._application.queue
        messages = queue.recover() if isinstance(queue, SqliteQueue) else 0
        report = self._application.notices.recover(self._application.clock.now())
        if messages or report.total:
            log.info("taken over from a dead server: %d messages, %d notices", messages, report.total)

    def _publish_menu(self) -> None:
        from chalicelib.wechat.menu import default_menu

        self._application.wechat_client.menu.create(default_menu(self._application.settings.public_url))


def simulator_config(application: Application, port: int) -> Config:
    """The simulated account has the settings' own token, keys and app id; its state lies beside the database."""
    settings = application.settings
    return Config(
        state_file=Path(f"{settings.db}.simulator"),
        callback=f"http://127.0.0.1:{port}/wechat",
        token=settings.wechat_token.get_secret_value(),
        app_id=settings.wechat_app_id,
        app_secret=settings.wechat_app_secret.get_secret_value(),
        aes_key=settings.wechat_aes_key.get_secret_value(),
        signed_out=cookies.set_cookie(cookies.SESSION, "", settings.public_url, 0),
    )
