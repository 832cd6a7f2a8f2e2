"""A round from the list to the end, step by step, with everything that may not happen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.enterprises import handover
from chalicelib.enterprises.roles import Role
from chalicelib.errors import BadInput
from chalicelib.policies.awards.life import EntryState, Stage, entry_life
from chalicelib.policies.awards.model import AccountRefused, AwardRefused, EntryAct, entry_id
from chalicelib.policies.awards.progress import next_step, progress_lines
from chalicelib.policies.awards.service import AwardService
from chalicelib.policies.awards.statistics import Paid
from chalicelib.ports import Write
from tests.unit.notices.support import DyingStore, Killed
from tests.unit.policies.awards.support import (
    ANN,
    BOB,
    NOW,
    POOL,
    TODAY,
    County,
    account,
    enterprise,
    fact,
    policy,
)

ONE, TWO, THREE = (enterprise(number) for number in (1, 2, 3))
AMOUNT = 2_341_859


def test_from_list_to_money() -> None:
    gone = enterprise(3, reg_status="注销")
    county = County(ONE, TWO, gone)
    round_ = county.payable(gone)
    assert round_.events[1].note == "未列入：企业已注销 1 家"
    batch = county.awards.prepare(round_.id, ANN, county.now)
    assert (batch.number, batch.count, batch.total) == (1, 2, 2 * AMOUNT)
    assert county.awards.pool(POOL, 2026).committed == 2 * AMOUNT
    file = county.awards.pay(round_.id, BOB, county.now)
    assert (file.name, file.count, file.total) == ("P90-2026-1-01.csv", 2, 2 * AMOUNT)
    received = county.awards.take_receipts(round_.id, county.receipts(round_.id), ANN, county.now)
    assert (received.paid, received.returned, received.already) == (2, 0, 0)
    pool = county.awards.pool(POOL, 2026)
    assert (pool.committed, pool.paid) == (0, 2 * AMOUNT)
    assert county.awards.statistics().all == Paid(2 * AMOUNT, 2, 2)
    assert county.awards.advance(round_.id, county.now)
    assert county.course(round_.id).stage(TODAY) is Stage.CLOSED
    assert not county.awards.advance(round_.id, county.now)


def test_everything_again_changes_nothing() -> None:
    county = County(ONE, TWO)
    id_ = county.payable().id
    before = county.awards.round(id_), list(county.awards.entries(id_))
    county.awards.open("P90", 2026, BOB, county.now)
    county.awards.confirm(id_, BOB, county.now)
    county.awards.publicise(id_, ANN, TODAY, 5, county.now)
    county.awards.record_account(id_, ONE.uscc, account(ONE), ANN, county.now)
    county.awards.set_pool(POOL, 2026, 100_000_000, ANN, "", county.now)
    assert (county.awards.round(id_), list(county.awards.entries(id_))) == before
    first = county.awards.prepare(id_, ANN, county.now)
    assert county.awards.prepare(id_, BOB, county.now) == first
    assert county.awards.pool(POOL, 2026).committed == 2 * AMOUNT
    files = [county.awards.pay(id_, BOB, county.now), county.awards.pay(id_, ANN, county.now)]
    assert files[0] == files[1] == county.awards.payment_file(id_, 1)
    county.awards.take_receipts(id_, county.receipts(id_), ANN, county.now)
    again = county.awards.take_receipts(id_, county.receipts(id_), ANN, county.now)
    assert (again.paid, again.already) == (0, 2)
    assert county.awards.pool(POOL, 2026).paid == 2 * AMOUNT


def test_ids_are_the_same_wherever_they_are_made() -> None:
    county = County(ONE)
    county.listed()
    found = county.awards.entry("P90-2026-1", ONE.uscc)
    assert found.id == entry_id("P90", 1, "P90-2026-1", ONE.uscc)
    assert len({entry_id("P90", 1, "P90-2026-1", f"{n}") for n in range(1000)}) == 1000


# ------------------------------------------------------------------------------------------------------- two people


def test_who_lists_does_not_confirm_and_who_prepares_does_not_approve() -> None:
    county = County(ONE)
    id_ = county.listed().id
    with pytest.raises(AwardRefused, match="另一个人核定"):
        county.awards.confirm(id_, " Ａnn ", county.now)
    with pytest.raises(AwardRefused, match="经办人"):
        county.awards.confirm(id_, "  ", county.now)
    county = County(ONE)
    id_ = county.payable().id
    county.awards.prepare(id_, ANN, county.now)
    with pytest.raises(AwardRefused, match="另一个人批准"):
        county.awards.pay(id_, "ANN", county.now)
    with pytest.raises(AwardRefused, match="没有已批准的支付批次"):
        county.awards.payment_file(id_)


def test_steps_come_in_their_order() -> None:
    county = County(ONE)
    id_ = county.listed().id
    with pytest.raises(AwardRefused, match="还没有经部门核定"):
        county.awards.publicise(id_, ANN, TODAY, 5, county.now)
    with pytest.raises(AwardRefused, match="公示开始后"):
        county.awards.record_account(id_, ONE.uscc, account(ONE), ANN, county.now)
    with pytest.raises(AwardRefused, match="公示开始后"):
        county.awards.object_to(id_, ONE.uscc, ANN, "有误", county.now)
    county.awards.confirm(id_, BOB, county.now)
    with pytest.raises(AwardRefused, match="过去的日子"):
        county.awards.publicise(id_, ANN, TODAY - timedelta(days=1), 5, county.now)
    with pytest.raises(AwardRefused, match="1 到 60"):
        county.awards.publicise(id_, ANN, TODAY, 0, county.now)
    county.awards.publicise(id_, ANN, TODAY, 5, county.now)
    county.awards.record_account(id_, ONE.uscc, account(ONE), ANN, county.now)
    county.days_later(4)  # the fifth and last day
    with pytest.raises(AwardRefused, match="公示中"):
        county.awards.prepare(id_, ANN, county.now)
    county.days_later(1)
    with pytest.raises(AwardRefused, match="还差"):
        county.awards.prepare(id_, ANN, county.now)


def test_what_cannot_be_opened() -> None:
    county = County(ONE)
    with pytest.raises(BadInput, match="P77"):
        county.awards.open("P77", 2026, ANN, county.now)
    with pytest.raises(BadInput, match="2027"):
        county.awards.open("P90", 2027, ANN, county.now)
    with pytest.raises(AwardRefused, match="示例"):
        County(ONE, rule=policy(prov=["R"])).listed()
    with pytest.raises(AwardRefused, match="不是免申即享"):
        County(ONE, rule=policy(mode="APPLY")).listed()
    with pytest.raises(AwardRefused, match="没有发布"):
        County(ONE, rule=policy(state="suspended")).listed()
    assert County(ONE, rule=policy(prov=["R"]), demo=True).listed().sample


def test_a_year_that_is_over_is_asked_about_on_its_last_day() -> None:
    county = County(enterprise(1, facts={"unemp_months_paid": fact(24, as_of="2024-12-31")}))
    assert county.awards.open("P90", 2025, ANN, county.now).on.isoformat() == "2025-12-31"
    assert len(list(county.awards.entries("P90-2025-1"))) == 1
    assert len(list(county.awards.entries(county.listed().id))) == 0  # too old for 2026


# ------------------------------------------------------------------------------------------------------- objections


def test_an_objection_holds_its_entry_until_it_is_resolved() -> None:
    county = County(ONE, TWO)
    id_ = county.public().id
    number = county.awards.object_to(id_, ONE.uscc, "某企业", "未足额缴费", county.now)
    assert county.awards.object_to(id_, ONE.uscc, "某企业", "未足额缴费", county.now) == number == 1
    for firm in (ONE, TWO):
        county.awards.record_account(id_, firm.uscc, account(firm), ANN, county.now)
    county.days_later(5)
    county.awards.set_pool(POOL, 2026, 100_000_000, ANN, "", county.now)
    assert county.awards.prepare(id_, ANN, county.now).count == 1
    assert county.state(id_, ONE) is EntryState.READY
    with pytest.raises(AwardRefused, match="没有第 2 号"):
        county.awards.resolve(id_, ONE.uscc, 2, BOB, False, "已核", county.now)
    with pytest.raises(AwardRefused, match="理由"):
        county.awards.resolve(id_, ONE.uscc, 1, BOB, False, " ", county.now)
    county.awards.resolve(id_, ONE.uscc, 1, BOB, False, "缴费记录齐全", county.now)
    county.awards.pay(id_, BOB, county.now)
    assert county.awards.prepare(id_, ANN, county.now).count == 1


def test_an_objection_that_is_right_takes_the_entry_off() -> None:
    county = County(ONE)
    id_ = county.public().id
    county.awards.object_to(id_, ONE.uscc, "某企业", "未足额缴费", county.now)
    entry = county.awards.resolve(id_, ONE.uscc, 1, BOB, True, "欠缴三个月", county.now)
    assert county.state(id_, ONE) is EntryState.WITHDRAWN
    assert progress_lines(county.awards.round(id_), entry, TODAY)[-1] == "× 已撤出名单：异议成立：欠缴三个月"


def test_withdrawn_before_payment_with_a_reason_and_never_after() -> None:
    county = County(ONE, TWO)
    id_ = county.payable().id
    with pytest.raises(AwardRefused, match="理由"):
        county.awards.withdraw(id_, ONE.uscc, ANN, "", county.now)
    county.awards.withdraw(id_, ONE.uscc, ANN, "企业放弃", county.now)
    assert county.awards.withdraw(id_, ONE.uscc, ANN, "企业放弃", county.now).events[-1].note == "企业放弃"
    county.awards.prepare(id_, ANN, county.now)
    with pytest.raises(AwardRefused, match="先退回该批次"):
        county.awards.withdraw(id_, TWO.uscc, ANN, "企业放弃", county.now)
    county.awards.pay(id_, BOB, county.now)
    county.awards.take_receipts(id_, county.receipts(id_), ANN, county.now)
    with pytest.raises(AwardRefused, match="已经到账"):
        county.awards.withdraw(id_, TWO.uscc, ANN, "企业放弃", county.now)
    with pytest.raises(AwardRefused, match="名单里没有"):
        county.awards.withdraw(id_, THREE.uscc, ANN, "企业放弃", county.now)


# --------------------------------------------------------------------------------------------------------- accounts


def test_the_account_must_be_in_the_name_of_the_enterprise() -> None:
    """Trap 29."""
    county = County(ONE)
    id_ = county.public().id
    county.member("o-boss", ONE, Role.LEGAL)
    with pytest.raises(AccountRefused, match="户名“张三”与企业名称“芦溪第1电瓷有限公司”不一致"):
        county.awards.confirm_account("o-boss", id_, ONE.uscc, account(ONE, name="张三"), county.now)
    assert county.state(id_, ONE) is EntryState.BLOCKED
    wider = account(ONE, name=" 芦溪第１电瓷 有限公司 ")
    county.awards.confirm_account("o-boss", id_, ONE.uscc, wider, county.now)
    assert county.state(id_, ONE) is EntryState.READY
    with pytest.raises(AccountRefused):
        county.awards.confirm_account("o-boss", id_, ONE.uscc, account(ONE, name="张三"), county.now)
    assert county.state(id_, ONE) is EntryState.READY  # the good account stands


def test_only_who_may_speak_for_the_money() -> None:
    county = County(ONE, TWO)
    id_ = county.public().id
    county.member("o-tax", ONE, Role.TAX)
    county.member("o-other", TWO, Role.FINANCE)
    for openid in ("o-tax", "o-other", "o-nobody"):
        with pytest.raises(AwardRefused, match="法人或财务"):
            county.awards.confirm_account(openid, id_, ONE.uscc, account(ONE), county.now)
    county.member("o-money", ONE, Role.FINANCE)
    entry = county.awards.confirm_account("o-money", id_, ONE.uscc, account(ONE), county.now)
    assert "o-money" not in entry.model_dump_json()
    assert entry.events[-1].note == "***************0128"


def test_who_is_suspended_in_that_very_moment_names_no_account() -> None:
    class Interrupted(MemoryStore):
        meanwhile: Callable[[], object] | None = None

        def transact(self, writes: Sequence[Write]) -> None:
            happens, self.meanwhile = self.meanwhile, None
            if happens:
                happens()
            super().transact(writes)

    store = Interrupted(FixedClock(NOW))
    county = County(ONE, store=store)
    id_ = county.public().id
    county.member("o-boss", ONE, Role.LEGAL)
    store.meanwhile = lambda: handover.suspend(store, ONE.uscc, county.now)
    for said in ("再", "法人或财务"):
        with pytest.raises(AwardRefused, match=said):
            county.awards.confirm_account("o-boss", id_, ONE.uscc, account(ONE), county.now)
    assert entry_life(county.awards.entry(id_, ONE.uscc)).payee is None


def test_the_account_number_stays_out_of_sight() -> None:
    payee = account(ONE)
    assert "6222021234567890128" not in repr(payee) + str(payee)
    county = County(ONE)
    entry = county.awards.entry(county.payable().id, ONE.uscc)
    shown = [*progress_lines(county.awards.round(entry.round), entry, TODAY), repr(entry)]
    assert not any("6222021234567890128" in text for text in shown)
    assert any("***************0128" in text for text in shown)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "=cmd()"},
        {"bank": "@evil"},
        {"name": "a\nb"},
        {"number": "12345"},
        {"number": "6222-abcd-0000-1111"},
        {"bank": ""},
    ],
)
def test_accounts_that_no_file_may_hold(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        account(ONE, **wrong)


def test_numbers_as_people_write_them() -> None:
    assert account(ONE, number="６222 0212-3456 7890 128").number == "6222021234567890128"


# ---------------------------------------------------------------------------------------------------------- payment


def test_an_empty_pool_makes_all_wait_and_promises_nothing() -> None:
    county = County(ONE, TWO)
    id_ = county.payable(pool=AMOUNT).id
    for _ in range(2):
        with pytest.raises(AwardRefused, match=r"还差 23,418\.59 元"):
            county.awards.prepare(id_, ANN, county.now)
    assert [event.act for event in county.awards.round(id_).events].count("资金池不足") == 1
    assert county.awards.pool(POOL, 2026).committed == 0
    assert county.state(id_, ONE) is EntryState.READY
    later = county.now.date()
    assert "等待资金" in next_step(county.course(id_), county.awards.tally(id_), later)
    county.awards.set_pool(POOL, 2026, 2 * AMOUNT, ANN, "追加", county.now)
    assert county.awards.prepare(id_, ANN, county.now).count == 2
    with pytest.raises(AwardRefused, match="不能改小"):
        county.awards.set_pool(POOL, 2026, AMOUNT, ANN, "", county.now)


def test_a_firm_that_is_gone_or_renamed_on_the_day_of_payment() -> None:
    """Trap 30; and the account is compared with today's name."""
    county = County(ONE, TWO, THREE)
    id_ = county.payable().id
    county.enterprises.save(ONE.model_copy(update={"reg_status": "注销"}), county.now)
    county.enterprises.save(TWO.model_copy(update={"name": "新名称有限公司"}), county.now)
    assert county.awards.prepare(id_, ANN, county.now).count == 1
    assert county.state(id_, ONE) is EntryState.WITHDRAWN
    assert county.state(id_, TWO) is EntryState.BLOCKED
    assert county.awards.pool(POOL, 2026).committed == AMOUNT  # what was promised to the others is free again
    county.enterprises.save(THREE.model_copy(update={"reg_status": "注销"}), county.now)
    with pytest.raises(AwardRefused, match="1 家企业已注销（芦溪第3电瓷有限公司）"):
        county.awards.pay(id_, BOB, county.now)
    county.awards.dissolve(id_, BOB, "有企业注销", county.now)
    assert county.awards.pool(POOL, 2026).committed == 0
    batch = county.awards.prepare(id_, ANN, county.now)
    assert batch.dissolved and batch.number == 2  # nothing was left to pay
    assert county.awards.pool(POOL, 2026).committed == 0


