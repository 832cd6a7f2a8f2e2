"""The operators' to-do list: what was not answered, what was rated useless, what is confirmed, what no longer works."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from chalice.test import Client

from app import app
from chalicelib.bootstrap import Application
from chalicelib.guidance.questions import KEEP
from tests.functional.cli.conftest import Jobs
from tests.functional.county import snapshot
from tests.functional.support import Person, clock_of


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(app) as made:
        yield made


@pytest.fixture
def person(county: Application, client: Client) -> Person:
    return Person(client, county, "asker")


def test_questions_without_an_answer_are_clustered_and_masked(jobs: Jobs, county: Application, client: Client) -> None:
    for number, text in enumerate(("量子纠缠如何退火", "量子纠缠怎么退火", "火星移民找谁 13812345678")):
        Person(client, county, f"p{number}").say(text)
    found = jobs("guide", "misses", "--json").json
    assert [(cluster["count"], len(cluster["questions"])) for cluster in found] == [(2, 2), (1, 1)]
    assert found[1]["questions"][0]["text"] == "火星移民找谁 138****5678"
    shown = jobs("guide", "misses")
    assert "量子纠缠" in shown.out
    assert "共 2 组" in shown.err
    kept = str([row.body for key, row in snapshot(county).items() if key[0].startswith("asked#")])
    assert "13812345678" not in kept
    assert "p0" not in kept


def test_what_is_old_is_forgotten(jobs: Jobs, county: Application, person: Person) -> None:
    person.say("量子纠缠如何退火")
    clock_of(county).advance(KEEP + timedelta(minutes=1))
    assert jobs("guide", "misses", "--json").json == []
    assert "没有待处理" in jobs("guide", "misses").out


def test_ratings_go_to_the_question_and_its_guide_once(jobs: Jobs, county: Application, person: Person) -> None:
    person.say("换法人要带什么")
    assert "已记下" in (person.say("没用") or "")
    assert "请先问" in (person.say("没用") or "")
    person.say("公章去哪里刻")
    assert "已记下" in (person.say("有用") or "")
    [cluster] = jobs("guide", "misses", "--json").json
    [question] = cluster["questions"]
    assert (question["text"], question["guide_id"], question["counts"]) == (
        "换法人要带什么",
        "SX-03",
        {"useless": 1},
    )


def test_none_of_them_is_on_the_list(jobs: Jobs, county: Application, person: Person) -> None:
    person.say("证到期了")
    person.say("都不是")
    [cluster] = jobs("guide", "misses", "--json").json
    assert cluster["questions"][0]["counts"] == {"rejected": 1}


def test_a_confirmed_question_is_answered_at_once_and_off_the_list(
    jobs: Jobs, county: Application, person: Person
) -> None:
    said = "老屋里的红本本怎么过到我名下"
    before = county.catalogue().version
    assert jobs("guide", "confirm", said, "SX-19", "--by", "小李", "--json").json["version"] == before + 1
    assert "转移登记" in (person.say(said) or "")
    assert jobs("guide", "misses", "--json").json == []
    again = jobs("guide", "confirm", said, "SX-21", "--by", "小李")
    assert (again.code, "已属于 SX-19" in again.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("确认一下", "SX-99"), "没有编号为 SX-99"),
        (("我的号码13812345678", "SX-19"), "像电话或证件号"),
    ],
)
def test_a_confirmation_that_is_wrong_changes_nothing(
    words: tuple[str, str], why: str, jobs: Jobs, county: Application
) -> None:
    before = county.catalogue().version
    done = jobs("guide", "confirm", *words)
    assert (done.code, why in done.err) == (2, True)
    assert county.catalogue().version == before


def test_settled_questions_leave_the_list(jobs: Jobs, county: Application, person: Person) -> None:
    person.say("量子纠缠如何退火")
    assert jobs("guide", "settle", "量子纠缠如何退火").code == 0
    assert jobs("guide", "misses", "--json").json == []


def test_every_stored_phrasing_reaches_its_guide_and_nothing_is_written(jobs: Jobs, county: Application) -> None:
    before = snapshot(county)
    done = jobs("guide", "test", "--json").json
    assert done["wrong"] == []
    assert done["phrasings"] == done["right"] > 250
    assert snapshot(county) == before


def test_a_phrasing_that_goes_wrong_is_named(jobs: Jobs, county: Application) -> None:
    county.phrasings.confirm("投诉窗口态度差", "SX-19", "小李", county.clock.now())
    done = jobs("guide", "test")
    assert done.code == 1
    assert "投诉窗口态度差" in done.out
    assert "答错 1" in done.out
