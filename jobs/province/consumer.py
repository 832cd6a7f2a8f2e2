"""What the function ``match_shard`` does with a message: one shard of a night, by the content of this moment.

Needs numpy, which only that function has (infra/layers.py).
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date
from functools import partial

from chalicelib.policies.awards.repository import AwardRepository
from chalicelib.policies.nights import NightBook, ShardResult
from chalicelib.policies.rematch import Rematch
from chalicelib.ports import Blobs, JsonObject
from chalicelib.queue_fields import day_field, field
from jobs.core import JobContext
from jobs.province.night import Night
from jobs.province.rules import rules_of

AT_ONCE = 8
"""Parts of a batch handed on side by side: most of the time goes into asking whether anybody is bound."""


class ShardMatching:
    """A message that comes twice finds its work done."""

    def __init__(self, context: JobContext, blobs: Blobs, rematch: Rematch) -> None:
        self._context = context
        self._blobs = blobs
        self._rematch = rematch
        self._book = NightBook(context.store)

    def work_off(self, body: JsonObject) -> ShardResult:
        """``{"shard": n, "day": "2026-11-23", "before": day or null}``. Raises LookupError without its columns."""
        day, shard = day_field(body, "day"), field(body, "shard", int)
        on = date.fromisoformat(day)
        dry = AwardRepository(self._context.store).dry_pools(on)
        rules = rules_of(self._context.catalogue().policies, on, dry, self._context.demo)
        open_ended = {rule.name for rule in rules if rule.open_ended}
        with ThreadPoolExecutor(AT_ONCE) as pool:

            def hand_on(usccs: Collection[str]) -> None:
                codes = list(usccs)
                parts = [part for start in range(AT_ONCE) if (part := codes[start::AT_ONCE])]
                now = self._context.clock.now()
                tell = partial(self._rematch.enterprises, now=now, of_many=True)
                contexts = [copy_context() for _ in parts]  # their log lines too name the message that they come of
                list(pool.map(lambda context, part: context.run(tell, part), contexts, parts))

            night = Night(self._blobs, [(rule.name, rule.tree) for rule in rules], hand_on, open_ended)
            result = night.work_off(body)
        self._book.done(day, shard, result, self._context.clock.now())
        return result
