"""What the life of a case (办件) comes to at one moment: state, course, deadlines, and what was set aside.

``folding.py`` reads it out of the events.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from chalicelib.cases.model import FINAL, CaseEvent, CaseState, Kind, Outcome

_S = CaseState
CONFIRMED = frozenset({_S.REVIEWING, _S.TERMINATED_NO_SUPPLY})
"""States that are told of again without anything new: two tables of one office tell of the same review, and an office
confirms the end that the clock had brought already."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the law leaves to the office, and the numbers it sets. Days are working days unless named otherwise."""

    acceptance_days: int = 5  # 一次告知, 行政许可法 §32
    correction_days: int = 15  # 补正期限; the law gives none (sample value)
    tolerance_days: int = 10  # 容缺期限 at most, and one day less than the promise (sample value)
    delivery_days: int = 10  # 颁发送达, 行政许可法 §44
    draft_calendar_days: int = 30
    review_before_supply: bool = True  # 容缺: review goes on while papers are missing (西安), or waits (南通)


RULES = Rules()


class DueKind(StrEnum):
    """What ends on a day; the value is its Chinese name."""

    DRAFT = "提交申请"
    ACCEPT = "受理或一次告知"
    SUPPLY = "补正材料"
    TOLERANCE = "容缺材料补齐"
    PROMISED = "承诺办结"
    LEGAL = "法定办结"
    DELIVER = "送达证照"


@dataclass(frozen=True, slots=True)
class Due:
    """One open deadline: the last day (China) that is in time."""

    kind: DueKind
    day: date
    estimated: bool = False

    @property
    def by_applicant(self) -> bool:
        """Whether the applicant has to act, rather than the office."""
        return self.kind in (DueKind.DRAFT, DueKind.SUPPLY, DueKind.TOLERANCE)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that took place. ``event`` is None for what the clock did and for steps passed in one moment."""

    kind: Kind
    at: datetime
    event: CaseEvent | None = None


@dataclass(frozen=True, slots=True)
class Aside:
    """An event that was kept but not applied, and why (Chinese, for an operator)."""

    event: CaseEvent
    reason: str


@dataclass(frozen=True, slots=True)
class Life:
    """What the events of a case come to at one moment. ``commitment_broken``: the last day for 容缺 papers passed
    without them, which stays true when they come later or the case is filed away."""

    state: CaseState | None
    steps: tuple[Step, ...]
    aside: tuple[Aside, ...]
    dues: tuple[Due, ...]
    missing: tuple[str, ...] = ()
    special: str | None = None
    outcome: Outcome | None = None
    accepted_on: date | None = None
    supplied: bool = False
    received: tuple[str, ...] = ()
    commitment_broken: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[Step, ...]:
        """The steps without those that only confirm the one before."""
        pairs = zip((None, *self.steps), self.steps, strict=False)
        return tuple(step for last, step in pairs if not (last and step.kind is last.kind and step.kind in CONFIRMED))

    @property
    def due(self) -> Due | None:
        """The deadline that comes first; on one day the applicant's before the office's."""
        return min(self.dues, key=lambda due: (due.day, not due.by_applicant), default=None)

    @property
    def filed_under(self) -> date | None:
        """The day a case is looked for by: the applicant's first deadline, or else the office's."""
        due = min(self.dues, key=lambda due: (not due.by_applicant, due.day), default=None)
        return due.day if due else None

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def is_paused(self) -> bool:
        return self.state is _S.SUSPENDED
