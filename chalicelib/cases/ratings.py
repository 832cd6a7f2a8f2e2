"""好差评: five levels after the end of a case, once; a bad one (差评) is checked, put right and answered in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import IntEnum, StrEnum

from pydantic import AwareDatetime, ConfigDict

from chalicelib.cases.life import Life
from chalicelib.cases.model import Case, CaseState
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.errors import Refusal
from chalicelib.masking import scrub
from chalicelib.ports import Conflict, Index, Put, Record, Store, Write
from chalicelib.shape import Shape
from chalicelib.shards import listed, place
from chalicelib.times import local, stamp

TAKE_UP_DAYS, PUT_RIGHT_DAYS = 1, 15
"""Working days to take a bad rating up, and to put it right and answer (facts §4.2.6, uncertain: G?)."""

OPEN = "caseratings-open"
"""The list of bad ratings that wait; they leave it with their answer."""

_RATED = frozenset({CaseState.FINISHED, CaseState.ARCHIVED})


class RatingRefused(Refusal):
    """The text is the sentence to show."""


class Level(IntEnum):
    """评价等级, the best first, as the person sees them numbered."""

    VERY_GOOD = 1
    GOOD = 2
    FAIR = 3
    BAD = 4
    VERY_BAD = 5

    @property
    def chinese(self) -> str:
        return _NAMES[self]

    @property
    def is_bad(self) -> bool:
        return self >= Level.BAD


_NAMES = {
    Level.VERY_GOOD: "非常满意",
    Level.GOOD: "满意",
    Level.FAIR: "基本满意",
    Level.BAD: "不满意",
    Level.VERY_BAD: "非常不满意",
}


class Told(StrEnum):
    """督办层级: who has heard of a bad rating; each step is taken once."""

    NOBODY = "0"
    TAKE_UP = "1"  # 核实 to the department's officers, at once
    REMINDED = "2"  # 临期提醒 to them, the working day before the last
    LATE = "3"  # 超时督办 to the department's head


class Rating(Shape):
    """One case's rating; no person in it. ``ticket``, the two days and ``told`` are those of a bad one."""

    model_config = ConfigDict(frozen=True)

    case_no: str
    dept: str
    level: Level
    rated_at: AwareDatetime
    ticket: str = ""
    take_up_by: date | None = None
    put_right_by: date | None = None
    answer: str = ""
    answered_at: AwareDatetime | None = None
    told: Told = Told.NOBODY
    is_sample: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is a bad one that waits for its answer."""
        return self.level.is_bad and self.answered_at is None

    def late(self, on: date) -> bool:
        """Whether a bad one waits past its last day."""
        return self.put_right_by is not None and self.answered_at is None and on > self.put_right_by


class RatingService:
    """Rows ``caserating#{no}``, listed by month; bad ones without an answer also by their last day."""

    def __init__(self, store: Store, calendar: WorkCalendar) -> None:
        self._store = store
        self._calendar = calendar

    def get(self, no: str) -> Rating | None:
        row = self._store.get(_key(no), "row")
        return Rating.model_validate(row.body) if row else None

    def may_rate(self, case: Case, life: Life) -> bool:
        return life.state in _RATED and self.get(case.no) is None

    def rate(self, case: Case, life: Life, level: Level, now: datetime, still: Sequence[Write] = ()) -> Rating:
        """Keep the rating; the same one again is the one kept before. ``still``: what must hold of who rates when it is
        written. Raises RatingRefused for a case that has not ended, for a second, different rating, and where ``still``
        does not hold."""
        if life.state not in _RATED:
            raise RatingRefused("这件事还没有办结，办结后再评价。")
        first, last = (self._calendar.add_workdays(local(now).date(), n).day for n in (TAKE_UP_DAYS, PUT_RIGHT_DAYS))
        days = {"take_up_by": first, "put_right_by": last} if level.is_bad else {}
        rating = Rating.model_validate(
            {
                "case_no": case.no,
                "dept": case.head.dept,
                "level": level,
                "rated_at": now,
                "is_sample": case.head.is_sample,
                **days,
            }
        )
        try:
            self._store.transact([Put(_row(rating), if_absent=True), *still])
        except Conflict:
            held = self.get(case.no)
            if held is None:
                raise RatingRefused("您的绑定刚刚有变化，没有记下评价。请回复“评价”再试。") from None
            if held.level is not level:
                raise RatingRefused("这件事已经评价过了，一件只评一次。要补充请回复“人工”。") from None
            return held
        return rating

    def ticketed(self, no: str, ticket: str) -> Rating:
        """The bad rating with the ticket that was opened for it. Raises RatingRefused when there is none."""
        row, held = self._kept(no)
        return self._save(row, held.model_copy(update={"ticket": ticket}))

    def answered(self, no: str, answer: str, now: datetime) -> Rating:
        """A bad rating was put right and answered. The same answer again is the one kept before.

        Raises RatingRefused for no words, for no bad rating, and for another answer than the one that was given.
        """
        words = scrub(answer.strip())[:500]  # the rater reads it, and so does whoever opens the list
        if not words:
            raise RatingRefused("答复不能为空。")
        row, held = self._kept(no)
        if not held.level.is_bad:
            raise _no_bad_one(no)
        if held.answered_at is None:
            return self._save(row, held.model_copy(update={"answer": words, "answered_at": now}))
        if held.answer != words:
            raise RatingRefused(f"办件 {no} 的差评已经答复过，不能再改。请用 case ratings --bad 查看。")
        return held

    def of_month(self, month: str) -> Iterator[Rating]:
        """``month``: YYYY-MM, China."""
        return self._listed("gsi1", month_list(month))

    # ------------------------------------------------------------------------------------------------ for the watch

    def open_ones(self) -> Iterator[Rating]:
        """Bad ratings that wait for their answer, the most urgent first."""
        return (rating for rating in self._listed("gsi2", OPEN) if rating.is_open)

    def told_due(self, rating: Rating, on: date) -> Told:
        """What the department must have heard by this day."""
        last = rating.put_right_by
        if last is None or not rating.is_open:
            return Told.NOBODY
        if on > last:
            return Told.LATE
        return Told.REMINDED if self._calendar.next_workday(on) >= last else Told.TAKE_UP

    def telling(self, rating: Rating, told: Told) -> Write | None:
        """The write that keeps who has heard; None when the rating moved on meanwhile."""
        row = self._store.get(_key(rating.case_no), "row")
        if row is None or Rating.model_validate(row.body) != rating:
            return None
        return Put(_row(rating.model_copy(update={"told": told})), if_version=row.version)

    def _listed(self, index: Index, name: str) -> Iterator[Rating]:
        return (Rating.model_validate(row.body) for row in listed(self._store, index, name))

    def _kept(self, no: str) -> tuple[Record, Rating]:
        row = self._store.get(_key(no), "row")
        if row is None:
            raise _no_bad_one(no)
        return row, Rating.model_validate(row.body)

    def _save(self, row: Record, changed: Rating) -> Rating:
        try:
            self._store.put(_row(changed), if_version=row.version)
        except Conflict:
            raise RatingRefused(f"办件 {changed.case_no} 的评价刚刚有人处理，请再看一次。") from None
        return changed


