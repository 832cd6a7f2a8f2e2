from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.guidance import documents
from chalicelib.guidance.phrasings import PhrasingRefused, PhrasingService
from chalicelib.guidance.search import SearchIndex
from tests.unit.guidance.content import content

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)


@pytest.fixture
def phrasings() -> PhrasingService:
    return PhrasingService(MemoryStore(FixedClock(NOW)))


def test_a_confirmed_question_finds_its_guide_in_the_next_index(phrasings: PhrasingService) -> None:
    asked = "我屋里那个摊摊要挂牌牌"
    items, bundles = content().items.values(), content().bundles.values()

    def first() -> list[str]:
        known = documents.of_guides(items, bundles, phrasings.by_guide())
        return [hit.id for hit in SearchIndex.build(known, documents.EMPHASIS).search(asked, 1)]

    assert first() != ["SX-04"]
    phrasings.confirm(asked, "SX-04", "operator", NOW)
    assert first() == ["SX-04"]
    phrasings.remove(asked)
    assert phrasings.every() == []


def test_confirming_again_changes_nothing_and_another_guide_is_refused(phrasings: PhrasingService) -> None:
    first = phrasings.confirm("摊子要么证", "SX-04", "甲", NOW)
    assert phrasings.confirm(" 摊子要么证 ", "SX-04", "乙", NOW) == first
    with pytest.raises(PhrasingRefused, match="已属于 SX-04"):
        phrasings.confirm("摊子要么证", "SX-01", "乙", NOW)
    assert phrasings.by_guide() == {"SX-04": ("摊子要么证",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [("证", "2 到 60 个字"), ("问" * 61, "这句有 61 个"), ("我的电话13800000000怎么办证", "不能保存")],
)
def test_what_cannot_be_a_phrasing_is_refused(phrasings: PhrasingService, text: str, message: str) -> None:
    with pytest.raises(PhrasingRefused, match=message):
        phrasings.confirm(text, "SX-04", "甲", NOW)
    assert phrasings.every() == []
