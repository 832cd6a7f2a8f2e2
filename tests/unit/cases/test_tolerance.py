"""容缺: the commitment, the case accepted on it, its end, and how many cases it helped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.cases.life import Life
from chalicelib.cases.model import CaseEvent
from chalicelib.cases.service import CaseService, CaseUnknown
from chalicelib.cases.tolerance import GOOD_FOR, CommitmentService, ToleranceRefused, figures, tolerated
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.errors import BadInput
from chalicelib.ports import JsonObject
from tests.unit.jobs.support import E01, E09, case_row

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
NO = "3603232026112200123"
RECEIVED = {"id": "e1", "kind": "RECEIVED", "at": "2026-11-23T08:30"}


class World:
    def __init__(self) -> None:
        self.store = MemoryStore(FixedClock(NOW))
        self.cases, self.given = CaseService(self.store, WorkCalendar()), CommitmentService(self.store)

    def commit(self, *materials: str, at: datetime = NOW) -> str:
        return self.given.give("o-1", E01, "SX-11", "食品经营许可（新办）", materials or ("健康证明",), 4, at).id

    def accept(self, no: str = NO, commitment: str | None = None) -> None:
        self.cases.save_row(case_row(RECEIVED, no=no), NOW)
        self.tolerate(commitment or self.commit(), no, NOW)

    def tolerate(self, commitment: str, no: str, at: datetime) -> None:
        event = self.given.event(commitment, no, E01, at)
        self.given.use(commitment, event, E01)
        self.cases.record(event, at)

    def event(self, kind: str, at: datetime, no: str = NO) -> None:
        self.cases.record(CaseEvent.model_validate({"id": f"{no}-{kind}", "case_no": no, "kind": kind, "at": at}), at)

    def lives(self, at: datetime) -> list[Life]:
        cases = [self.cases.get(no) for no in tolerated(self.store, "2026-11")]
        return [self.cases.live(case, at) for case in cases if case]


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_committed_to_is_kept_whole_and_once(world: World) -> None:
    first = world.commit("健康证明", "制度目录")
    assert world.commit("健康证明", "制度目录") == first
    held = world.given.get(first)
    assert held is not None
    for word in ("自愿", "食品经营许可", "健康证明、制度目录", "4 个工作日", "终止办理", "自行承担"):
        assert word in held.text
    assert "o-1" not in held.model_dump_json()
    with pytest.raises(ToleranceRefused, match="没有可以后补"):
        world.given.give("o-1", E01, "SX-06", "公章刻制", [], 4, NOW)


def test_a_case_is_accepted_on_its_commitment(world: World) -> None:
    world.accept()
    [life] = world.lives(NOW)
    assert (str(life.state), life.missing, str(life.filed_under)) == ("TOL_ACCEPTED", ("健康证明",), "2026-11-27")


@pytest.mark.parametrize("promised", [{"n": 3, "unit": "wd"}, {"n": 20, "unit": "wd"}, None])
def test_the_days_that_were_committed_to_count_whatever_was_promised(world: World, promised: JsonObject | None) -> None:
    world.cases.save_row(case_row(RECEIVED, promised=promised), NOW)
    world.tolerate(world.commit(), NO, NOW)
    [life] = world.lives(NOW)
    assert str(life.filed_under) == "2026-11-27"  # 23 + 4 working days


def test_said_again_it_is_the_same_and_cut_short_it_goes_on(world: World) -> None:
    commitment, later = world.commit(), NOW + timedelta(hours=3)
    world.cases.save_row(case_row(RECEIVED), NOW)
    event = world.given.event(commitment, NO, E01, NOW)
    world.given.use(commitment, event, E01)  # and the process dies here
    world.tolerate(commitment, NO, later)
    world.tolerate(commitment, NO, later + timedelta(days=1))
    [life] = world.lives(later)
    assert [step.at for step in life.steps if step.event == event] == [NOW]


def test_it_can_be_asked_first_whether_a_case_can_be_accepted_so(world: World) -> None:
    commitment = world.commit()
    world.cases.save_row(case_row(), NOW)
    event = world.given.event(commitment, NO, E01, NOW)
    assert "不能接在" in (world.cases.refusal(event, NOW) or "")
    assert world.commit() == commitment  # still free
    world.cases.save_row(case_row(RECEIVED), NOW)
    assert world.cases.refusal(event, NOW) is None
    with pytest.raises(CaseUnknown):
        world.cases.refusal(event.model_copy(update={"case_no": "3603232026112200124"}), NOW)


def test_a_commitment_is_one_enterprises_for_one_case_and_for_a_time(world: World) -> None:
    commitment = world.commit()
    with pytest.raises(BadInput, match="不是这个办件的企业"):
        world.given.event(commitment, NO, E09, NOW)
    with pytest.raises(BadInput, match="已超过"):
        world.given.event(commitment, NO, E01, NOW + GOOD_FOR)
    world.accept(commitment=commitment)
    world.given.event(commitment, NO, E01, NOW)
    with pytest.raises(BadInput, match="已用于"):
        world.given.event(commitment, "3603232026112200124", E01, NOW)
    with pytest.raises(BadInput, match="没有编号"):
        world.given.event("C-20261123-99", NO, E01, NOW)
    assert world.commit() != commitment


def test_how_many_cases_it_helped(world: World) -> None:
    kept, ended, waiting = NO, "3603232026112200124", "3603232026112200125"
    for no in (kept, ended, waiting):
        world.accept(no)
    world.event("SUPPLIED", NOW + timedelta(days=3), kept)
    world.event("REVIEWING", NOW + timedelta(days=3, hours=1), kept)
    world.event("DECIDED_OK", NOW + timedelta(days=4), kept)
    world.event("WITHDRAWN", NOW + timedelta(days=1), waiting)
    early, late = figures(world.lives(NOW)), figures(world.lives(NOW + timedelta(days=10)))
    assert (early.accepted, late.accepted) == (3, 3)
    assert (late.supplied, late.granted, late.days_early, late.ended, late.waiting) == (1, 1, 3, 1, 0)
    world.event("ARCHIVED", NOW + timedelta(days=11), ended)
    assert figures(world.lives(NOW + timedelta(days=12))).ended == 1
    assert sorted(world.given.cases_of(E01)) == [kept, ended, waiting]
    assert world.cases.erase(ended, NOW + timedelta(days=400))
    assert sorted(world.given.cases_of(E01)) == [kept, waiting]