def _no_bad_one(no: str) -> RatingRefused:
    return RatingRefused(f"办件 {no} 没有差评，不用答复。请核对编号。")


def statistics(ratings: Iterable[Rating], on: date) -> Mapping[str, Mapping[str, int]]:
    """By department: 评价数, 满意 (the three good levels), 差评, 差评已答复, 超时未答复."""
    figures: dict[str, dict[str, int]] = {}
    for rating in ratings:
        row = figures.setdefault(rating.dept, dict.fromkeys(("rated", "good", "bad", "answered", "late"), 0))
        row["rated"] += 1
        row["bad" if rating.level.is_bad else "good"] += 1
        row["answered"] += rating.answered_at is not None
        row["late"] += rating.late(on)
    return figures


def _key(no: str) -> str:
    return f"caserating#{no}"


def month_list(month: str) -> str:
    return f"caseratings#{month}"


def _row(rating: Rating) -> Record:
    at, key = rating.rated_at, _key(rating.case_no)
    return Record(
        key,
        "row",
        rating.model_dump(mode="json"),
        gsi1=(place(month_list(f"{local(at):%Y-%m}"), key), f"{stamp(at)}#{rating.case_no}"),
        gsi2=(place(OPEN, key), f"{rating.put_right_by}#{rating.case_no}") if rating.is_open else None,
    )