def test_a_batch_that_is_given_up_can_be_made_again() -> None:
    county = County(ONE, TWO)
    id_ = county.payable().id
    county.awards.prepare(id_, ANN, county.now)
    with pytest.raises(AwardRefused, match="理由"):
        county.awards.dissolve(id_, BOB, " ", county.now)
    assert county.awards.dissolve(id_, BOB, "账户要再核", county.now).dissolved
    assert county.awards.pool(POOL, 2026).committed == 0
    batch = county.awards.prepare(id_, ANN, county.now)
    assert (batch.number, batch.count) == (2, 2)
    file = county.awards.pay(id_, BOB, county.now)
    assert file.name == "P90-2026-1-02.csv"
    with pytest.raises(AwardRefused, match="已批准的不能退回"):
        county.awards.dissolve(id_, BOB, "后悔", county.now)


def test_money_that_came_back_goes_out_again_to_the_right_account() -> None:
    county = County(ONE, TWO)
    id_ = county.payable().id
    county.awards.prepare(id_, ANN, county.now)
    first = county.awards.pay(id_, BOB, county.now)
    county.awards.take_receipts(id_, county.receipts(id_, "退回", "账号有误"), ANN, county.now)
    pool = county.awards.pool(POOL, 2026)
    assert (pool.committed, pool.paid) == (0, 0)
    entry = county.awards.entry(id_, ONE.uscc)
    assert progress_lines(county.awards.round(id_), entry, TODAY)[-1] == "× 银行退回：账号有误"
    county.awards.record_account(id_, ONE.uscc, account(ONE, number="88888888"), ANN, county.now)
    assert county.awards.prepare(id_, ANN, county.now).count == 1
    second = county.awards.pay(id_, BOB, county.now)
    assert "88888888" in second.data.decode("utf-8-sig")
    assert county.awards.payment_file(id_, 1) == first  # still what went out then
    county.awards.take_receipts(id_, county.receipts(id_), ANN, county.now)
    county.awards.take_receipts(id_, county.receipts(id_, "退回", "账户冻结"), ANN, county.now)  # 退汇 after success
    assert county.awards.pool(POOL, 2026).paid == 0
    assert county.state(id_, ONE) is EntryState.BLOCKED
    assert county.awards.statistics().all == Paid()


