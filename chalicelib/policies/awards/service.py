"""免申即享 award rounds: the list, its confirmation, the public notice, accounts, payment and what came of it.

Every step may be asked for again: what is done already stays as it is. Steps that a crash cut short go on where they
stopped, by the same call or by the daily job (``advance``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime

from chalicelib import masking
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.repository import EnterpriseRepository
from chalicelib.errors import BadInput
from chalicelib.policies.awards.accounts import TAKING_ACCOUNTS, Accounts, Taken
from chalicelib.policies.awards.batches import Batches
from chalicelib.policies.awards.certainty import Certainty
from chalicelib.policies.awards.drawing import Drawing
from chalicelib.policies.awards.life import Batch, EntryState, Stage, entry_life, round_life
from chalicelib.policies.awards.model import (
    AwardRefused,
    Entry,
    EntryAct,
    EntryEvent,
    PayeeAccount,
    Pool,
    PoolChange,
    Round,
    RoundAct,
    RoundEvent,
    Walk,
    round_id,
)
from chalicelib.policies.awards.payment_file import PaymentFile
from chalicelib.policies.awards.receipts import Receipts, Received
from chalicelib.policies.awards.repository import AwardRepository, Filed
from chalicelib.policies.awards.statistics import Statistics, Tally, statistics, tally
from chalicelib.policies.awards.steps import event_of, marked, moved, person, the_entry, the_round, written
from chalicelib.policies.model import Mode, Policy, State
from chalicelib.ports import Conflict, Store
from chalicelib.times import local_date

SYSTEM = "系统"


class AwardService:
    """Rounds on ``store``; ``policies`` gives the published ones of this moment, by id."""

    def __init__(self, store: Store, policies: Callable[[], Mapping[str, Policy]], *, demo: bool = False) -> None:
        self._rows = AwardRepository(store)
        self._policies = policies
        self._demo = demo
        self._bindings = BindingService(store)
        self._drawing = Drawing(self._rows, EnterpriseRepository(store))
        self._accounts = Accounts(self._rows)
        self._batches = Batches(self._rows)
        self._receipts = Receipts(self._rows)

    # -------------------------------------------------------------------------------------------------------- reading

    def rounds(self) -> Iterator[Round]:
        """All rounds, by id."""
        return self._rows.rounds()

    def round(self, id_: str) -> Round:
        """Raises AwardRefused when there is none."""
        return the_round(self._rows, id_).row

    def latest(self, policy_id: str, year: int) -> Round | None:
        """The newest round of a policy for a year."""
        filed = self._rows.latest(policy_id, year)
        return filed.row if filed else None

    def entry(self, id_: str, uscc: str) -> Entry:
        """Raises AwardRefused when the enterprise is not on the list."""
        return the_entry(self._rows, id_, uscc).row

    def entries(self, id_: str, after: str = "") -> Iterator[Entry]:
        """The list of a round, by credit code, page by page; ``after`` is the code to go on behind."""
        return (filed.row for filed in self._rows.entries(id_, after))

    def of_enterprise(self, uscc: str) -> list[tuple[Round, Entry]]:
        """The rounds an enterprise is in, for its own eyes once the list is public."""
        found = [(self.round(entry.round), entry) for entry in self._rows.of_enterprise(uscc)]
        return [(round_, entry) for round_, entry in found if round_life(round_).notice is not None]

    def tally(self, id_: str) -> Tally:
        return tally(self.entries(id_))

    def statistics(self, year: int | None = None) -> Statistics:
        """What arrived, in the rounds of one year or of all."""
        rounds = [each.id for each in self.rounds() if year in (None, each.year)]
        return statistics(entry for id_ in rounds for entry in self.entries(id_))

    # --------------------------------------------------------------------------------------------------------- listing

    def open(self, policy_id: str, year: int, by: str, now: datetime) -> Round:
        """Open the year's round of a policy and draw its list; one that is not finished is gone on with instead.

        The day asked about is today, or the last day of ``year`` where that is over. Raises BadInput, AwardRefused.
        """
        policy = self._payable_policy(policy_id)
        today = local_date(now)
        if year > today.year:
            raise BadInput(f"{year} 年还没有到，不能生成名单。")
        filed = self._rows.latest(policy_id, year)
        if filed is None or round_life(filed.row).closed is not None:
            number = int(filed.row.id.rpartition("-")[2]) + 1 if filed else 1
            filed = self._create(policy, number, min(today, date(year, 12, 31)), by, now)
        return self._drawn(filed, now).row

    def _payable_policy(self, policy_id: str) -> Policy:
        policy = self._policies().get(policy_id)
        if policy is None:
            raise BadInput(f"没有编号为 {policy_id} 的政策。请核对编号，或先用 content load 导入。")
        if policy.mode is not Mode.AUTO:
            raise AwardRefused(f"“{policy.short}”不是免申即享，不能生成兑现名单。")
        if policy.state is not State.PUBLISHED:
            raise AwardRefused(f"“{policy.short}”没有发布，不能生成兑现名单。")
        if not policy.may_be_pushed(demo=self._demo):
            raise AwardRefused(f"“{policy.short}”是示例或未核对的内容，只能在演示环境里兑现。请先核对来源。")
        return policy

    def _create(self, policy: Policy, number: int, on: date, by: str, now: datetime) -> Filed[Round]:
        row = Round(
            id=round_id(policy.id, on.year, number),
            policy=policy.id,
            version=policy.version,
            year=on.year,
            short=policy.short,
            dept=policy.dept,
            pool=policy.pool or policy.short,
            on=on,
            sample=policy.is_sample,
            walk=Walk(kind="draw"),
            events=(RoundEvent(act=RoundAct.OPENED, at=now, by=person(by)),),
        )
        try:
            self._rows.transact(self._rows.put_round(row, 0))
        except Conflict:
            return the_round(self._rows, row.id)  # somebody opened it this moment
        return Filed(row, 1)

    def _drawn(self, filed: Filed[Round], now: datetime) -> Filed[Round]:
        round_ = filed.row
        if round_life(round_).listed:
            return filed
        policies = self._policies()
        policy = policies.get(round_.policy)
        if policy is None or policy.version != round_.version:
            raise AwardRefused(
                f"批次 {round_.id} 按政策第 {round_.version} 版生成名单，现在已不是这一版。"
                "请结束这一批次（award close），再按现在的版本重新生成（award open）。"
            )
        certainty = Certainty(policies, policy, round_.on, demo=self._demo)
        return self._drawing.finish(filed, certainty, now)

    def confirm(self, id_: str, by: str, now: datetime) -> Round:
        """部门核定, by somebody else than who drew the list. Raises AwardRefused."""
        filed = self._real(id_)
        if round_life(filed.row).confirmed_by == by.strip():
            return filed.row
        return self._move(filed, RoundEvent(act=RoundAct.CONFIRMED, at=now, by=person(by)))

    # ---------------------------------------------------------------------------------------------------- public notice

    def publicise(self, id_: str, by: str, start: date, days: int, now: datetime) -> Round:
        """公示 from ``start`` for ``days`` calendar days, the first included. Raises AwardRefused."""
        filed = self._real(id_)
        notice = round_life(filed.row).notice
        if notice is not None and (notice.start, notice.days) == (start, days):
            return filed.row
        if start < local_date(now):
            raise AwardRefused(f"公示不能从过去的日子（{start}）开始。")
        return self._move(filed, RoundEvent(act=RoundAct.PUBLICISED, at=now, by=person(by), start=start, days=days))

    def object_to(self, id_: str, uscc: str, by: str, note: str, now: datetime) -> int:
        """Keep an objection to an entry; its number. The same words while still open are the same objection.

        Taken from the start of the notice until the entry is in a payment batch. Raises AwardRefused.
        """
        course = round_life(self.round(id_))
        if course.notice is None or local_date(now) < course.notice.start or course.closed is not None:
            raise AwardRefused(f"批次 {id_} 现在是“{course.stage(local_date(now))}”，公示开始后才能提异议。")
        filed = the_entry(self._rows, id_, uscc)
        life = entry_life(filed.row)
        raised = [event.note for event in filed.row.events if event.act is EntryAct.OBJECTED]
        for number in sorted(life.objections):
            if raised[number - 1] == note.strip():
                return number
        self._mark(filed, event_of(EntryAct.OBJECTED, by, now, note))
        return life.raised + 1

    def resolve(self, id_: str, uscc: str, number: int, by: str, upheld: bool, note: str, now: datetime) -> Entry:
        """异议处理: upheld takes the entry off the list, otherwise it goes on. Raises AwardRefused."""
        filed = the_entry(self._rows, id_, uscc)
        if number not in entry_life(filed.row).objections:
            raise AwardRefused(
                f"{filed.row.name}（批次 {id_}）：没有第 {number} 号未处理的异议。请用 award show 查看。"
            )
        act = EntryAct.WITHDRAWN if upheld else EntryAct.OVERRULED
        event = event_of(act, by, now, f"异议成立：{note.strip()}" if upheld and note.strip() else note)
        return self._mark(filed, event.model_copy(update={"objection": number}))

    def withdraw(self, id_: str, uscc: str, by: str, note: str, now: datetime) -> Entry:
        """Take an entry off the list before it is paid, with the reason. Raises AwardRefused."""
        filed = the_entry(self._rows, id_, uscc)
        if entry_life(filed.row).withdrawn is not None:
            return filed.row
        return self._mark(filed, event_of(EntryAct.WITHDRAWN, by, now, note))

    # -------------------------------------------------------------------------------------------------------- accounts

    def confirm_account(self, openid: str, id_: str, uscc: str, payee: PayeeAccount, now: datetime) -> Entry:
        """账户确认 by a member of the enterprise, 法人 or 财务. Raises AwardRefused.

        AccountRefused for an account that money may not go to; that is then kept as the entry's problem.
        """
        acting = self._bindings.acting(openid, uscc, Right.DO_NAME_ACCOUNTS)
        if acting is None:
            raise AwardRefused("只有本企业的法人或财务能确认收款账户。请由他们操作，或拨 12345。")
        by = f"{acting.binding.role} {masking.openid(openid)}"
        return self._accounts.record(id_, uscc, payee, by, now, acting.still)

    def takes_accounts(self, round_: Round, on: date) -> bool:
        """Whether accounts may be named on a day: from the start of the public notice to the end of the round."""
        return round_life(round_).stage(on) in TAKING_ACCOUNTS

    def record_account(self, id_: str, uscc: str, payee: PayeeAccount, by: str, now: datetime) -> Entry:
        """The same by an officer who holds the enterprise's papers."""
        return self._accounts.record(id_, uscc, payee, by, now)

    def take_accounts(self, id_: str, data: bytes, by: str, now: datetime) -> Taken:
        """Take in a file of accounts. Raises BadInput naming lines, AwardRefused."""
        return self._accounts.take_in(id_, data, by, now)

    # --------------------------------------------------------------------------------------------------------- payment

    def set_pool(self, name: str, year: int, total: int, by: str, note: str, now: datetime) -> Pool:
        """Say how much (分) the pool of a year holds in all. Raises AwardRefused below what is promised and paid."""
        filed = self._rows.pool(name, year)
        if filed.version and filed.row.total == total:
            return filed.row
        if total < filed.row.committed + filed.row.paid:
            raise AwardRefused(f"资金池“{name}”{year} 年已承诺和支付的超过这个数，不能改小。")
        change = PoolChange(at=now, by=person(by), total=total, note=note.strip())
        row = filed.row.model_copy(update={"total": total, "changes": (*filed.row.changes, change)})
        written(self._rows, f"资金池 {name}", self._rows.put_pool(row, filed.version))
        return row

    def pool(self, name: str, year: int) -> Pool:
        return self._rows.pool(name, year).row

    def pools(self) -> Iterator[Pool]:
        return self._rows.pools()

    def dry_pools(self, on: date) -> frozenset[str]:
        """Pools of the year that are registered and have nothing left to promise."""
        return self._rows.dry_pools(on)

    def prepare(self, id_: str, by: str, now: datetime) -> Batch:
        """编制支付批次 of all payable entries, promised out of the pool. Raises AwardRefused."""
        self._real(id_)
        return self._batches.prepare(id_, by, now)

    def dissolve(self, id_: str, by: str, note: str, now: datetime) -> Batch:
        """Give a batch up that is not approved yet. Raises AwardRefused."""
        return self._batches.dissolve(id_, by, note, now)

    def pay(self, id_: str, by: str, now: datetime) -> PaymentFile:
        """Approve the batch that waits, by somebody else than who prepared it; without one, the newest approved file
        once more. Raises AwardRefused."""
        if round_life(self._real(id_).row).open_batch is None:
            return self._batches.file(id_)
        return self._batches.approve(id_, by, now)

    def payment_file(self, id_: str, batch: int | None = None) -> PaymentFile:
        """The file of an approved batch (None: the newest). Raises AwardRefused."""
        return self._batches.file(id_, batch)

    def take_receipts(self, id_: str, data: bytes, by: str, now: datetime) -> Received:
        """Take in a file of receipts. Raises BadInput naming lines, AwardRefused."""
        return self._receipts.take_in(id_, data, by, now)

    # ----------------------------------------------------------------------------------------------------------- ending

    def close(self, id_: str, by: str, note: str, now: datetime) -> Round:
        """End a round for good, whatever is not paid then. Raises AwardRefused while a payment is under way."""
        filed = the_round(self._rows, id_)
        if round_life(filed.row).closed is not None:
            return filed.row
        paying = self.tally(id_).count.get(EntryState.PAYING, 0)
        if paying:
            raise AwardRefused(f"批次 {id_} 还有 {paying} 笔支付没有回执，先导入回执（award receipts）。")
        return self._move(filed, RoundEvent(act=RoundAct.CLOSED, at=now, by=person(by), note=note.strip()))

    def may_advance(self, round_: Round, counted: Tally, on: date) -> str | None:
        """What of a round nobody has to decide about (Chinese), None when there is nothing."""
        course = round_life(round_)
        if round_.walk is not None and course.closed is None:
            return {"draw": "接着生成名单", "batch": "接着编制支付批次", "dissolve": "接着退回支付批次"}[
                round_.walk.kind
            ]
        done = course.stage(on) is Stage.PAYABLE and counted.is_final
        return "全部办完，结束批次" if done else None

    def advance(self, id_: str, now: datetime) -> bool:
        """Do what ``may_advance`` says; False when there was nothing. Raises AwardRefused."""
        filed = the_round(self._rows, id_)
        if self.may_advance(filed.row, self.tally(id_), local_date(now)) is None:
            return False
        if filed.row.walk is None:
            self.close(id_, SYSTEM, "全部办完", now)
        elif filed.row.walk.kind == "draw":
            self._drawn(filed, now)
        else:
            self._batches.finish(filed, now)
        return True

    def _real(self, id_: str) -> Filed[Round]:
        """The round, which is not of sample content outside a demo, whenever it was opened. Raises AwardRefused."""
        filed = the_round(self._rows, id_)
        if filed.row.sample and not self._demo:
            raise AwardRefused(
                f"批次 {id_} 是示例或未核对的内容，只能在演示环境里兑现。请结束这一批次（award close）。"
            )
        return filed

    def _move(self, filed: Filed[Round], event: RoundEvent) -> Round:
        row = moved(filed.row, event)
        written(self._rows, row.id, self._rows.put_round(row, filed.version))
        return row

    def _mark(self, filed: Filed[Entry], event: EntryEvent) -> Entry:
        row = marked(filed.row, event)
        written(self._rows, row.round, self._rows.put_entry(row, filed.version))
        return row
