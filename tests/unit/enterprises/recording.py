"""A store that writes down what is asked of it, and can be cut short as a killed process is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.adapters.memory import MemoryStore
from chalicelib.ports import Clock, Page, Record, Write


class Killed(BaseException):
    """The process ended here."""


class RecordingStore(MemoryStore):
    """``calls`` lists operations by name; with ``lives`` set, the write after that many raises Killed."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.calls: list[str] = []
        self.lives: int | None = None

    def get(self, pk: str, sk: str) -> Record | None:
        self.calls.append("get " + pk.split("#")[0])
        return super().get(pk, sk)

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Record | None]:
        self.calls += ["many", *("get " + pk.split("#")[0] for pk, _ in keys)]
        return super().get_many(keys)

    def query(self, pk: str, **options: Any) -> Page:
        self.calls.append(f"query {pk.split('#')[0]} {options.get('prefix')}")
        return super().query(pk, **options)

    def put(self, record: Record, *, if_absent: bool = False, if_version: int | None = None) -> Record:
        self._spend("put " + record.pk.split("#")[0])
        return super().put(record, if_absent=if_absent, if_version=if_version)

    def delete(self, pk: str, sk: str, *, if_version: int | None = None) -> None:
        self._spend("delete " + pk.split("#")[0])
        super().delete(pk, sk, if_version=if_version)

    def transact(self, writes: Sequence[Write]) -> None:
        self._spend("transact")
        super().transact(writes)

    def add(
        self,
        pk: str,
        sk: str,
        counts: Mapping[str, int],
        *,
        at_most: Mapping[str, int] | None = None,
        expires_at: int | None = None,
    ) -> dict[str, int]:
        self._spend("add " + pk.split("#")[0])
        return super().add(pk, sk, counts, at_most=at_most, expires_at=expires_at)

    def _spend(self, call: str) -> None:
        if self.lives is not None:
            if self.lives == 0:
                raise Killed
            self.lives -= 1
        self.calls.append(call)
