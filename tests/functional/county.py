"""The sample county, loaded once for the whole test run and copied for each test that asks for one."""

from __future__ import annotations

from functools import cache

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.ports import Blobs, Messenger, Record
from jobs.upgrade import upgrade
from tests.functional.support import DATA, clock_of, make_application
from tests.houses import chosen

E01, E03, E09 = "91360323MAXX00015C", "91360323MAXX000312", "91360323MAXX000905"
CASE, CASE_DIGITS, CASE_TITLE = "3603232026111600019", "0101", "不动产转移登记"


@cache
def _loaded() -> tuple[Blobs, tuple[Record, ...]]:
    application = make_application()
    application.content.load(DATA, "test", application.clock.now())
    upgrade(application)
    return application.blobs, tuple(snapshot(application).values())


def snapshot(application: Application) -> dict[tuple[str, str], Record]:
    """Every row there is, with its version: equal snapshots mean that nothing was written, but to the audit log."""
    keys = chosen.current().keys(application.store)
    live = ((key, application.store.get(*key)) for key in keys if not key[0].startswith("audit"))
    return {key: record for key, record in live if record is not None}


def make_county(messenger: Messenger | None = None, **settings: object) -> Application:
    """The stage of this test run with the sample content, installed as the process's application."""
    blobs, rows = _loaded()
    bare = make_application(messenger, **settings)
    application = again(bare, blobs=blobs)
    chosen.current().fill(application.store, rows)
    return application


def again(application: Application, blobs: Blobs | None = None) -> Application:
    """A new process over the same store, queue and clock: what it still knows was not only in memory."""
    restarted = Application(
        application.settings,
        clock=clock_of(application),
        store=application.store,
        queue=application.queue,
        blobs=blobs or application.blobs,
        messenger=application.messenger,
    )
    restarted.patience = application.patience
    bootstrap.install(restarted)
    return restarted
