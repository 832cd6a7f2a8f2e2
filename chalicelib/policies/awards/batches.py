"""支付批次: the money for confirmed accounts is taken from the pool first, then entry by entry promised to it.

The pool pays a batch whole or not at all: what it cannot pay waits and nothing is promised. A batch is prepared by one
person and approved by another; until then it can be given up again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib import money
from chalicelib.policies.awards.accounts import account_problem, standing_problem
from chalicelib.policies.awards.life import Batch, EntryLife, Stage, entry_life, round_life
from chalicelib.policies.awards.model import (
    AwardRefused,
    Claim,
    Entry,
    EntryAct,
    EntryEvent,
    Pool,
    Round,
    RoundAct,
    RoundEvent,
    Walk,
    payment_no,
)
from chalicelib.policies.awards.payment_file import Payment, PaymentFile, payment_file, payments
from chalicelib.policies.awards.repository import AwardRepository, Filed
from chalicelib.policies.awards.steps import Pass, marked, moved, person, resumed, retried, the_round, written
from chalicelib.times import local_date


class Batches:
    """Payment batches of rounds."""

    def __init__(self, rows: AwardRepository) -> None:
        self._rows = rows

    # ------------------------------------------------------------------------------------------------------ preparing

    def prepare(self, id_: str, by: str, now: datetime) -> Batch:
        """Take every payable entry into a batch; again, it goes on where it stopped. Raises AwardRefused.

        One that was put together before and still waits for approval is returned as it is.
        """
        filed = the_round(self._rows, id_)
        stage = round_life(filed.row).stage(local_date(now))
        if stage is Stage.PAYABLE:
            filed = retried(id_, lambda: self._open(id_, person(by), now))
        elif stage not in (Stage.BATCHING, Stage.SEALED):
            raise AwardRefused(f"批次 {id_} 现在是“{stage}”，公示期满、没有未完成的支付批次时才能编制支付批次。")
        return round_life(self.finish(filed, now).row).batches[-1]

    def finish(self, filed: Filed[Round], now: datetime) -> Filed[Round]:
        """Go on with a batch that is being put together or given up."""
        filed = resumed(self._rows, filed, "batch", lambda from_here: self._fill(from_here, now))
        return resumed(self._rows, filed, "dissolve", lambda from_here: self._empty(from_here, now))

    def _open(self, id_: str, by: str, now: datetime) -> Filed[Round]:
        """Promise the sum out of the pool, all of it or nothing."""
        filed = the_round(self._rows, id_)
        round_ = filed.row
        need = sum(each.row.amount for each in self._rows.entries(id_) if entry_life(each.row).payable)
        if not need:
            raise AwardRefused(f"批次 {id_} 没有可拨付的企业：要先确认收款账户、处理完异议。")
        pool = self._rows.pool(round_.pool, round_.year)
        if need > pool.row.available:
            raise AwardRefused(self._wait(filed, pool.row, need, by, now))
        number = len(round_life(round_).batches) + 1
        event = RoundEvent(act=RoundAct.BATCH_OPENED, at=now, by=by, batch=number)
        opened = moved(round_, event, Walk(kind="batch", limit=need))
        self._rows.transact(
            self._rows.put_round(opened, filed.version),
            self._rows.put_pool(pool.row.moved(committed=need), pool.version),
        )
        return Filed(opened, filed.version + 1)

    def _wait(self, filed: Filed[Round], pool: Pool, need: int, by: str, now: datetime) -> str:
        """Keep in the log, once, that the pool could not pay; what to say."""
        note = f"资金池“{pool.name}”{pool.year} 年可用 {money.show(pool.available)}，需要 {money.show(need)}"
        if round_life(filed.row).short != note:
            event = RoundEvent(act=RoundAct.POOL_SHORT, at=now, by=by, note=note)
            self._rows.transact(self._rows.put_round(moved(filed.row, event), filed.version))
        gap = money.show(need - pool.available)
        return f"批次 {filed.row.id}：{note}，还差 {gap}。资金到位后请用 award pool 登记，再编制。"

    def _fill(self, filed: Filed[Round], now: datetime) -> Filed[Round]:
        batch = round_life(filed.row).batches[-1]
        under_way = Pass(self._rows, filed)
        for each in self._rows.entries(filed.row.id, under_way.walk.after):
            life = entry_life(each.row)
            room = under_way.walk.limit - under_way.walk.total
            if life.payable and each.row.amount <= room:
                under_way.walk = self._take(each, life, batch, under_way, now)
                if under_way.is_full:
                    under_way.save()
        walk = under_way.walk
        if not walk.count:
            return self._give_up(under_way, batch, now)
        sealed = RoundEvent(
            act=RoundAct.BATCH_SEALED,
            at=now,
            by=batch.prepared_by,
            batch=batch.number,
            count=walk.count,
            total=walk.total,
        )
        return under_way.end(sealed, pool=self._given_back(filed.row, walk.limit - walk.total))

    def _take(self, each: Filed[Entry], life: EntryLife, batch: Batch, under_way: Pass, now: datetime) -> Walk:
        """One entry into the batch, or, where something came up since, out of the round; the walk after it."""
        entry, walk = each.row, under_way.walk.model_copy(update={"after": each.row.uscc})
        event = self._obstacle(entry, life, now)
        if event is not None:
            under_way.take(self._rows.put_entry(marked(entry, event), each.version))
            return walk
        event = EntryEvent(act=EntryAct.BATCHED, at=now, by=batch.prepared_by, payee=life.payee, batch=batch.number)
        under_way.take(
            self._rows.put_entry(marked(entry, event), each.version),
            self._rows.put_claim(entry, payment_no(entry, batch.number)),
        )
        return walk.model_copy(update={"count": walk.count + 1, "total": walk.total + entry.amount})

    def _obstacle(self, entry: Entry, life: EntryLife, now: datetime) -> EntryEvent | None:
        """What the registers say on the day of payment stands over what was true when the list was drawn."""
        registered = self._rows.registered(entry.uscc)
        gone = standing_problem(registered)
        claim = self._rows.claim(entry.policy, entry.year, entry.uscc)
        if gone or claim:
            note = gone or _claimed(claim)
            return EntryEvent(act=EntryAct.WITHDRAWN, at=now, by="系统", note=note)
        assert registered is not None and life.payee is not None
        problem = account_problem(registered, life.payee)
        return EntryEvent(act=EntryAct.ACCOUNT_REFUSED, at=now, by="系统", note=problem) if problem else None

    def _given_back(self, round_: Round, fen: int) -> Filed[Pool] | None:
        """The pool with a promise taken back; None when there is nothing to take back."""
        if not fen:
            return None
        pool = self._rows.pool(round_.pool, round_.year)
        return Filed(pool.row.moved(committed=-fen), pool.version)

    # -------------------------------------------------------------------------------------------------------- undoing

    def dissolve(self, id_: str, by: str, note: str, now: datetime) -> Batch:
        """Give up a batch that is not approved: its entries are payable again. Raises AwardRefused."""

        def begin() -> Filed[Round]:
            filed = the_round(self._rows, id_)
            batch = round_life(filed.row).open_batch
            if batch is None:
                raise AwardRefused(f"批次 {id_} 没有等待批准的支付批次；已批准的不能退回，只能等银行回执。")
            if batch.dissolving:
                return filed
            promised = filed.row.walk.limit if filed.row.walk else batch.total or 0
            event = RoundEvent(
                act=RoundAct.BATCH_DISSOLVING, at=now, by=person(by), note=note.strip(), batch=batch.number
            )
            begun = moved(filed.row, event, Walk(kind="dissolve", limit=promised))
            self._rows.transact(self._rows.put_round(begun, filed.version))
            return Filed(begun, filed.version + 1)

        return round_life(self.finish(retried(id_, begin), now).row).batches[-1]

    def _empty(self, filed: Filed[Round], now: datetime) -> Filed[Round]:
        batch = round_life(filed.row).batches[-1]
        under_way = Pass(self._rows, filed)
        for each in self._rows.entries(filed.row.id, under_way.walk.after):
            if entry_life(each.row).batch == batch.number:
                event = EntryEvent(act=EntryAct.UNBATCHED, at=now, by=_last_by(filed.row), batch=batch.number)
                put = self._rows.put_entry(marked(each.row, event), each.version)
                under_way.take(put, self._rows.drop_claim(each.row))
                under_way.walk = under_way.walk.model_copy(update={"after": each.row.uscc})
                if under_way.is_full:
                    under_way.save()
        done = RoundEvent(act=RoundAct.BATCH_DISSOLVED, at=now, by=_last_by(filed.row), batch=batch.number)
        return under_way.end(done, pool=self._given_back(filed.row, under_way.walk.limit))

    def _give_up(self, under_way: Pass, batch: Batch, now: datetime) -> Filed[Round]:
        """Nothing was left to pay once the registers were asked again."""
        acts = (RoundAct.BATCH_DISSOLVING, RoundAct.BATCH_DISSOLVED)
        events = [RoundEvent(act=act, at=now, by="系统", note="没有可支付的企业", batch=batch.number) for act in acts]
        return under_way.end(*events, pool=self._given_back(under_way.round, under_way.walk.limit))

    # ------------------------------------------------------------------------------------------------------ approving

    def approve(self, id_: str, by: str, now: datetime) -> PaymentFile:
        """Approve the batch that waits, by somebody else than who prepared it, and give its file. Raises AwardRefused.

        The registers are asked once more: a firm deregistered meanwhile stops the batch.
        """
        filed = the_round(self._rows, id_)
        batch = round_life(filed.row).open_batch
        if batch is None:
            raise AwardRefused(f"批次 {id_} 没有等待批准的支付批次，请先用 award batch 编制。")
        lines = self._payments(filed.row, batch)
        file = _checked_file(filed.row, batch, lines)
        event = RoundEvent(
            act=RoundAct.BATCH_APPROVED,
            at=now,
            by=person(by),
            batch=batch.number,
            count=file.count,
            total=file.total,
            digest=file.digest,
        )
        approved = moved(filed.row, event)
        gone = [line.payee.name for line in lines if standing_problem(self._rows.registered(line.uscc))]
        if gone:
            raise AwardRefused(
                f"批次 {id_} 第 {batch.number} 批有 {len(gone)} 家企业已注销（{'、'.join(gone[:3])}）。"
                "请用 award dissolve 退回后重新编制。"
            )
        written(self._rows, id_, self._rows.put_round(approved, filed.version))
        return file

    def file(self, id_: str, number: int | None = None) -> PaymentFile:
        """The file of an approved batch (None: the newest), byte for byte as it was approved. Raises AwardRefused."""
        round_ = the_round(self._rows, id_).row
        approved = [batch for batch in round_life(round_).batches if batch.approved_by]
        chosen = [batch for batch in approved if number in (None, batch.number)]
        if not chosen:
            raise AwardRefused(f"批次 {id_} 没有已批准的支付批次。请先编制（award batch）并由另一人批准（award pay）。")
        return _checked_file(round_, chosen[-1], self._payments(round_, chosen[-1]))

    def _payments(self, round_: Round, batch: Batch) -> list[Payment]:
        return list(payments((each.row for each in self._rows.entries(round_.id)), batch.number))


def _checked_file(round_: Round, batch: Batch, lines: Sequence[Payment]) -> PaymentFile:
    """Held against what was sealed and what was approved: a file that differs is never handed out."""
    file = payment_file(round_, batch.number, lines)
    as_sealed = (file.count, file.total) == (batch.count, batch.total)
    if not as_sealed or batch.digest not in (None, file.digest):
        raise AwardRefused(f"批次 {round_.id} 第 {batch.number} 批的明细与记录对不上，请停止支付并联系技术人员。")
    return file


def _claimed(claim: Claim | None) -> str:
    assert claim is not None
    return f"本年度已在批次 {claim.round} 兑现"


def _last_by(round_: Round) -> str:
    return round_.events[-1].by