def test_nobody_is_paid_twice_for_a_year() -> None:
    county = County(ONE, TWO)
    id_ = county.payable(TWO).id
    county.awards.prepare(id_, ANN, county.now)
    county.awards.pay(id_, BOB, county.now)
    with pytest.raises(AwardRefused, match="1 笔支付没有回执"):
        county.awards.close(id_, ANN, "年底", county.now)
    county.awards.take_receipts(id_, county.receipts(id_), ANN, county.now)
    county.awards.close(id_, ANN, "年底", county.now)
    second = county.listed()
    assert second.id == "P90-2026-2"
    assert [entry.uscc for entry in county.awards.entries(second.id)] == [TWO.uscc]
    assert "本年度已兑现" in second.events[-1].note
    county.awards.close(second.id, ANN, "测试", county.now)
    county.policies["P90"] = policy(version=2)
    assert [entry.uscc for entry in county.awards.entries(county.listed().id)] == [TWO.uscc]  # nor by a new version


def test_what_the_enterprise_sees_on_the_way() -> None:
    county = County(ONE)
    id_ = county.listed().id
    assert county.awards.of_enterprise(ONE.uscc) == []  # not before it is public

    def lines() -> tuple[str, ...]:
        [(round_, entry)] = county.awards.of_enterprise(ONE.uscc)
        return progress_lines(round_, entry, (county.now + timedelta(hours=8)).date())

    county.awards.confirm(id_, BOB, county.now)
    county.awards.publicise(id_, ANN, TODAY, 5, county.now)
    later = ("○ 财政下达支付令", "○ 银行支付", "○ 到账")
    assert lines() == ("✓ 审核 11月23日", "→ 公示 11月23日至11月27日", *later, "→ 请核对收款账户")
    county.awards.record_account(id_, ONE.uscc, account(ONE), ANN, county.now)
    county.days_later(5)
    county.awards.set_pool(POOL, 2026, AMOUNT, ANN, "", county.now)
    county.awards.prepare(id_, ANN, county.now)
    county.awards.pay(id_, BOB, county.now)
    assert lines()[1:4] == ("✓ 公示 11月23日至11月27日", "✓ 财政下达支付令 11月28日", "→ 银行支付，一般 1 个工作日")
    county.awards.take_receipts(id_, county.receipts(id_), ANN, county.now)
    assert lines()[3:] == ("✓ 银行支付", "✓ 到账 11月30日")


