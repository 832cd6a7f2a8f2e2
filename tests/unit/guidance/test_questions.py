"""Clusters of what was asked in vain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.guidance.questions import Mark, Question, QuestionBook, clusters

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def question(text: str, **counts: int) -> Question:
    return Question(text=text, counts={Mark(name): n for name, n in counts.items()}, first_at=NOW, last_at=NOW)


def test_like_questions_stand_together_the_most_asked_first() -> None:
    found = clusters(
        [
            question("残疾证到哪里办理", missed=1),
            question("残疾证在哪办理", rejected=4),
            question("宅基地审批要什么", missed=3),
            question("换法人要带什么", useful=9),
        ]
    )
    assert [(one.count, [q.text for q in one.questions]) for one in found] == [
        (5, ["残疾证在哪办理", "残疾证到哪里办理"]),
        (3, ["宅基地审批要什么"]),
    ]


@given(st.lists(st.text("办证宅基地残疾到哪里要什么审批", min_size=1, max_size=8), max_size=25))
def test_every_question_is_in_one_cluster_and_none_is_lost(texts: list[str]) -> None:
    asked = [question(text, missed=1) for text in texts]
    found = clusters(asked)
    assert sorted(q.text for one in found for q in one.questions) == sorted(texts)
    assert [one.count for one in found] == sorted((one.count for one in found), reverse=True)


@pytest.mark.parametrize(
    "text", ["我的电话13812345678打不通", "身份证３６０３２３１９９００１０１００１５丢了", "一三八一二三四五六七八"]
)
def test_numbers_are_masked_before_they_are_kept(text: str) -> None:
    store = MemoryStore(FixedClock(NOW))
    book = QuestionBook(store)
    book.note(text, Mark.MISSED, NOW)
    book.note(text, Mark.MISSED, NOW + timedelta(hours=1))
    [kept] = book.every()
    assert "*" in kept.text
    assert kept.counts == {Mark.MISSED: 2}
    assert (kept.first_at, kept.last_at) == (NOW, NOW + timedelta(hours=1))
    book.forget(text)
    assert list(book.every()) == []


def test_one_question_to_two_guides_is_two_rows() -> None:
    book = QuestionBook(MemoryStore(FixedClock(NOW)))
    book.note("证怎么办", Mark.USELESS, NOW, "SX-01")
    book.note("证怎么办", Mark.USEFUL, NOW, "SX-02")
    assert {q.guide_id: q.unanswered for q in book.every()} == {"SX-01": 1, "SX-02": 0}
