"""诉求: routed by the table, counted in working days, watched by the job, answered once, told to its asker alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.concerns.model import Concern, ConcernRoute, ConcernState, Level
from chalicelib.concerns.routes import meant
from chalicelib.concerns.service import ConcernError, ConcernService, ConcernUnknown, statistics
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.enterprises.units import Unit
from tests.unit.jobs.support import E01, NOW, VERIFIED, JobWorld, enterprise

BUREAU, COUNTY = "91360323MAXX000905", "91360323MAXX00111M"
ASKER, COLLEAGUE, OFFICER, HEAD, MAYOR = "o-asker", "o-colleague", "o-officer", "o-head", "o-mayor"


def route(topic: str, *words: str, dept: str = "县自然资源局", days: int = 3) -> ConcernRoute:
    row = {"topic": topic, "words": words, "dept": dept, "days": days, "escalate_to": "县政府", **VERIFIED}
    return ConcernRoute.model_validate(row)


@pytest.fixture
def world() -> JobWorld:
    world = JobWorld()
    world.add(enterprise(E01))
    world.person(ASKER, E01)
    world.person(COLLEAGUE, E01, Role.FINANCE)
    return world


@pytest.fixture
def concerns(world: JobWorld) -> ConcernService:
    service = ConcernService(world.store, world.calendar)
    service.routes.save_row(route("用地", "土地", "厂房"))
    service.routes.save_row(route("用能", "用电", "变压器", dept="县发改委", days=1))
    return service


def ask(concerns: ConcernService, text: str = "二期厂房还差 10 亩土地", at: datetime = NOW) -> Concern:
    return concerns.open(ASKER, E01, "用地", text, at)


def units(world: JobWorld) -> None:
    from chalicelib.enterprises.units import UnitService

    service = UnitService(world.memory)
    service.save(Unit(name="县自然资源局", uscc=BUREAU))
    service.save(Unit(name="县政府", uscc=COUNTY))
    world.person(OFFICER, BUREAU, Role.OFFICER)
    world.person(HEAD, BUREAU, Role.HEAD)
    world.person(MAYOR, COUNTY, Role.HEAD)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("二期厂房还差 10 亩土地", "用地"),
        ("窑炉用电不够要换变压器", "用能"),
        ("厂房用电", None),
        ("食堂太远了", None),
    ],
)
def test_a_text_is_routed_by_its_words_or_asked_about(concerns: ConcernService, text: str, topic: str | None) -> None:
    found = concerns.route(text)
    assert (found.topic if found else None) == topic


def test_no_table_no_department() -> None:
    assert meant("厂房", []) is None


def test_what_is_in_court_is_refused_with_the_way_there(concerns: ConcernService) -> None:
    with pytest.raises(ConcernError, match="12368"):
        concerns.route("货款已经起诉到法院了请园区帮忙")


def test_the_answer_is_due_in_working_days(concerns: ConcernService) -> None:
    friday_evening = datetime(2026, 9, 18, 10, 0, tzinfo=UTC)  # 18:00, and the 20th is a make-up Sunday
    assert ask(concerns, at=friday_evening).due == date(2026, 9, 23)
    assert ask(concerns).due == date(2026, 11, 26)
    assert concerns.open(ASKER, E01, "用地", "年底的事情", datetime(2026, 12, 30, 2, tzinfo=UTC)).estimated


def test_one_message_is_one_concern_and_numbers_go_on(concerns: ConcernService) -> None:
    first = ask(concerns)
    assert ask(concerns) == first
    assert (first.id, ask(concerns, "还差一条路的土地").id) == ("Q-20261123-01", "Q-20261123-02")
    assert len(concerns.listed()) == 2


def test_a_topic_the_table_does_not_have(concerns: ConcernService) -> None:
    with pytest.raises(ConcernUnknown, match="其他"):
        concerns.open(ASKER, E01, "其他", "食堂太远了", NOW)
    assert concerns.listed() == []


def test_numbers_that_name_a_person_are_not_kept(concerns: ConcernService) -> None:
    assert "13812345678" not in ask(concerns, "土地的事请打 13812345678").text


def test_an_answer_stands(concerns: ConcernService) -> None:
    concern = ask(concerns)
    answered = concerns.answer(concern.id, "op", "已列入 12 月供地计划", NOW)
    assert concerns.answer(concern.id, "op", "已列入 12 月供地计划", NOW + timedelta(hours=1)) == answered
    with pytest.raises(ConcernError, match="已经答复"):
        concerns.answer(concern.id, "op", "别的话", NOW)
    with pytest.raises(ConcernError, match="不能再转办"):
        concerns.transfer(concern.id, "县发改委", "op", "不归我们", NOW)
    with pytest.raises(ConcernUnknown, match="request list"):
        concerns.answer("Q-20261123-99", "op", "好", NOW)


def test_passing_on_keeps_the_day_and_tells_the_new_department(concerns: ConcernService) -> None:
    concern = ask(concerns)
    moved = concerns.transfer(concern.id, "县发改委", "op", "主管部门不同", NOW)
    assert (moved.dept, moved.due, [move.why for move in moved.moves]) == ("县发改委", concern.due, ["主管部门不同"])
    assert concerns.transfer(concern.id, "县发改委", "op", "又一次", NOW) == moved
    with pytest.raises(ConcernError, match="理由"):
        concerns.transfer(concern.id, "县人社局", "op", " ", NOW)


def test_the_answer_goes_to_its_asker_and_nobody_else(world: JobWorld, concerns: ConcernService) -> None:
    concern = ask(concerns)
    concerns.answer(concern.id, "op", "已列入 12 月供地计划", NOW)
    result = world.run("request-watch")
    assert (result.planned, result.queued) == (2, 2)
    world.deliver()
    assert concern.id in world.texts(ASKER)[0]
    assert world.texts(COLLEAGUE) == []
    assert concerns.get(concern.id).state is ConcernState.DONE
    assert world.run("request-watch").planned == 0


def test_departments_hear_before_the_day_after_it_and_then_the_county(
    world: JobWorld, concerns: ConcernService
) -> None:
    units(world)
    concern = ask(concerns)  # due Thursday 26 November
    levels = []
    for days in range(9):
        world.clock.advance(timedelta(days=1) if days else timedelta())
        world.run("request-watch")
        assert world.run("request-watch").planned == 0
        world.deliver()
        levels.append(concerns.get(concern.id).level)

    assert levels == sorted(levels)
    assert levels[1] is Level.NONE and levels[2] is Level.REMINDED  # Tuesday; Wednesday, the day before
    assert levels[3] is Level.REMINDED and levels[4] is Level.LATE  # Thursday is in time; Friday is not
    assert levels[8] is Level.LATE  # Tuesday 1 December: three working days late, no more
    world.clock.advance(timedelta(days=1))
    world.run("request-watch")
    assert concerns.get(concern.id).level is Level.ESCALATED
    world.deliver()
    assert [len(world.texts(each)) for each in (OFFICER, HEAD, MAYOR)] == [1, 1, 1]


def test_a_dry_run_says_what_and_changes_nothing(world: JobWorld, concerns: ConcernService) -> None:
    concern = ask(concerns)
    world.clock.advance(timedelta(days=5))
    result = world.run("request-watch", dry_run=True)
    assert [line.what for line in result.plan.lines] == [f"诉求 {concern.id}"]
    assert concerns.get(concern.id) == concern


def test_forgetting_a_person_keeps_the_matter(concerns: ConcernService) -> None:
    concern = ask(concerns)
    concerns.forget(ASKER)
    assert concerns.of_person(ASKER) == []
    assert concerns.get(concern.id).text == concern.text and concerns.get(concern.id).openid == ""


def test_statistics_by_department(concerns: ConcernService) -> None:
    first = ask(concerns)
    ask(concerns, "另外一块土地")
    concerns.answer(first.id, "op", "好的", NOW)
    found = statistics([*concerns.listed(), *concerns.listed(ConcernState.ANSWERED)], date(2026, 12, 1))
    assert found == {"县自然资源局": {"received": 2, "answered": 1, "in_time": 1, "late": 1}}


def test_who_is_no_member_any_more_does_not_hear_what_the_enterprise_is_answered(
    world: JobWorld, concerns: ConcernService
) -> None:
    concerns.answer(ask(concerns).id, "op", "可供 10 亩", NOW)
    world.bindings.remove(ASKER, E01, NOW)
    assert world.run("request-watch").skipped == {"未绑定": 1}
    world.deliver()
    assert world.texts(ASKER) == []


def test_a_member_who_leaves_before_the_answer_goes_out_does_not_get_it(
    world: JobWorld, concerns: ConcernService
) -> None:
    world.consents.withdraw(ASKER, list(Scope), "chat", NOW)
    concerns.answer(ask(concerns).id, "op", "可供 10 亩", NOW)
    assert world.run("request-watch").queued == 2
    world.bindings.remove(ASKER, E01, NOW)
    world.deliver()
    assert world.texts(ASKER) == []
