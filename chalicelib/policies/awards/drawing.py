"""名单生成: every enterprise asked once, those that are certain put on the list, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.repository import EnterpriseRepository
from chalicelib.policies.awards.certainty import Certain, Certainty, LeftOut
from chalicelib.policies.awards.life import round_life
from chalicelib.policies.awards.model import Entry, EntryAct, Round, RoundAct, RoundEvent, Walk, entry_id
from chalicelib.policies.awards.repository import AwardRepository, Filed
from chalicelib.policies.awards.steps import Pass, event_of, resumed

ALREADY = "本年度已兑现或正在拨付"
_LOOKED_AT = 2000
"""Enterprises after which the place is kept even if none was listed."""


class Drawing:
    """Lists for rounds that were opened."""

    def __init__(self, rows: AwardRepository, enterprises: EnterpriseRepository) -> None:
        self._rows = rows
        self._enterprises = enterprises

    def finish(self, filed: Filed[Round], certainty: Certainty, now: datetime) -> Filed[Round]:
        """Draw the list to its end, from wherever it was left. Raises AwardRefused."""
        return resumed(self._rows, filed, "draw", lambda from_here: self._draw(from_here, certainty, now))

    def _draw(self, filed: Filed[Round], certainty: Certainty, now: datetime) -> Filed[Round]:
        under_way = Pass(self._rows, filed)
        looked_at = 0
        for enterprise in self._after(under_way.walk.after):
            looked_at += 1
            under_way.walk = self._look(enterprise, filed.row, certainty, under_way, now)
            if under_way.is_full or looked_at % _LOOKED_AT == 0:
                under_way.save()
        walk = under_way.walk
        out = "；".join(f"{reason} {count} 家" for reason, count in sorted(walk.left_out.items()))
        listed = RoundEvent(
            act=RoundAct.LISTED,
            at=now,
            by=round_life(filed.row).author,
            note=f"未列入：{out}" if out else "",
            count=walk.count,
            total=walk.total,
        )
        return under_way.end(listed)

    def _look(
        self, enterprise: Enterprise, round_: Round, certainty: Certainty, under_way: Pass, now: datetime
    ) -> Walk:
        """Ask about one enterprise; the walk after it."""
        walk = under_way.walk.model_copy(update={"after": enterprise.uscc})
        found = certainty.of(enterprise)
        if isinstance(found, Certain) and self._rows.claim(round_.policy, round_.year, enterprise.uscc):
            found = LeftOut(ALREADY)
        if isinstance(found, LeftOut):
            count = walk.left_out.get(found.reason, 0) + 1
            return walk.model_copy(update={"left_out": walk.left_out | {found.reason: count}})
        if found is None:
            return walk
        under_way.take(self._rows.put_entry(_entry(enterprise, round_, found, now), 0))
        return walk.model_copy(update={"count": walk.count + 1, "total": walk.total + found.amount})

    def _after(self, place: str) -> Iterator[Enterprise]:
        """Enterprises in the register's order, from the one behind the credit code ``place`` on."""
        for body in self._enterprises.bodies(after=place):
            yield Enterprise.model_validate(body["enterprise"])


def _entry(enterprise: Enterprise, round_: Round, found: Certain, now: datetime) -> Entry:
    return Entry(
        id=entry_id(round_.policy, round_.version, round_.id, enterprise.uscc),
        round=round_.id,
        policy=round_.policy,
        version=round_.version,
        year=round_.year,
        uscc=enterprise.uscc,
        name=enterprise.name,
        amount=found.amount,
        calculation=found.calculation,
        grounds=found.grounds,
        events=(event_of(EntryAct.LISTED, round_life(round_).author, now),),
    )
