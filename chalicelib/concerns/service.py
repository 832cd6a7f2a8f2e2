"""Use cases around 诉求: taking one down, passing it on, answering it, and what is owed to whom by when."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from hashlib import sha256

from chalicelib.cases.workdays import WorkCalendar
from chalicelib.concerns.model import Concern, ConcernRoute, ConcernState, Level, Move
from chalicelib.concerns.repository import ConcernRepository, Kept, write
from chalicelib.concerns.routes import RouteService, meant
from chalicelib.errors import BadInput, Refusal
from chalicelib.masking import scrub
from chalicelib.ports import Conflict, Store, Write
from chalicelib.times import chinese_time, local, local_date, stamp

LONGEST = 500
SHORTEST = 4
ESCALATE_AFTER = 3
"""Working days past the last one, after which the unit above hears of it (sample value)."""
_TRIES = 5
_IN_COURT = re.compile(r"诉讼|起诉|已?立案|仲裁|判决|强制执行|上诉")
_BEFORE_COURT = "已经进入诉讼、仲裁的事，园区不能受理。请向承办法官了解进展，或拨 12368。"


class ConcernError(Refusal):
    """The text is the sentence to show."""


class ConcernUnknown(ConcernError, BadInput):
    """No concern with this number, or no such topic."""


class ConcernService:
    def __init__(self, store: Store, calendar: WorkCalendar) -> None:
        self._concerns = ConcernRepository(store)
        self._calendar = calendar
        self.routes = RouteService(store)

    # ----------------------------------------------------------------------------------------------------- for askers

    def route(self, text: str) -> ConcernRoute | None:
        """Who would answer this, or None where the text does not tell. Raises ConcernError for what is in court."""
        if _IN_COURT.search(text):
            raise ConcernError(_BEFORE_COURT)
        if len(text.strip()) < SHORTEST:
            raise ConcernError("请把要解决的问题说清楚一些，比如“二期厂房还差 10 亩用地”。")
        return meant(text, list(self.routes.all()))

    def open(
        self, openid: str, uscc: str | None, topic: str, text: str, now: datetime, still: Sequence[Write] = ()
    ) -> Concern:
        """Take it down. The same words of the same person at the same moment (a re-delivery) make one concern.
        ``still``: what must hold of who asks in the enterprise's name when it is written.

        Raises ConcernUnknown for a topic that the table does not have, ConcernError where ``still`` does not hold.
        """
        route = self.routes.get(topic)
        if route is None:
            raise ConcernUnknown(f"分办表里没有“{topic}”这一类，请重新选择。")
        once = sha256(f"{openid}\n{stamp(now)}\n{text}".encode()).hexdigest()[:32]
        if held := self._concerns.made_by(once):
            return held
        day = f"{local(now):%Y%m%d}"
        deadline = self._calendar.add_workdays(self._calendar.counting_day(now), route.days)
        concern = Concern(
            id=f"Q-{day}-{self._concerns.number(day):02d}",
            topic=route.topic,
            text=scrub(text.strip())[:LONGEST],
            dept=route.dept,
            escalate_to=route.escalate_to,
            due=deadline.day,
            estimated=deadline.estimated,
            openid=openid,
            uscc=uscc,
            opened_at=now,
            is_sample=route.is_sample,
        )
        try:
            return self._concerns.create(concern, once, still)
        except Conflict:
            raise ConcernError("您的绑定刚刚有变化，诉求没有转出。请再说一遍。") from None

    def of_person(self, openid: str, limit: int = 4) -> list[Concern]:
        """Their own, the latest first."""
        return [c for c in self._concerns.of_person(openid, limit) if c.openid == openid]

    def in_words(self, openid: str) -> list[dict[str, str]]:
        """All of the person's concerns, for their own copy of their data."""
        return [
            {
                "编号": one.id,
                "类别": one.topic,
                "时间": chinese_time(one.opened_at),
                "内容": one.text,
                "答复": one.answer,
            }
            for one in self._concerns.all_of_person(openid)
            if one.openid == openid
        ]

    def forget(self, openid: str) -> None:
        """Take the person out of their concerns; the concerns themselves are the department's records."""
        for concern in self._concerns.all_of_person(openid):
            self._change(concern.id, lambda held: held.model_copy(update={"openid": ""}))

    def over(self, before: datetime) -> list[str]:
        """Numbers of the concerns answered before this instant that still hold words or a person."""
        return [
            concern.id
            for state in (ConcernState.ANSWERED, ConcernState.DONE)
            for concern in self._concerns.listed(state)
            if _is_over(concern, before)
        ]

    def retire(self, concern_id: str, before: datetime) -> bool:
        """Take person and words out of one that is ``over``; number, topic, department and times stay for the figures.
        Whether it did. Raises Conflict when somebody changes it again and again."""
        held = self.get(concern_id)
        if not _is_over(held, before):
            return False
        self._change(concern_id, lambda one: one.model_copy(update={"openid": "", "text": "", "answer": ""}))
        return True

    # -------------------------------------------------------------------------------------------------- for operators

    def get(self, concern_id: str) -> Concern:
        """Raises ConcernUnknown."""
        return self._kept(concern_id).concern

    def listed(self, state: ConcernState = ConcernState.OPEN) -> list[Concern]:
        """The most urgent first."""
        return sorted(self._concerns.listed(state), key=lambda concern: (concern.due, concern.id))

    def answer(self, concern_id: str, by: str, text: str, now: datetime) -> Concern:
        """The department's answer. Raises ConcernError when it was answered before; the same answer again is fine."""
        words = scrub(text.strip())[:LONGEST]
        if not words:
            raise ConcernError("答复不能为空。")

        def answered(held: Concern) -> Concern:
            if held.state is not ConcernState.OPEN:
                if held.answer == words:
                    return held
                raise ConcernError(f"诉求 {held.id} 已经答复过，不能再改。请用 request show 查看。")
            done = {"state": ConcernState.ANSWERED, "answer": words, "answered_at": now, "answered_by": by}
            return held.model_copy(update=done)

        return self._change(concern_id, answered)

    def transfer(self, concern_id: str, dept: str, by: str, why: str, now: datetime) -> Concern:
        """Pass it on; the last day for the answer stays, and the new department is reminded anew."""
        if not 2 <= len(dept) <= 40 or not why.strip():
            raise ConcernError("转办要写明接收部门（2 到 40 个字）和理由。")

        def moved(held: Concern) -> Concern:
            if held.state is not ConcernState.OPEN:
                raise ConcernError(f"诉求 {held.id} 已经答复，不能再转办。")
            if held.dept == dept:
                return held
            move = Move(at=now, dept=dept, by=by, why=scrub(why.strip())[:LONGEST])
            return held.model_copy(update={"dept": dept, "moves": (*held.moves, move), "level": Level.NONE})

        return self._change(concern_id, moved)

    # ------------------------------------------------------------------------------------------------ for the watch

    def level_due(self, concern: Concern, on: date) -> Level:
        """What somebody must have been told by this day."""
        late = self._calendar.add_workdays(concern.due, ESCALATE_AFTER).day
        if on > late:
            return Level.ESCALATED
        if on > concern.due:
            return Level.LATE
        return Level.REMINDED if self._calendar.next_workday(on) >= concern.due else Level.NONE

    def raised(self, concern: Concern, level: Level) -> tuple[Concern, Write] | None:
        """The concern at this level and the write that makes it so; None when it moved on meanwhile."""
        kept = self._concerns.find(concern.id)
        if kept is None or kept.concern != concern:
            return None
        higher = concern.model_copy(update={"level": level})
        return higher, write(higher, kept.version)

    def told(self, concern: Concern) -> Write | None:
        """The write that files an answered concern as told to its asker; None when it moved on meanwhile."""
        kept = self._concerns.find(concern.id)
        if kept is None or kept.concern != concern:
            return None
        return write(concern.model_copy(update={"state": ConcernState.DONE}), kept.version)

    # ------------------------------------------------------------------------------------------------------------ own

    def _kept(self, concern_id: str) -> Kept:
        kept = self._concerns.find(concern_id)
        if kept is None:
            raise ConcernUnknown(f"没有编号为 {concern_id} 的诉求。请用 request list 查看编号。")
        return kept

    def _change(self, concern_id: str, change: Callable[[Concern], Concern]) -> Concern:
        for tries in range(_TRIES):
            kept = self._kept(concern_id)
            changed = change(kept.concern)
            if changed == kept.concern:
                return changed
            try:
                self._concerns.save(changed, kept.version)
            except Conflict:
                if tries == _TRIES - 1:
                    raise
                continue
            return changed
        raise AssertionError("unreachable")


def _is_over(concern: Concern, before: datetime) -> bool:
    holds = bool(concern.openid or concern.text or concern.answer)
    return holds and concern.answered_at is not None and concern.answered_at < before


def statistics(concerns: Iterator[Concern] | list[Concern], on: date) -> dict[str, dict[str, int]]:
    """By department: 收到, 已答复, 按时答复, 超时未答复."""
    figures: dict[str, dict[str, int]] = {}
    for concern in concerns:
        row = figures.setdefault(concern.dept, dict.fromkeys(("received", "answered", "in_time", "late"), 0))
        row["received"] += 1
        row["late"] += concern.late(on)
        if concern.answered_at is not None:
            row["answered"] += 1
            row["in_time"] += local_date(concern.answered_at) <= concern.due
    return figures
