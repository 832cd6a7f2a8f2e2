"""What somebody is filling in (草稿), and what one step makes of it. Pure data: ``step.py`` is the only writer."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field

from chalicelib.forms.model import Source
from chalicelib.shape import Shape


class DraftState(StrEnum):
    """草稿状态. Filling, review and cancelling go on; held (an operator has it) is given back; the others are ends."""

    FILLING = "填写中"
    REVIEW = "待核对"
    CANCELLING = "待确认取消"
    HELD = "人工代办中"
    SUBMITTED = "已提交"
    CANCELLED = "已取消"
    EXPIRED = "已过期"


OPEN_STATES = frozenset({DraftState.FILLING, DraftState.REVIEW, DraftState.CANCELLING, DraftState.HELD})


class Answer(Shape):
    """A value in its canonical text (``model.ValueType``). ``origin`` says where it is from: 市监 · 2026-10-31.

    ``confirmed``: the person has seen a prefilled value and let it stand, or gave it.
    """

    model_config = ConfigDict(frozen=True)

    value: str
    source: Source
    origin: str = ""
    confirmed: bool = False
    at: datetime


class Draft(Shape):
    """One form being filled in by one person, for one enterprise or none (``uscc`` empty).

    ``asking`` is the field of the open question. ``trail`` are the fields answered, the newest last (上一步). ``seen``
    are the ids of the last messages worked off: a message delivered twice changes nothing. ``misses`` counts answers
    in a row that could not be read. ``listed``: what was shown last is the list of all fields, so a number means one of
    those and not a question. ``corrections`` and ``steps`` are counted for the measure, without any value.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    form: str
    version: int
    owner: str
    uscc: str = ""
    state: DraftState = DraftState.FILLING
    answers: dict[str, Answer] = Field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    asking: str = ""
    trail: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    misses: int = 0
    listed: bool = False
    steps: int = 0
    corrections: int = 0
    started_at: datetime
    updated_at: datetime
    expires_at: datetime
    submitted_at: datetime | None = None
    case_no: str = ""
    sample: bool = False

    def value(self, field: str) -> str | None:
        answer = self.answers.get(field)
        return answer.value if answer else None

    def values(self) -> dict[str, str]:
        """Every answer's canonical text by field: what conditions and computed fields look at."""
        return {field: answer.value for field, answer in self.answers.items()}

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES
