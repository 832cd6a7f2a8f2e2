"""Random sequences of calls: SQLite must answer exactly as the twin in memory does, conflicts and pages included."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.ports import Check, Conflict, Delete, Page, Put, Record, Store

pks = st.sampled_from(["p", "q"])
sks = st.sampled_from(["a", "a#1", "a#2", "aé", "b", "字", "𠮷"])
index_keys = st.none() | st.tuples(pks, sks)
versions = st.none() | st.integers(0, 3)
lives = st.none() | st.integers(1, 5)
bounds = st.none() | sks


@st.composite
def puts(draw: st.DrawFn) -> tuple[Put, int | None]:
    record = Record(draw(pks), draw(sks), {"n": draw(st.integers(0, 9))}, 0, draw(index_keys), draw(index_keys))
    if draw(st.booleans()):
        return Put(record, if_absent=draw(st.booleans())), draw(lives)
    return Put(record, if_version=draw(versions)), draw(lives)


deletes = st.builds(Delete, pks, sks, versions)
checks = st.builds(Check, pks, sks, st.booleans())
writes = st.lists(st.one_of(puts(), deletes, checks), max_size=4)


class TwoStores(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.folder = TemporaryDirectory()
        self.clock = FixedClock(datetime(2026, 11, 22, tzinfo=UTC))
        self.memory = MemoryStore(self.clock)
        self.sqlite = SqliteStore(Path(self.folder.name) / "store.db", self.clock, synchronous="NORMAL")

    def teardown(self) -> None:
        if hasattr(self, "sqlite"):
            self.sqlite.close()
            self.folder.cleanup()

    def same(self, call: Callable[[Store], Any]) -> None:
        answers = []
        for store in (self.memory, self.sqlite):
            try:
                answers.append(call(store))
            except Conflict as refused:
                answers.append(("conflict", refused.keys))
            except ValueError as wrong:
                answers.append(("wrong", str(wrong)))
        assert answers[0] == answers[1]

    def dated(self, put: tuple[Put, int | None]) -> Put:
        write, life = put
        expires_at = None if life is None else int(self.clock.now().timestamp()) + life
        r = write.record
        record = Record(r.pk, r.sk, r.body, 0, r.gsi1, r.gsi2, expires_at)
        return Put(record, write.if_absent, write.if_version)

    @rule(put=puts())
    def put(self, put: tuple[Put, int | None]) -> None:
        write = self.dated(put)
        self.same(lambda s: s.put(write.record, if_absent=write.if_absent, if_version=write.if_version))

    @rule(pk=pks, sk=sks, version=versions)
    def delete(self, pk: str, sk: str, version: int | None) -> None:
        self.same(lambda s: s.delete(pk, sk, if_version=version))

    @rule(batch=writes)
    def transact(self, batch: list[Any]) -> None:
        ready = [self.dated(write) if isinstance(write, tuple) else write for write in batch]
        self.same(lambda s: s.transact(ready))

    @rule(sk=sks, n=st.integers(-2, 3), most=st.none() | st.integers(0, 5), life=lives)
    def add(self, sk: str, n: int, most: int | None, life: int | None) -> None:
        expires_at = None if life is None else int(self.clock.now().timestamp()) + life
        limit = None if most is None else {"n": most}
        self.same(lambda s: s.add("counters", sk, {"n": n}, at_most=limit, expires_at=expires_at))

    @rule(seconds=st.sampled_from([0.5, 1, 3]))
    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(pk=pks, sk=sks)
    def get(self, pk: str, sk: str) -> None:
        self.same(lambda s: s.get(pk, sk))

    @rule(
        source=st.sampled_from(["table", "gsi1", "gsi2"]),
        pk=pks,
        part=st.tuples(st.none() | st.sampled_from(["a", "a#", "字", ""]), bounds, bounds),
        limit=st.integers(1, 4),
        reverse=st.booleans(),
    )
    def walk(self, source: str, pk: str, part: tuple[str | None, ...], limit: int, reverse: bool) -> None:
        prefix, start, end = part

        def pages(store: Store) -> list[list[Record]]:
            found, page = [], None
            while True:
                options: Any = {"prefix": prefix, "start": start, "end": end, "limit": limit, "reverse": reverse}
                answer: Page = (
                    store.query(pk, page=page, **options)
                    if source == "table"
                    else store.query_index(source, pk, page=page, **options)  # type: ignore[arg-type]
                )
                found.append(answer.records)
                if answer.next is None:
                    return found
                page = answer.next

        self.same(pages)


TestTwoStores = TwoStores.TestCase
TestTwoStores.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
