"""Single values as files and partners bring them, checked the same wherever they come in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from chalicelib.times import SHANGHAI


def _as_instant(value: object) -> object:
    """A wall-clock time without a zone is China's."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    return value.replace(tzinfo=SHANGHAI) if isinstance(value, datetime) and value.tzinfo is None else value


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("日期应在 1990 年至 2100 年之间，请核对") from None


Instant = Annotated[AwareDatetime, BeforeValidator(_as_instant), AfterValidator(_utc)]
"""A moment (时间): UTC inside; text without a zone is Asia/Shanghai."""
