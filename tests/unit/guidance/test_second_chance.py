from __future__ import annotations

import pytest

from chalicelib.guidance import documents
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.confidence import Verdict, verdict
from chalicelib.guidance.search import SearchIndex
from chalicelib.guidance.second_chance import SecondChance
from chalicelib.guidance.sounds import SHAPES, TABLE, fold, folded_syllable
from tests.unit.guidance.content import content


@pytest.mark.parametrize(
    ("meant", "written"),
    [
        ("飞", "灰"),  # f and hu
        ("变更", "片耕"),  # b and p
        ("南", "蓝"),  # n and l
        ("执照", "自造"),  # zh and z
        ("经营", "金银"),  # ing and in
        ("证", "镇"),  # eng and en
        ("帐", "账"),  # shape
        ("自己", "自已"),
    ],
)
def test_what_the_dialect_mixes_up_is_one(meant: str, written: str) -> None:
    assert fold(meant) == fold(written)


def test_what_sounds_otherwise_stays_apart() -> None:
    assert len({fold(one) for one in "照税房病车法"}) == 6
    assert fold("abc 12") == "abc 12"


@pytest.mark.parametrize(("syllable", "said"), [("zhuang", "zuang"), ("n", "n"), ("feng", "hong"), ("ping", "bin")])
def test_syllables(syllable: str, said: str) -> None:
    assert folded_syllable(syllable) == said


def test_every_character_of_gb2312_is_in_one_group() -> None:
    characters = "".join(TABLE.read_text(encoding="utf-8").split())
    assert len(characters) == len(set(characters)) == 6763
    assert all(one in characters for one in SHAPES.replace(" ", ""))


def test_a_question_misheard_is_offered_its_guide_and_never_answered_outright() -> None:
    known = documents.of_guides(content().items.values(), content().bundles.values())
    words = SearchIndex.build(known, documents.EMPHASIS)
    index = SecondChance(words, known, documents.EMPHASIS)
    asked = normalise("银业直赵亦施")
    assert verdict(words.rank(asked)) is Verdict.HANDOFF
    ranking = index.rank(asked)
    assert verdict(ranking) is Verdict.CANDIDATES
    assert "SX-03" in {hit.id for hit in ranking.hits}
    clear = normalise("营业执照丢了怎么补")
    assert index.rank(clear) == words.rank(clear)
    assert verdict(index.rank("今天天气")) is Verdict.HANDOFF
