"""全省匹配: which nights a province was matched, and what each shard of its enterprises came to.

Rows: ``nights``/``{day}`` (one a night) and ``night#{day}``/``shard#{number}``. The work is in ``jobs/province``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import ConfigDict

from chalicelib.ports import Conflict, Record, Store
from chalicelib.shape import Shape

KEEP = timedelta(days=400)
"""As long as the history of runs."""

_LOOKED_BACK = 30
"""Nights: what is older has no files any more (infra/storage.py)."""


class ShardResult(Shape):
    """What one shard came to: ``matches`` and ``news`` are pairs of enterprise and policy; ``told`` enterprises with
    news, handed on to the ordinary match. A first night has no news: it is only remembered."""

    model_config = ConfigDict(frozen=True)

    enterprises: int = 0
    matches: int = 0
    news: int = 0
    told: int = 0

    def __add__(self, other: ShardResult) -> ShardResult:
        return ShardResult(**{name: getattr(self, name) + getattr(other, name) for name in ShardResult.model_fields})


class Night(Shape):
    """``before`` is the night that this one is compared with; None: nothing to compare with."""

    model_config = ConfigDict(frozen=True)

    day: str
    shards: int
    before: str | None = None


class NightBook:
    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, day: str, shards: int, now: datetime) -> Night:
        """The night, made when it is not there; begun again it is compared with the same night as at first."""
        night = Night(day=day, shards=shards, before=self._last_before(day, shards))
        record = Record("nights", day, night.model_dump(mode="json"), expires_at=_until(now))
        try:
            self._store.put(record, if_absent=True)
        except Conflict:
            return self.get(day) or night
        return night

    def get(self, day: str) -> Night | None:
        record = self._store.get("nights", day)
        return Night.model_validate(record.body) if record else None

    def last(self) -> Night | None:
        """The newest night that was begun."""
        found = self._store.query("nights", limit=1, reverse=True).records
        return Night.model_validate(found[0].body) if found else None

    def done(self, day: str, shard: int, result: ShardResult, now: datetime) -> None:
        body = result.model_dump(mode="json")
        self._store.put(Record(f"night#{day}", f"shard#{shard:05}", body, expires_at=_until(now)))

    def results(self, day: str) -> dict[int, ShardResult]:
        """By the numbers of the shards that are done."""
        found: dict[int, ShardResult] = {}
        page: str | None = None
        while True:
            got = self._store.query(f"night#{day}", prefix="shard#", limit=1000, page=page)
            found |= {int(each.sk.partition("#")[2]): ShardResult.model_validate(each.body) for each in got.records}
            page = got.next
            if page is None:
                return found

    def _last_before(self, day: str, shards: int) -> str | None:
        """The last night before that was done to its end, with the same enterprises in the same shards: what broke off
        remembers only part of the province."""
        got = self._store.query("nights", end=day, limit=_LOOKED_BACK, reverse=True)
        for record in got.records:
            night = Night.model_validate(record.body)
            if night.day < day and night.shards == shards == len(self.results(night.day)):
                return night.day
        return None


def _until(now: datetime) -> int:
    return int((now + KEEP).timestamp())
