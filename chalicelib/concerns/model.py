"""诉求: what an enterprise asks of the park (用地, 用能, 用工, 资金 …), and the table that says who answers it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, ConfigDict, Field

from chalicelib.provenance import Provenanced
from chalicelib.shape import Shape


class ConcernState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"  # the answer is there, its asker has not been told
    DONE = "done"

    @property
    def chinese(self) -> str:
        return {"open": "办理中", "answered": "已答复", "done": "已答复"}[self.value]


class Level(StrEnum):
    """督办层级: who has been told that an answer is due; each step is taken once."""

    NONE = "0"
    REMINDED = "1"  # 临期提醒 to the department's officers, the working day before the last
    LATE = "2"  # 超时督办 to the department's head
    ESCALATED = "3"  # 提级督办 to the unit above


class ConcernRoute(Provenanced):
    """分办表 row: concerns of one topic go to one department, with a time to answer in working days."""

    topic: str = Field(min_length=2, max_length=10, title="诉求类别")
    words: tuple[str, ...] = Field(default=(), max_length=60, title="关键词")
    dept: str = Field(min_length=2, max_length=40, title="办理部门")
    days: int = Field(ge=1, le=30, title="答复时限（工作日）")
    escalate_to: str = Field(min_length=2, max_length=40, title="超时督办单位")


class Move(Shape):
    """转办: one change of the department, with who did it and why."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    dept: str
    by: str
    why: str


class Concern(Shape):
    """``id`` like Q-20261122-03: the third of that day. ``text`` is scrubbed of numbers that name a person.

    ``due`` is the last day (China) for the answer; passing the concern on does not move it. ``openid`` is empty once
    the asker asked to be forgotten.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    topic: str
    text: str
    dept: str
    escalate_to: str
    due: date
    estimated: bool = False
    openid: str
    uscc: str | None = None
    state: ConcernState = ConcernState.OPEN
    level: Level = Level.NONE
    opened_at: AwareDatetime
    moves: tuple[Move, ...] = ()
    answer: str = ""
    answered_at: AwareDatetime | None = None
    answered_by: str = ""
    is_sample: bool = False

    def late(self, on: date) -> bool:
        return self.state is ConcernState.OPEN and on > self.due
