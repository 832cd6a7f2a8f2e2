"""融资需求 and 银企对接: what an enterprise needs, which banks were asked, and what each of them offers.

登记 → 部门提出推荐名单 → 企业同意 → 银行在一个月内答复 (facts §5.1) → 企业选择. The consent names each bank and what
it is given (个人信息保护法 article 23). Offers compete in front of the enterprise alone: a bank sees the demand and its
own offer, never another's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

from pydantic import AwareDatetime, ConfigDict, Field

from chalicelib.errors import BadInput, Refusal
from chalicelib.finance.model import Refusal as DeclineCategory
from chalicelib.finance.scalars import Fen, Uscc
from chalicelib.masking import scrub
from chalicelib.ports import Conflict, Index, Put, Record, Store, Write
from chalicelib.shape import Shape
from chalicelib.shards import SHARDS, shard
from chalicelib.times import local, local_date, stamp

REPLY_WITHIN = timedelta(days=30)
"""银行 1 个月内决定 (facts §5.1, 支持小微企业融资协调工作机制)."""

SHARED = "企业名称、统一社会信用代码、用途、金额、期限"
"""What a bank is given of a demand; the consent names it."""

MAX_BANKS = 6
_LONGEST = 60
_TRIES = 5

Still = Sequence[Write]
"""Conditions that go along in the transaction."""


class DemandError(Refusal):
    """The text is the sentence to show."""


class DemandUnknown(DemandError, BadInput):
    """No demand with this number, or not one that this asker may know of."""


class DemandState(StrEnum):
    """Where a demand stands."""

    OPEN = "open"
    PROPOSED = "proposed"
    LISTED = "listed"
    CLOSED = "closed"

    @property
    def chinese(self) -> str:
        return _CHINESE[self]


_CHINESE = {
    DemandState.OPEN: "等部门推荐银行",
    DemandState.PROPOSED: "等您同意推荐名单",
    DemandState.LISTED: "等银行答复",
    DemandState.CLOSED: "已结束",
}


class _Frozen(Shape):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(_Frozen):
    """A bank's answer: an offer (amount 分, yearly rate, months), or declined with the category and nothing more."""

    bank: str
    at: AwareDatetime
    amount: Fen | None = None
    rate_percent: Decimal | None = Field(default=None, gt=0, le=24)
    months: int | None = Field(default=None, ge=1, le=360)
    declined: DeclineCategory | None = None

    @property
    def is_offer(self) -> bool:
        return self.declined is None


class Demand(_Frozen):
    """融资需求. ``amount`` in 分; ``banks`` those proposed, then asked; ``reply_by`` their last day."""

    id: str
    uscc: Uscc
    amount: Fen
    months: int = Field(ge=1, le=360)
    purpose: str = Field(min_length=2, max_length=_LONGEST)
    state: DemandState = DemandState.OPEN
    opened_at: AwareDatetime
    banks: tuple[str, ...] = ()
    proposed_by: str = ""
    agreed_at: AwareDatetime | None = None
    reply_by: date | None = None
    answers: tuple[Answer, ...] = ()
    chosen: str = ""
    is_sample: bool = False

    @property
    def offers(self) -> tuple[Answer, ...]:
        """Cheapest first."""
        return tuple(sorted((a for a in self.answers if a.is_offer), key=lambda a: (a.rate_percent or 0, a.bank)))

    def silent(self, on: date) -> tuple[str, ...]:
        """Banks that let their last day pass without an answer (逾期未答复)."""
        if self.state is not DemandState.LISTED or self.reply_by is None or on <= self.reply_by:
            return ()
        answered = {answer.bank for answer in self.answers}
        return tuple(bank for bank in self.banks if bank not in answered)


class BankView(_Frozen):
    """What a bank sees of a demand that its enterprise agreed to show it: no other bank, no other offer."""

    id: str
    uscc: str
    amount: int
    months: int
    purpose: str
    reply_by: date | None
    own: Answer | None


