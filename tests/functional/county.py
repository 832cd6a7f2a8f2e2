"""The sample county in memory, loaded once for the whole test run and copied for each test that asks for one."""

from __future__ import annotations

from functools import cache

from chalicelib import bootstrap
from chalicelib.adapters.memory import MemoryBlobs, MemoryQueue, MemoryStore
from chalicelib.bootstrap import Application
from chalicelib.ports import Messenger, Put, Record
from tests.functional.support import DATA, clock_of, make_application

E01, E03, E09 = "91360323MAXX00015C", "91360323MAXX000312", "91360323MAXX000905"
CASE, CASE_DIGITS, CASE_TITLE = "3603232026111600019", "0101", "不动产转移登记"


@cache
def _loaded() -> tuple[MemoryBlobs, tuple[Record, ...]]:
    application = make_application()
    application.content.load(DATA, "test", application.clock.now())
    blobs = application.blobs
    assert isinstance(blobs, MemoryBlobs)
    return blobs, tuple(snapshot(application).values())


def snapshot(application: Application) -> dict[tuple[str, str], Record]:
    """Every row there is, with its version: equal snapshots mean that nothing was written, but to the audit log."""
    store = application.store
    assert isinstance(store, MemoryStore)
    live = ((key, store.get(*key)) for key in store._rows if not key[0].startswith("audit"))
    return {key: record for key, record in live if record is not None}


def make_county(messenger: Messenger | None = None, **settings: object) -> Application:
    """Everything in memory with the sample content, installed as the process's application."""
    blobs, rows = _loaded()
    bare = make_application(messenger, **settings)
    application = again(bare, blobs=blobs)
    for row in rows:
        application.store.transact([Put(row)])
    return application


def again(application: Application, blobs: MemoryBlobs | None = None) -> Application:
    """A new process over the same store, queue and clock: what it still knows was not only in memory."""
    store, queue = application.store, application.queue
    assert isinstance(store, MemoryStore)
    assert isinstance(queue, MemoryQueue)
    restarted = Application(
        application.settings,
        clock=clock_of(application),
        store=store,
        queue=queue,
        blobs=blobs or application.blobs,
        messenger=application.messenger,
    )
    bootstrap.install(restarted)
    return restarted
