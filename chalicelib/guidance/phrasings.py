"""Learning from operators (学习问法): a question confirmed for a guide becomes one of its phrasings in the next index.

The rows hold what people typed, so an operator reads each before it is kept, and a number of nine digits or more (a
phone, an identity card) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from pydantic import ConfigDict, Field

from chalicelib.guidance.aliases import normalise
from chalicelib.ports import Conflict, Record, Store
from chalicelib.shape import Shape

PK = "phrasings"
LONGEST = 60
_PERSONAL = re.compile(r"[0-9][0-9xX*-]{8,}")


class PhrasingRefused(Exception):
    """The text says why a phrasing is not kept; for operators."""


class Phrasing(Shape):
    """One question and the guide that answers it."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(title="问法", min_length=2, max_length=LONGEST)
    guide_id: str = Field(title="事项编号", min_length=1)
    confirmed_by: str = Field(title="确认人", min_length=1)
    confirmed_at: datetime = Field(title="确认时间")


class PhrasingService:
    """Rows ``phrasings`` / sha256 of the normalised question: one question belongs to one guide."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def confirm(self, text: str, guide_id: str, by: str, now: datetime) -> Phrasing:
        """Keep a question as a phrasing of a guide; confirming it again changes nothing. Raises PhrasingRefused.

        Whether ``guide_id`` is a guide of the catalogue is for the caller to check.
        """
        text = text.strip()
        if not 2 <= len(text) <= LONGEST:
            raise PhrasingRefused(f"问法要 2 到 {LONGEST} 个字，这句有 {len(text)} 个。请改短或补全")
        if _PERSONAL.search(text):
            raise PhrasingRefused("问法里有像电话或证件号的数字，不能保存。请去掉数字")
        row = Phrasing(text=text, guide_id=guide_id, confirmed_by=by, confirmed_at=now)
        try:
            self._store.put(Record(PK, _key(text), row.model_dump(mode="json")), if_absent=True)
        except Conflict:
            held = self._store.get(PK, _key(text))
            if held is None or held.body["guide_id"] != guide_id:
                owner = held.body["guide_id"] if held else "另一事项"
                raise PhrasingRefused(f"这句问法已属于 {owner}。要改归 {guide_id}，请先删除它") from None
            return Phrasing.model_validate(held.body)
        return row

    def remove(self, text: str) -> None:
        """Forget a question; one that is not kept is fine."""
        self._store.delete(PK, _key(text.strip()))

    def every(self) -> list[Phrasing]:
        rows: list[Phrasing] = []
        page = None
        while True:
            found = self._store.query(PK, limit=1000, page=page)
            rows += [Phrasing.model_validate(record.body) for record in found.records]
            page = found.next
            if page is None:
                return rows

    def by_guide(self) -> Mapping[str, tuple[str, ...]]:
        """The kept questions of each guide, in a fixed order."""
        questions: dict[str, list[str]] = {}
        for row in self.every():
            questions.setdefault(row.guide_id, []).append(row.text)
        return {guide: tuple(sorted(texts)) for guide, texts in questions.items()}


def _key(text: str) -> str:
    return sha256(normalise(text).encode()).hexdigest()[:32]