class DemandService:
    """Rows ``demand#{id}``, listed by enterprise and, over shards, by state."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # ------------------------------------------------------------------------------------------- for the enterprise

    def register(
        self,
        openid: str,
        uscc: str,
        amount: int,
        months: int,
        purpose: str,
        now: datetime,
        sample: bool = False,
        still: Still = (),
    ) -> Demand:
        """A new demand of the enterprise; who said it (``openid``) is not kept. The same words of the same person at
        the same moment (a re-delivery) make one.

        ``still``, here and below: what must hold of who says so when it is written. Raises DemandError for what is no
        demand (nothing to borrow, no purpose), and where ``still`` does not hold.
        """
        words = scrub(purpose.strip())[:_LONGEST]
        if amount <= 0 or not 1 <= months <= 360 or len(words) < 2:
            raise DemandError("要写清金额、期限（1 到 360 个月）和用途，才能登记。")
        once = sha256(f"{openid}\n{stamp(now)}\n{amount}\n{months}\n{words}".encode()).hexdigest()[:32]
        held = self._store.get(f"demandkey#{once}", "row")
        if held is not None:
            return self.get(str(held.body["id"]))
        day = f"{local(now):%Y%m%d}"
        number = self._store.add(f"demand#{day}", "count", {"n": 1})["n"]
        demand = Demand(
            id=f"F-{day}-{number:02d}",
            uscc=uscc,
            amount=amount,
            months=months,
            purpose=words,
            opened_at=now,
            is_sample=sample,
        )
        marker = Record(f"demandkey#{once}", "row", {"id": demand.id})
        try:
            self._store.transact([Put(marker, if_absent=True), Put(_row(demand), if_absent=True), *still])
        except Conflict:
            held = self._store.get(marker.pk, "row")
            if held is None:
                raise DemandError("您的绑定刚刚有变化，没有登记。请重新登记。") from None
            return self.get(str(held.body["id"]))
        return demand

    def of_enterprise(self, uscc: str) -> list[Demand]:
        """The latest first, with every offer: for 法人 and 财务 of this enterprise and nobody else."""
        found = self._index("gsi1", f"enterprise#{uscc}", prefix="demand#")
        return sorted(found, key=lambda demand: demand.opened_at, reverse=True)

    def agree(self, demand_id: str, uscc: str, banks: tuple[str, ...], now: datetime, still: Still = ()) -> Demand:
        """The enterprise lets these banks be asked: the ones it was shown. Raises DemandError when the list changed."""

        def agreed(held: Demand) -> Demand:
            if held.state is DemandState.LISTED and held.banks == banks:
                return held
            if held.state is not DemandState.PROPOSED or held.banks != banks:
                raise DemandError("推荐名单有变化，请重新查看后再确认。")
            until = local_date(now) + REPLY_WITHIN
            return held.model_copy(update={"state": DemandState.LISTED, "agreed_at": now, "reply_by": until})

        return self._change(demand_id, agreed, uscc, still)

    def choose(self, demand_id: str, uscc: str, bank: str, still: Still = ()) -> Demand:
        """The enterprise takes an offer; the others hear nothing of whose. Raises DemandError without such an offer."""

        def chosen(held: Demand) -> Demand:
            if held.chosen == bank:
                return held
            if held.state is not DemandState.LISTED or bank not in {offer.bank for offer in held.offers}:
                raise DemandError("这家银行没有给出方案，或需求已结束。请重新查看。")
            return held.model_copy(update={"state": DemandState.CLOSED, "chosen": bank})

        return self._change(demand_id, chosen, uscc, still)

    def withdraw(self, demand_id: str, uscc: str, still: Still = ()) -> Demand:
        """The enterprise needs it no more, or refuses the list."""
        return self._change(demand_id, lambda held: held.model_copy(update={"state": DemandState.CLOSED}), uscc, still)

    # ------------------------------------------------------------------------------------------- for the department

    def get(self, demand_id: str) -> Demand:
        """Raises DemandUnknown."""
        return self._kept(demand_id)[0]

    def listed(self, *states: DemandState) -> list[Demand]:
        """The oldest first; all that are not closed when no state is asked for."""
        asked = states or (DemandState.OPEN, DemandState.PROPOSED, DemandState.LISTED)
        found = [d for state in asked for n in range(SHARDS) for d in self._index("gsi2", f"demands-{state}#{n}")]
        return sorted(found, key=lambda demand: (demand.opened_at, demand.id))

    def propose(self, demand_id: str, banks: tuple[str, ...], by: str) -> Demand:
        """推荐名单: the department names banks; nothing is shown to them before the enterprise agrees."""
        if not 1 <= len(set(banks)) <= MAX_BANKS or len(set(banks)) != len(banks):
            raise DemandError(f"推荐名单要有 1 到 {MAX_BANKS} 家不同的银行。")

        def proposed(held: Demand) -> Demand:
            if held.state is DemandState.PROPOSED and held.banks == banks:
                return held
            if held.state not in (DemandState.OPEN, DemandState.PROPOSED):
                raise DemandError(f"需求 {held.id} 现在是“{held.state.chinese}”，不能再改推荐名单。")
            return held.model_copy(update={"state": DemandState.PROPOSED, "banks": banks, "proposed_by": by})

        return self._change(demand_id, proposed)

    # --------------------------------------------------------------------------------------------------- for a bank

    def answer(self, demand_id: str, answer: Answer) -> Demand:
        """A bank's answer, entered once; a better offer replaces its own earlier one until the enterprise chose.

        Raises DemandUnknown alike for a demand that is not there and one that this bank was not asked about.
        """

        def answered(held: Demand) -> Demand:
            if held.agreed_at is None or answer.bank not in held.banks:
                raise DemandUnknown(_unknown(demand_id))
            if answer in held.answers:
                return held
            if held.state is not DemandState.LISTED:
                raise DemandError(f"需求 {held.id} 已结束，不再收答复。")
            if answer.is_offer and None in (answer.amount, answer.rate_percent, answer.months):
                raise DemandError("方案要有金额、利率和期限。")
            others = tuple(each for each in held.answers if each.bank != answer.bank)
            return held.model_copy(update={"answers": (*others, answer)})

        return self._change(demand_id, answered)

    def for_bank(self, bank: str) -> list[BankView]:
        """What this bank was asked about and has not been closed."""
        asked = (demand for demand in self.listed(DemandState.LISTED) if bank in demand.banks)
        return [_seen_by(bank, demand) for demand in asked]

    # ----------------------------------------------------------------------------------------------------------- own

    def _kept(self, demand_id: str) -> tuple[Demand, int]:
        row = self._store.get(f"demand#{demand_id}", "row")
        if row is None:
            raise DemandUnknown(_unknown(demand_id))
        return Demand.model_validate(row.body), row.version

    def _change(
        self, demand_id: str, change: Callable[[Demand], Demand], uscc: str | None = None, still: Still = ()
    ) -> Demand:
        """``uscc``: who asks for the change; somebody else's demand is not there for them."""
        for _ in range(_TRIES):
            held, version = self._kept(demand_id)
            if uscc is not None and held.uscc != uscc:
                raise DemandUnknown(_unknown(demand_id))
            changed = change(held)
            if changed == held:
                return held
            try:
                self._store.transact([Put(_row(changed), if_version=version), *still])
            except Conflict:
                continue
            return changed
        raise DemandError(f"需求 {demand_id} 正在被别人修改，请再试一次。")

    def _index(self, index: Index, pk: str, prefix: str | None = None) -> Iterator[Demand]:
        page: str | None = None
        while True:
            found = self._store.query_index(index, pk, prefix=prefix, page=page)
            yield from (Demand.model_validate(row.body) for row in found.records)
            if (page := found.next) is None:
                return


def _unknown(demand_id: str) -> str:
    return f"没有编号为 {demand_id} 的融资需求，请核对编号。"


def _seen_by(bank: str, demand: Demand) -> BankView:
    return BankView(
        id=demand.id,
        uscc=demand.uscc,
        amount=demand.amount,
        months=demand.months,
        purpose=demand.purpose,
        reply_by=demand.reply_by,
        own=next((answer for answer in demand.answers if answer.bank == bank), None),
    )


def _row(demand: Demand) -> Record:
    return Record(
        f"demand#{demand.id}",
        "row",
        demand.model_dump(mode="json"),
        gsi1=(f"enterprise#{demand.uscc}", f"demand#{demand.id}"),
        gsi2=(f"demands-{demand.state}#{shard(demand.id)}", demand.id),
    )
