"""融资需求: nothing is shown to a bank before the enterprise agreed to that bank, and no bank sees another's offer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.finance.demands import Answer, Demand, DemandError, DemandService, DemandState, DemandUnknown

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
E01, E02 = "91360323MAXX00015C", "91360323MAXX000237"
A, B, C = "甲银行", "乙银行", "丙银行"


@pytest.fixture
def service() -> DemandService:
    return DemandService(MemoryStore(FixedClock(NOW)))


def demand(service: DemandService) -> Demand:
    return service.register("o-1", E01, 300_000_000, 12, "买原材料", NOW)


def offer(bank: str, rate: str = "3.45", **more: object) -> Answer:
    return Answer(bank=bank, at=NOW, amount=300_000_000, rate_percent=Decimal(rate), months=12, **more)  # type: ignore[arg-type]


def listed(service: DemandService, *banks: str) -> Demand:
    held = demand(service)
    service.propose(held.id, banks, "op")
    return service.agree(held.id, E01, banks, NOW)


def test_from_the_need_to_the_choice(service: DemandService) -> None:
    held = listed(service, A, B)
    assert (held.state, held.reply_by) == (DemandState.LISTED, date(2026, 12, 23))
    service.answer(held.id, offer(A, "3.85"))
    service.answer(held.id, offer(B, "3.45"))
    assert [each.bank for each in service.get(held.id).offers] == [B, A]
    chosen = service.choose(held.id, E01, B)
    assert (chosen.state, chosen.chosen, service.listed()) == (DemandState.CLOSED, B, [])
    assert service.choose(held.id, E01, B) == chosen
    with pytest.raises(DemandError, match="结束"):
        service.answer(held.id, offer(A, "2.85"))


def test_the_same_message_makes_one_demand(service: DemandService) -> None:
    assert demand(service) == demand(service)
    assert len(service.of_enterprise(E01)) == 1
    assert service.register("o-1", E01, 300_000_000, 12, "买原材料", NOW + timedelta(seconds=1)).id.endswith("-02")


def test_a_bank_sees_nothing_before_the_enterprise_agreed_and_never_anothers_offer(service: DemandService) -> None:
    held = demand(service)
    service.propose(held.id, (A, B), "op")
    assert service.for_bank(A) == []
    with pytest.raises(DemandUnknown):
        service.answer(held.id, offer(A))
    service.agree(held.id, E01, (A, B), NOW)
    service.answer(held.id, offer(B))
    (view,) = service.for_bank(A)
    assert view.own is None and B not in view.model_dump_json()
    assert service.for_bank(C) == []
    with pytest.raises(DemandUnknown) as not_asked:
        service.answer(held.id, offer(C))
    with pytest.raises(DemandUnknown) as not_there:
        service.answer("F-20261123-99", offer(C))
    assert str(not_asked.value).replace(held.id, "") == str(not_there.value).replace("F-20261123-99", "")


def test_consent_is_to_the_list_that_was_shown(service: DemandService) -> None:
    held = demand(service)
    service.propose(held.id, (A,), "op")
    service.propose(held.id, (A, B), "op")
    with pytest.raises(DemandError, match="变化"):
        service.agree(held.id, E01, (A,), NOW)
    assert service.get(held.id).agreed_at is None
    agreed = service.agree(held.id, E01, (A, B), NOW)
    assert service.agree(held.id, E01, (A, B), NOW + timedelta(days=1)) == agreed
    with pytest.raises(DemandError, match="不能再改"):
        service.propose(held.id, (C,), "op")


def test_somebody_elses_demand_is_not_there(service: DemandService) -> None:
    held = demand(service)
    service.propose(held.id, (A,), "op")
    for act in (
        lambda: service.agree(held.id, E02, (A,), NOW),
        lambda: service.choose(held.id, E02, A),
        lambda: service.withdraw(held.id, E02),
    ):
        with pytest.raises(DemandUnknown):
            act()
    assert service.of_enterprise(E02) == []


def test_silence_past_the_last_day_is_seen(service: DemandService) -> None:
    held = listed(service, A, B)
    service.answer(held.id, Answer(bank=A, at=NOW, declined="负债率"))
    assert service.get(held.id).silent(date(2026, 12, 23)) == ()
    assert service.get(held.id).silent(date(2026, 12, 24)) == (B,)


def test_what_is_no_demand_or_no_offer_is_refused(service: DemandService) -> None:
    for amount, months, purpose in ((0, 12, "买料"), (1, 0, "买料"), (1, 361, "买料"), (1, 12, "料")):
        with pytest.raises(DemandError, match="用途"):
            service.register("o-1", E01, amount, months, purpose, NOW)
    held = listed(service, A)
    with pytest.raises(DemandError, match="利率"):
        service.answer(held.id, Answer(bank=A, at=NOW, amount=5))
    with pytest.raises(DemandError, match="没有给出方案"):
        service.choose(held.id, E01, A)
    for banks in ((), (A, A), tuple(f"银行{n}" for n in range(7))):
        with pytest.raises(DemandError, match="1 到 6"):
            service.propose(held.id, banks, "op")


def test_a_number_in_the_purpose_is_not_kept(service: DemandService) -> None:
    held = service.register("o-1", E01, 100, 12, "联系13800138000", NOW)
    assert "13800138000" not in held.model_dump_json()


@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.integers(1, 9)), max_size=8))
def test_each_bank_has_one_answer_its_last(answers: list[tuple[str, int]]) -> None:
    service = DemandService(MemoryStore(FixedClock(NOW)))
    held = listed(service, A, B, C)
    for bank, rate in answers:
        service.answer(held.id, offer(bank, f"{rate}"))
    kept = {answer.bank: answer.rate_percent for answer in service.get(held.id).answers}
    assert kept == {bank: Decimal(rate) for bank, rate in answers}