def test_the_log_tells_who_when_and_what() -> None:
    county = County(ONE)
    id_ = county.payable().id
    log = [(str(event.act), event.by) for event in county.awards.round(id_).events]
    assert log == [("开始生成名单", ANN), ("名单已生成", ANN), ("部门核定", BOB), ("开始公示", ANN)]
    assert [event.act for event in county.awards.entry(id_, ONE.uscc).events] == [
        EntryAct.LISTED,
        EntryAct.ACCOUNT_CONFIRMED,
    ]
    assert {event.at for event in county.awards.round(id_).events} == {NOW}


def test_a_policy_that_changed_half_way_is_not_mixed() -> None:
    memory = County(ONE).store
    dying = DyingStore(memory)
    county = County(ONE, store=dying)
    dying.left = 2
    with pytest.raises(Killed):
        county.listed()
    county.policies["P90"] = policy(version=2)
    with pytest.raises(AwardRefused, match="按政策第 1 版"):
        county.listed()
    county.policies["P90"] = policy()
    assert county.awards.advance("P90-2026-1", county.now)
    assert county.course("P90-2026-1").count == 1


def test_a_list_that_can_no_longer_be_drawn_is_closed_and_the_year_goes_on() -> None:
    """A rule that changed for good while its list was drawn must not hold up the year's round."""
    memory = County(ONE).store
    dying = DyingStore(memory)
    county = County(ONE, store=dying)
    dying.left = 2
    with pytest.raises(Killed):
        county.listed()
    county.policies["P90"] = policy(version=2)
    with pytest.raises(AwardRefused, match="award close"):
        county.listed()
    county.awards.close("P90-2026-1", ANN, "政策有新版本", county.now)
    assert not county.awards.advance("P90-2026-1", county.now)
    round_ = county.listed()
    assert (round_.id, round_.version, county.course(round_.id).count) == ("P90-2026-2", 2, 1)
    assert county.awards.of_enterprise(ONE.uscc) == []


def test_what_a_demo_opened_is_not_paid_outside_one() -> None:
    county = County(ONE, rule=policy(prov=["R"]), demo=True)
    id_ = county.payable().id
    serving = AwardService(county.store, lambda: county.policies)
    for step in (
        lambda: serving.confirm(id_, BOB, county.now),
        lambda: serving.publicise(id_, ANN, TODAY, 5, county.now),
        lambda: serving.prepare(id_, ANN, county.now),
        lambda: serving.pay(id_, BOB, county.now),
    ):
        with pytest.raises(AwardRefused, match="只能在演示环境里兑现"):
            step()
    serving.close(id_, ANN, "演示结束", county.now)
