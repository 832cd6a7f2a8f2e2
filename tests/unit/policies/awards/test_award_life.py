"""The folds under any order of events: nobody is in two states, nothing is paid twice, one person never does it all."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.people import same_person
from chalicelib.policies.awards.life import (
    EntryLife,
    EntryState,
    RoundLife,
    Stage,
    entry_life,
    entry_refusal,
    entry_step,
    round_life,
    round_refusal,
    round_step,
)
from chalicelib.policies.awards.model import (
    Entry,
    EntryAct,
    EntryEvent,
    PayeeAccount,
    Pool,
    Round,
    RoundAct,
    RoundEvent,
)
from chalicelib.policies.awards.statistics import statistics, tally

AT = datetime(2026, 11, 23, tzinfo=UTC)
PAYEES = [PayeeAccount(name="甲公司", bank="示例银行", number=f"1234567{n}") for n in (1, 2)]
NOTES = st.sampled_from(["", "理由"])
SMALL = st.integers(1, 3)

entry_events = st.builds(
    EntryEvent,
    act=st.sampled_from(EntryAct),
    at=st.just(AT),
    by=st.just("ann"),
    note=NOTES,
    payee=st.none() | st.sampled_from(PAYEES),
    batch=st.none() | SMALL,
    objection=st.none() | SMALL,
    on=st.none() | st.just(date(2026, 11, 30)),
)
_whole = st.builds(
    RoundEvent,
    act=st.sampled_from(RoundAct),
    at=st.just(AT),
    by=st.sampled_from(["ann", "ANN ", "bob"]),
    note=st.just("理由"),
    start=st.just(date(2026, 11, 23)),
    days=st.just(5),
    batch=SMALL,
    count=st.just(2),
    total=st.just(2),
    digest=st.just("d"),
)
_gaps = st.fixed_dictionaries({}, optional=dict.fromkeys(["start", "days", "batch", "count", "digest"], st.none()))
round_events = _whole | st.builds(lambda event, gaps: event.model_copy(update=gaps), _whole, _gaps)
"""Half of them with all that any act could ask for, so that many get through."""


def entry_of(events: list[EntryEvent], number: int = 1, policy: str = "P90", amount: int = 100) -> Entry:
    listed = EntryEvent(act=EntryAct.LISTED, at=AT, by="ann")
    return Entry(
        id=f"{policy}-{number}",
        round=f"{policy}-2026-1",
        policy=policy,
        version=1,
        year=2026,
        uscc=str(number),
        name="甲公司",
        amount=amount,
        calculation="",
        events=(listed, *events),
    )


def round_of(events: list[RoundEvent]) -> Round:
    opened = RoundEvent(act=RoundAct.OPENED, at=AT, by="ann")
    return Round(
        id="P90-2026-1",
        policy="P90",
        version=1,
        year=2026,
        short="测试",
        dept="县人社局",
        pool="池",
        on=date(2026, 11, 23),
        events=(opened, *events),
    )


@settings(deadline=None)
@given(st.lists(entry_events, max_size=25))
def test_what_is_refused_changes_nothing(events: list[EntryEvent]) -> None:
    life, lawful = EntryLife(), []
    for event in events:
        if entry_refusal(life, event) is None:
            life, lawful = entry_step(life, event), [*lawful, event]
    assert entry_life(entry_of(events)) == entry_life(entry_of(lawful)) == life


@settings(deadline=None, max_examples=150)
@given(st.lists(entry_events, max_size=40))
def test_an_entry_never_goes_where_it_may_not(events: list[EntryEvent]) -> None:
    life = EntryLife()
    sent: list[int | None] = []
    for event in events:
        if entry_refusal(life, event) is not None:
            continue
        before, life = life, entry_step(life, event)
        if before.state is EntryState.WITHDRAWN:
            assert life.state is EntryState.WITHDRAWN
        if before.state is EntryState.PAID:
            assert event.act in (EntryAct.RETURNED, EntryAct.LISTED)
        if event.act is EntryAct.BATCHED:
            assert before.payable and not before.objections
            sent.append(event.batch)
        if life.state is EntryState.PAID:
            assert life.batch == sent[-1] and life.payee is not None
        assert not (life.payable and (life.objections or life.problem or life.payee is None))
    assert len(sent) == len(set(sent))  # in a batch at most once


@settings(deadline=None, max_examples=150)
@given(st.lists(round_events, max_size=40))
def test_a_round_never_goes_where_it_may_not(events: list[RoundEvent]) -> None:
    life = round_step(RoundLife(), RoundEvent(act=RoundAct.OPENED, at=AT, by="ann"))
    for event in events:
        if round_refusal(life, event) is None:
            assert life.closed is None
            life = round_step(life, event)
        assert sum(batch.is_open for batch in life.batches) <= 1
        assert [batch.number for batch in life.batches] == list(range(1, len(life.batches) + 1))
        assert life.confirmed_by is None or not same_person(life.author, life.confirmed_by)
        for batch in life.batches:
            assert not (batch.approved_by and (batch.dissolved or same_person(batch.approved_by, batch.prepared_by)))
            assert not batch.approved_by or (batch.total and batch.digest and life.notice and life.confirmed_by)
    assert round_life(round_of(events)) == life
    assert life.stage(date(2026, 11, 23)) in Stage


def test_the_notice_ends_by_the_calendar_alone() -> None:
    steps = [
        RoundEvent(act=RoundAct.LISTED, at=AT, by="ann", count=1, total=1),
        RoundEvent(act=RoundAct.CONFIRMED, at=AT, by="bob"),
        RoundEvent(act=RoundAct.PUBLICISED, at=AT, by="ann", start=date(2026, 11, 23), days=5),
    ]
    life = round_life(round_of(steps))
    assert life.stage(date(2026, 11, 27)) is Stage.PUBLIC
    assert life.stage(date(2026, 11, 28)) is Stage.PAYABLE


paid = [
    EntryEvent(act=EntryAct.ACCOUNT_CONFIRMED, at=AT, by="ann", payee=PAYEES[0]),
    EntryEvent(act=EntryAct.BATCHED, at=AT, by="ann", payee=PAYEES[0], batch=1),
    EntryEvent(act=EntryAct.PAID, at=AT, by="ann", batch=1, on=date(2026, 11, 30)),
]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["P90", "P91"]), st.integers(1, 10**9), st.booleans())))
def test_statistics_count_money_and_enterprises_not_payments(rows: list[tuple[int, str, int, bool]]) -> None:
    entries = [entry_of(paid if arrived else paid[:2], n, policy, fen) for n, policy, fen, arrived in rows]
    found = statistics(entries)
    arrived = [row for row in rows if row[3]]
    assert found.all.total == sum(row[2] for row in arrived) == sum(part.total for part in found.by_policy.values())
    assert found.all.enterprises == len({row[0] for row in arrived})
    assert found.all.payments == len(arrived)
    counted = tally(entries)
    assert counted.entries == len(rows)
    assert sum(counted.total.values()) == sum(row[2] for row in rows)
    assert counted.is_final == (len(arrived) == len(rows))


def test_a_pool_never_promises_what_it_has_not_got_back() -> None:
    pool = Pool(name="池", year=2026, total=100).moved(committed=60)
    assert pool.available == 40
    assert pool.moved(committed=-60, paid=60).available == 40
    with pytest.raises(ValidationError):
        pool.moved(committed=-61)
