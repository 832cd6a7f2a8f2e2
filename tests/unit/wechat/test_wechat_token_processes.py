"""Eight real processes that start cold over one database, while the platform refuses every token for ever."""

import multiprocessing
from contextlib import closing
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.adapters.wechat_messenger import WechatMessenger
from chalicelib.ports import Outbound, Reaction
from tests.unit.wechat.fake_platform import STABLE_TOKEN, FakePlatform, client_of
from tests.unit.wechat.pushes import OPENID

PROCESSES = 8
SENDS = 3


def send_from_cold(base: str, database: Path, start: Barrier, results: "Queue[tuple[Reaction, int | None]]") -> None:
    clock = SystemClock()
    with closing(SqliteStore(database, clock, "NORMAL")) as store, client_of(base, clock, store) as client:
        messenger = WechatMessenger(client)
        start.wait(30)
        for number in range(SENDS):
            outcome = messenger.send(Outbound("template", OPENID, f"id-{number}", "T", {"thing1": "x"}))
            results.put((outcome.reaction, outcome.code))


def test_at_most_three_token_fetches_in_all(platform: FakePlatform, tmp_path: Path) -> None:
    platform.valid = set()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # eight cold caches; the imports need not be cold
    start, results = context.Barrier(PROCESSES), context.Queue()
    arguments = (platform.base, tmp_path / "tokens.db", start, results)
    processes = [context.Process(target=send_from_cold, args=arguments) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=60) for _ in range(PROCESSES * SENDS)]
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    assert set(outcomes) == {(Reaction.STOP_ALL, 40001)}
    assert platform.count(STABLE_TOKEN) <= 3
