"""province-match (全省匹配): asks for a night's match, a queue message for each shard of enterprises.

The functions that answer the messages are ``jobs/province/consumer.py``; this job only counts shards, and needs no
numpy. It takes the place of policy-push over all enterprises, which a province has too many of for one run.
"""

from __future__ import annotations

from datetime import date, time

from chalicelib.policies.nights import Night, NightBook, ShardResult
from chalicelib.policies.rematch import Rematch
from chalicelib.ports import JsonObject
from chalicelib.queue_names import MATCHING_SHARDS
from jobs.core import Done, Job, JobContext, JobError, JobPlan, Line, Progress, When
from jobs.province.files import complete, numbers_of
from jobs.schedule import Daily

NOT_FOR_HERE = "没有开启全省匹配（XIXINBAN_PROVINCE）"
QUIET = "免打扰时段，请在之后运行"
DONE_BEFORE = "这一天已匹配"


class ProvinceMatch(Job):
    name = "province-match"
    title = "全省匹配"
    schedule = Daily(time(8, 30))

    def plan(self, context: JobContext, when: When) -> JobPlan:
        """A line for each shard that is not done. Raises JobError where there is nothing to match."""
        if not context.province:
            return JobPlan(skipped={NOT_FOR_HERE: 1})
        if when.enterprise is not None:
            raise JobError("全省匹配按分片进行。只算一家企业，请用 policy-push --enterprise。")
        quiet = context.notices.quiet
        if quiet is not None and quiet.covers(when.now):
            return JobPlan(skipped={QUIET: 1})
        day = when.on.isoformat()
        shards = _shards(context, day)
        done = NightBook(context.store).results(day)
        lines = tuple(Line(f"分片 {each}", f"{day} 的企业列") for each in shards if each not in done)
        return JobPlan(lines=lines, skipped={DONE_BEFORE: len(done)} if done else {})

    def execute(self, context: JobContext, plan: JobPlan, when: When) -> Done:
        """Asked twice, a shard that is being matched is found done by the second message."""
        if not plan.lines:
            return Done()
        day = when.on.isoformat()
        shards = _shards(context, day)
        book = NightBook(context.store)
        night = book.begin(day, len(shards), when.now)
        done = book.results(day)
        messages = [_message(night, each) for each in shards if each not in done]
        context.queue().send(MATCHING_SHARDS, messages)
        Rematch(context.store, context.queue).the_days()
        return Done(queued=len(messages))

    def progress(self, context: JobContext, on: date) -> Progress | None:
        """None: no such night. Dead letters are what nobody will do any more."""
        book = NightBook(context.store)
        night = book.get(on.isoformat())
        if night is None:
            return None
        results = book.results(night.day)
        failed = _given_up(context, night) if len(results) < night.shards else 0
        return Progress(len(results), night.shards, failed, sentence(night, results))


def _shards(context: JobContext, day: str) -> list[int]:
    shards = numbers_of(context.blobs, day) if context.blobs else []
    if not shards:
        raise JobError(f"没有 {day} 的企业列（province/{day}/columns/）：先导出企业，再匹配。")
    if context.blobs and not complete(context.blobs, day):
        raise JobError(f"{day} 的企业列还没有写完：再运行一次 province columns，然后匹配。")
    return shards


def _given_up(context: JobContext, night: Night) -> int:
    return sum(message.body.get("day") == night.day for message in context.queue().dead(MATCHING_SHARDS))


def _message(night: Night, shard: int) -> JsonObject:
    return {"shard": shard, "day": night.day, "before": night.before}


def sentence(night: Night, results: dict[int, ShardResult]) -> str:
    """How far a night is, for people."""
    total = sum(results.values(), ShardResult())
    compared = f"比 {night.before} 新符合 {total.news} 项" if night.before else "第一次只记住，不推送"
    return (
        f"全省匹配 {night.day}：{len(results)}/{night.shards} 片，{total.enterprises} 家，符合 {total.matches} 项，"
        f"{compared}，交给推送 {total.told} 家。"
    )
