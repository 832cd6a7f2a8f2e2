"""打捆申报: one application of many enterprises for one grant, and what each of them gets of it.

The grant is divided by verified shares (核定份额). Each gets the whole 分 below its part; the 分 left over, fewer than
there are members, go one each to the largest remainders, on a tie to the lower credit code: the sum is the grant,
whoever computes it and in whatever order (largest remainder method).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Self

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from chalicelib.errors import Refusal
from chalicelib.finance.scalars import Fen, Uscc
from chalicelib.ports import Conflict, Put, Record, Store, Write
from chalicelib.shape import Shape

MAX_MEMBERS = 90
"""Each member has a row of its own, written with the application in one transaction (MAX_TRANSACT)."""


class BundleError(Refusal):
    """The text is the sentence to show."""


def allocate(grant: int, shares: Mapping[str, int]) -> dict[str, int]:
    """分 by member, summing to ``grant`` exactly; ``shares`` are verified quantities in one unit, all above 0.

    Raises BundleError on a share that is not above 0, or without members.
    """
    if not shares or min(shares.values()) <= 0:
        raise BundleError("每个成员的核定份额都要大于 0，请核对。")
    if grant < 0:
        raise BundleError("奖补金额不能小于 0，请核对。")
    total = sum(shares.values())
    exact = {member: Fraction(grant * share, total) for member, share in shares.items()}
    parts = {member: int(part) for member, part in exact.items()}
    left = grant - sum(parts.values())
    by_remainder = sorted(shares, key=lambda member: (parts[member] - exact[member], member))
    for member in by_remainder[:left]:
        parts[member] += 1
    return parts


class Member(Shape):
    """One enterprise in a bundle. ``share`` is what the verifier confirmed, in the unit of the bundle."""

    model_config = ConfigDict(frozen=True)

    uscc: Uscc = Field(title="统一社会信用代码")
    share: int = Field(gt=0, title="核定份额")


class Bundle(Shape):
    """打捆申报. ``lead`` (牵头单位) applies for all, member or not; ``unit`` is what shares are counted in."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{3,39}$", title="打捆编号")
    policy: str = Field(min_length=1, title="政策编号")
    lead: Uscc = Field(title="牵头单位")
    unit: str = Field(min_length=1, max_length=20, title="份额单位")
    basis: str = Field(min_length=1, max_length=200, title="核定依据")
    members: tuple[Member, ...] = Field(min_length=1, max_length=MAX_MEMBERS, title="成员")
    grant: Fen | None = Field(default=None, title="核定奖补（分）")
    confirmed_at: AwareDatetime | None = Field(default=None, title="核定时间")
    confirmed_by: str = Field(default="", title="核定人")

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        codes = [member.uscc for member in self.members]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ValueError(f"成员 {'、'.join(twice)} 写了两次")
        return self

    def parts(self) -> dict[str, int]:
        """分 by member; empty before the grant is confirmed."""
        return {} if self.grant is None else allocate(self.grant, {each.uscc: each.share for each in self.members})


class Part(Shape):
    """What a member may see of a bundle: its own share and money, never another's."""

    model_config = ConfigDict(frozen=True)

    bundle: str
    policy: str
    unit: str
    share: int
    amount: int | None


class BundleService:
    """Rows ``bundle#{id}``/``row``, and a member's own part ``bundle#{id}``/``part#{uscc}``, listed by enterprise."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, bundle_id: str) -> Bundle | None:
        row = self._store.get(_key(bundle_id), "row")
        return Bundle.model_validate(row.body) if row else None

    def enter(self, bundle: Bundle) -> bool:
        """Hand in a bundle; the same again changes nothing (False). Raises BundleError for another under its id."""
        known = self.get(bundle.id)
        if known is not None:
            if known.model_copy(update=_OPEN) == bundle.model_copy(update=_OPEN):
                return False
            raise BundleError(f"打捆申报 {bundle.id} 已经有了而内容不同；请换一个编号。")
        fresh = bundle.model_copy(update=_OPEN)
        try:
            self._store.transact([Put(row, if_absent=True) for row in _rows(fresh)])
        except Conflict:
            return self.enter(bundle)
        return True

    def confirm(self, bundle_id: str, grant: int, by: str, now: datetime) -> Bundle:
        """The grant is settled, once: every member's part is written with it. Raises BundleError."""
        row = self._store.get(_key(bundle_id), "row")
        if row is None:
            raise BundleError(f"没有打捆申报 {bundle_id}，请核对编号。")
        bundle = Bundle.model_validate(row.body)
        if bundle.grant is not None:
            if bundle.grant == grant:
                return bundle
            raise BundleError(f"打捆申报 {bundle_id} 已由 {bundle.confirmed_by} 核定过另一个金额，不能再改。")
        settled = bundle.model_copy(update={"grant": grant, "confirmed_by": by, "confirmed_at": now})
        first, *parts = _rows(settled)
        writes: list[Write] = [Put(first, if_version=row.version), *(Put(part) for part in parts)]
        try:
            self._store.transact(writes)
        except Conflict:
            raise BundleError(f"打捆申报 {bundle_id} 刚刚有人改过，请再看一次。") from None
        return settled

    def of_enterprise(self, uscc: str) -> Iterator[Part]:
        """The member's own parts of all bundles."""
        page: str | None = None
        while True:
            found = self._store.query_index("gsi1", f"enterprise#{uscc}", prefix="bundle#", page=page)
            yield from (Part.model_validate(record.body) for record in found.records)
            if (page := found.next) is None:
                return


_OPEN = {"grant": None, "confirmed_at": None, "confirmed_by": ""}


def _key(bundle_id: str) -> str:
    return f"bundle#{bundle_id}"


def _rows(bundle: Bundle) -> list[Record]:
    """The application first, then each member's part."""
    parts = bundle.parts()
    rows = [Record(_key(bundle.id), "row", bundle.model_dump(mode="json"))]
    for member in bundle.members:
        part = Part(
            bundle=bundle.id,
            policy=bundle.policy,
            unit=bundle.unit,
            share=member.share,
            amount=parts.get(member.uscc),
        )
        place = (f"enterprise#{member.uscc}", f"bundle#{bundle.id}")
        rows.append(Record(_key(bundle.id), f"part#{member.uscc}", part.model_dump(mode="json"), gsi1=place))
    return rows
