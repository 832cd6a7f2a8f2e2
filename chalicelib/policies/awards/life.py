"""The lives of a round (批次) and of an entry (名单中的企业): their events folded into what they are now.

Pure and total: a step that cannot follow is refused with the reason (``entry_refusal``, ``round_refusal``) before it is
written, and were one ever stored all the same, the fold passes over it. The order is that of facts §3.0:
名单生成→部门核定→公示→账户确认→拨付→到账. Who lists does not confirm, who prepares a payment does not approve it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from chalicelib.people import same_person
from chalicelib.policies.awards.model import (
    Entry,
    EntryAct,
    EntryEvent,
    Notice,
    PayeeAccount,
    Round,
    RoundAct,
    RoundEvent,
)

# --------------------------------------------------------------------------------------------------------------- entry


class EntryState(StrEnum):
    """Where an entry stands; the value is its Chinese name."""

    LISTED = "待确认账户"
    READY = "账户已确认"
    BLOCKED = "账户有问题"
    PAYING = "支付中"
    PAID = "已到账"
    WITHDRAWN = "已撤出"


@dataclass(frozen=True, slots=True)
class EntryLife:
    """What the events of an entry come to. ``objections`` are the numbers still open, ``raised`` how many there were.

    ``problem`` is why it cannot be paid now, ``troubles`` how many problems there have been.
    """

    payee: PayeeAccount | None = None
    objections: frozenset[int] = frozenset()
    raised: int = 0
    batch: int | None = None
    batches: int = 0
    paid_on: date | None = None
    problem: str | None = None
    troubles: int = 0
    withdrawn: str | None = None

    @property
    def state(self) -> EntryState:
        if self.withdrawn is not None:
            return EntryState.WITHDRAWN
        if self.batch is not None:
            return EntryState.PAYING if self.paid_on is None else EntryState.PAID
        if self.problem is not None:
            return EntryState.BLOCKED
        return EntryState.LISTED if self.payee is None else EntryState.READY

    @property
    def payable(self) -> bool:
        """May go into the next payment batch."""
        return self.state is EntryState.READY and not self.objections

    @property
    def is_final(self) -> bool:
        return self.state in (EntryState.PAID, EntryState.WITHDRAWN)


def entry_life(entry: Entry) -> EntryLife:
    """The life of an entry as its log tells it."""
    life = EntryLife()
    for event in entry.events:
        if entry_refusal(life, event) is None:
            life = entry_step(life, event)
    return life


def entry_refusal(life: EntryLife, event: EntryEvent) -> str | None:
    """Why this cannot happen to the entry now (Chinese); None when it can."""
    return _ENTRY_RULES[event.act](life, event)


def entry_step(life: EntryLife, event: EntryEvent) -> EntryLife:
    """The life after an event that is not refused."""
    change = _ENTRY_STEPS.get(event.act)
    return life if change is None else change(life, event)


def _open_refusal(life: EntryLife, event: EntryEvent) -> str | None:
    """What may only happen before the money is on its way."""
    if life.state is EntryState.WITHDRAWN:
        return f"已撤出名单（{life.withdrawn}）"
    if life.batch is not None:
        return "已经到账" if life.paid_on else "已编入支付批次，要改先退回该批次"
    return None


def _with_reason(life: EntryLife, event: EntryEvent) -> str | None:
    return _open_refusal(life, event) or (None if event.note else "要写明理由")


def _overrule_refusal(life: EntryLife, event: EntryEvent) -> str | None:
    known = event.objection in life.objections
    return _with_reason(life, event) or (None if known else f"没有第 {event.objection} 号未处理的异议")


def _account_refusal(life: EntryLife, event: EntryEvent) -> str | None:
    return _open_refusal(life, event) or ("要写明收款账户" if event.payee is None else None)


def _batch_refusal(life: EntryLife, event: EntryEvent) -> str | None:
    if refusal := _open_refusal(life, event):
        return refusal
    if life.objections:
        return "还有异议没有处理"
    if not life.payable:
        return life.problem or "收款账户还没有确认"
    fresh = event.batch is not None and event.batch > life.batches
    return None if fresh and event.payee == life.payee else "批次或账户对不上"


def _unbatch_refusal(life: EntryLife, event: EntryEvent) -> str | None:
    if life.batch is None or life.batch != event.batch:
        return f"不在第 {event.batch} 批里"
    return "已经到账" if life.paid_on else None


def _return_refusal(life: EntryLife, event: EntryEvent) -> str | None:
    if life.batch is None or life.batch != event.batch:
        return f"不在第 {event.batch} 批里"
    return None if event.note else "要写明退回原因"


_ENTRY_RULES: Mapping[EntryAct, Callable[[EntryLife, EntryEvent], str | None]] = {
    EntryAct.LISTED: lambda life, event: None,
    EntryAct.OBJECTED: _with_reason,
    EntryAct.OVERRULED: _overrule_refusal,
    EntryAct.WITHDRAWN: _with_reason,
    EntryAct.ACCOUNT_CONFIRMED: _account_refusal,
    EntryAct.ACCOUNT_REFUSED: _with_reason,
    EntryAct.BATCHED: _batch_refusal,
    EntryAct.UNBATCHED: _unbatch_refusal,
    EntryAct.PAID: lambda life, event: _unbatch_refusal(life, event) or (None if event.on else "要写明到账日期"),
    EntryAct.RETURNED: _return_refusal,
}


def _trouble(life: EntryLife, event: EntryEvent) -> EntryLife:
    return replace(life, payee=None, batch=None, paid_on=None, problem=event.note, troubles=life.troubles + 1)


_ENTRY_STEPS: Mapping[EntryAct, Callable[[EntryLife, EntryEvent], EntryLife]] = {
    EntryAct.OBJECTED: lambda life, event: replace(
        life, raised=life.raised + 1, objections=life.objections | {life.raised + 1}
    ),
    EntryAct.OVERRULED: lambda life, event: replace(life, objections=life.objections - {event.objection or 0}),
    EntryAct.WITHDRAWN: lambda life, event: replace(life, withdrawn=event.note, objections=frozenset()),
    EntryAct.ACCOUNT_CONFIRMED: lambda life, event: replace(life, payee=event.payee, problem=None),
    EntryAct.ACCOUNT_REFUSED: _trouble,
    EntryAct.BATCHED: lambda life, event: replace(life, batch=event.batch, batches=event.batch or 0),
    EntryAct.UNBATCHED: lambda life, event: replace(life, batch=None),
    EntryAct.PAID: lambda life, event: replace(life, paid_on=event.on),
    EntryAct.RETURNED: lambda life, event: _trouble(life, event.model_copy(update={"note": f"银行退回：{event.note}"})),
}

# --------------------------------------------------------------------------------------------------------------- round


class Stage(StrEnum):
    """Where a round stands on a day; the value is its Chinese name."""

    LISTING = "名单生成中"
    LISTED = "待部门核定"
    CONFIRMED = "待公示"
    PUBLIC = "公示中"
    PAYABLE = "账户确认和拨付"
    BATCHING = "正在编制支付批次"
    SEALED = "支付批次待批准"
    DISSOLVING = "正在退回支付批次"
    CLOSED = "已结束"


@dataclass(frozen=True, slots=True)
class Batch:
    """支付批次. Sums are 分; ``total`` None while it is being put together."""

    number: int
    prepared_by: str
    count: int | None = None
    total: int | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    digest: str | None = None
    dissolving: bool = False
    dissolved: bool = False

    @property
    def is_open(self) -> bool:
        """Neither approved nor given up: no other batch of the round may begin."""
        return self.approved_by is None and not self.dissolved


@dataclass(frozen=True, slots=True)
class RoundLife:
    """What the events of a round come to. ``short`` tells that the pool could not pay when it was last tried."""

    author: str = ""
    listed: bool = False
    count: int = 0
    total: int = 0
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    notice: Notice | None = None
    batches: tuple[Batch, ...] = ()
    short: str | None = None
    closed: str | None = None

    @property
    def open_batch(self) -> Batch | None:
        return next((batch for batch in self.batches if batch.is_open), None)

    def batch(self, number: int) -> Batch | None:
        return next((batch for batch in self.batches if batch.number == number), None)

    def stage(self, on: date) -> Stage:
        """The end of the public notice needs nobody: the day after it the round is payable."""
        if self.closed is not None:
            return Stage.CLOSED
        if not self.listed:
            return Stage.LISTING
        if self.confirmed_by is None:
            return Stage.LISTED
        if self.notice is None:
            return Stage.CONFIRMED
        if on <= self.notice.end:
            return Stage.PUBLIC
        return Stage.PAYABLE if self.open_batch is None else _batch_stage(self.open_batch)


def _batch_stage(batch: Batch) -> Stage:
    if batch.dissolving:
        return Stage.DISSOLVING
    return Stage.BATCHING if batch.total is None else Stage.SEALED


def round_life(round_: Round) -> RoundLife:
    """The life of a round as its log tells it."""
    life = RoundLife()
    for event in round_.events:
        if round_refusal(life, event) is None:
            life = round_step(life, event)
    return life


def round_refusal(life: RoundLife, event: RoundEvent) -> str | None:
    """Why this cannot happen to the round now (Chinese); None when it can."""
    if life.closed is not None:
        return f"这一轮已结束（{life.closed}）"
    return _ROUND_RULES[event.act](life, event)


def round_step(life: RoundLife, event: RoundEvent) -> RoundLife:
    """The life after an event that is not refused."""
    return _ROUND_STEPS[event.act](life, event)


def _confirm_rule(life: RoundLife, event: RoundEvent) -> str | None:
    if not life.listed:
        return "名单还没有生成完"
    if life.confirmed_by is not None:
        return f"名单已由 {life.confirmed_by} 核定"
    if same_person(life.author, event.by):
        return "名单要由另一个人核定，不能是生成名单的人自己"
    return None if life.count else "名单里没有企业，请结束这一轮"


def _publicise_rule(life: RoundLife, event: RoundEvent) -> str | None:
    if life.confirmed_by is None:
        return "名单还没有经部门核定"
    if life.notice is not None:
        return f"已于 {life.notice.start} 开始公示 {life.notice.days} 天"
    return None if event.start and event.days and 1 <= event.days <= 60 else "公示要写明开始日期和 1 到 60 的天数"


def _batch_rule(life: RoundLife, event: RoundEvent) -> str | None:
    if life.notice is None:
        return "名单还没有公示"
    if life.open_batch is not None:
        return f"第 {life.open_batch.number} 批还没有批准或退回"
    return None if event.batch == len(life.batches) + 1 else f"下一批应是第 {len(life.batches) + 1} 批"


def _seal_rule(life: RoundLife, event: RoundEvent) -> str | None:
    batch = life.open_batch
    if batch is None or batch.number != event.batch or batch.total is not None or batch.dissolving:
        return f"第 {event.batch} 批不在编制中"
    return None if event.count and event.total else "空批次不能送批"


def _approve_rule(life: RoundLife, event: RoundEvent) -> str | None:
    batch = life.open_batch
    if batch is None or batch.number != event.batch or batch.total is None or batch.dissolving:
        return f"第 {event.batch} 批没有在等批准"
    if same_person(batch.prepared_by, event.by):
        return "支付批次要由另一个人批准，不能是编制的人自己"
    return None if event.digest else "缺支付文件的校验值"


def _dissolve_rule(life: RoundLife, event: RoundEvent) -> str | None:
    batch = life.open_batch
    if batch is None or batch.number != event.batch:
        return f"第 {event.batch} 批已批准或不存在，不能退回"
    return None if event.note else "要写明理由"


def _dissolved_rule(life: RoundLife, event: RoundEvent) -> str | None:
    batch = life.open_batch
    ready = batch is not None and batch.number == event.batch and batch.dissolving
    return None if ready else f"第 {event.batch} 批不在退回中"


def _close_rule(life: RoundLife, event: RoundEvent) -> str | None:
    """Also while the list is drawn: a rule that changed meanwhile must not hold up the year."""
    if life.open_batch is not None:
        return f"第 {life.open_batch.number} 批还没有批准或退回"
    return None if event.note else "要写明理由"


_ROUND_RULES: Mapping[RoundAct, Callable[[RoundLife, RoundEvent], str | None]] = {
    RoundAct.OPENED: lambda life, event: "已经开始" if life.author else None,
    RoundAct.LISTED: lambda life, event: None if life.author and not life.listed else "名单已生成",
    RoundAct.CONFIRMED: _confirm_rule,
    RoundAct.PUBLICISED: _publicise_rule,
    RoundAct.POOL_SHORT: lambda life, event: None if life.notice and event.note else "还没有到拨付这一步",
    RoundAct.BATCH_OPENED: _batch_rule,
    RoundAct.BATCH_SEALED: _seal_rule,
    RoundAct.BATCH_APPROVED: _approve_rule,
    RoundAct.BATCH_DISSOLVING: _dissolve_rule,
    RoundAct.BATCH_DISSOLVED: _dissolved_rule,
    RoundAct.CLOSED: _close_rule,
}


def _on_last(life: RoundLife, **changes: object) -> RoundLife:
    """Only the last batch can be open."""
    return replace(life, batches=(*life.batches[:-1], replace(life.batches[-1], **changes)))  # type: ignore[arg-type]


def _notice(event: RoundEvent) -> Notice:
    assert event.start is not None and event.days is not None  # _publicise_rule
    return Notice(start=event.start, days=event.days)


_ROUND_STEPS: Mapping[RoundAct, Callable[[RoundLife, RoundEvent], RoundLife]] = {
    RoundAct.OPENED: lambda life, event: replace(life, author=event.by),
    RoundAct.LISTED: lambda life, event: replace(life, listed=True, count=event.count or 0, total=event.total or 0),
    RoundAct.CONFIRMED: lambda life, event: replace(life, confirmed_by=event.by, confirmed_at=event.at),
    RoundAct.PUBLICISED: lambda life, event: replace(life, notice=_notice(event)),
    RoundAct.POOL_SHORT: lambda life, event: replace(life, short=event.note),
    RoundAct.BATCH_OPENED: lambda life, event: replace(
        life, batches=(*life.batches, Batch(event.batch or 0, event.by)), short=None
    ),
    RoundAct.BATCH_SEALED: lambda life, event: _on_last(life, count=event.count, total=event.total),
    RoundAct.BATCH_APPROVED: lambda life, event: _on_last(
        life, approved_by=event.by, approved_at=event.at, digest=event.digest
    ),
    RoundAct.BATCH_DISSOLVING: lambda life, event: _on_last(life, dissolving=True),
    RoundAct.BATCH_DISSOLVED: lambda life, event: _on_last(life, dissolved=True),
    RoundAct.CLOSED: lambda life, event: replace(life, closed=event.note),
}
