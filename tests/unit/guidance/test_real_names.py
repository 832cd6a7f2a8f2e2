"""Our guides with the 1,135 item names of a real district beside them, none of which has a guide of ours."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache

import pytest

from chalicelib.guidance import documents
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.search import BARE, Document, SearchIndex
from tests.unit.guidance.content import ROOT, content
from tests.unit.guidance.test_guide_questions import RIGHT

NAMES = ROOT.parent / "shared" / "data" / "items" / "guangan_items.json"
pytestmark = pytest.mark.skipif(not NAMES.exists(), reason="the real item names are not part of the project")


@cache
def real() -> tuple[Document, ...]:
    names = sorted({row["name"] for row in json.loads(NAMES.read_text(encoding="utf-8"))})
    plain = [normalise(name) for name in names]
    return tuple(Document(f"real-{n}", name, name, (name,), BARE) for n, name in enumerate(plain))


def ours() -> list[Document]:
    return documents.of_guides(content().items.values(), content().bundles.values())


@cache
def both() -> SearchIndex:
    return SearchIndex.build([*ours(), *real()], documents.EMPHASIS)


def share_found(beside: Iterable[Document], folds: range) -> float:
    """hit@3 over every phrasing that is left out of the index, a fold at a time."""
    items = list(content().items.values())
    asked = found = 0
    for fold in folds:
        without = [i.model_copy(update={"asks": i.asks[:fold] + i.asks[fold + 1 :]}) for i in items]
        known = [*documents.of_guides(without, content().bundles.values()), *beside]
        index = SearchIndex.build(known, documents.EMPHASIS)
        for item in (one for one in items if fold < len(one.asks)):
            asked += 1
            found += item.id in {hit.id for hit in index.search(normalise(item.asks[fold]), 3)}
    return found / asked


def test_left_out_phrasings_still_find_their_guide() -> None:
    folds = range(0, 8, 4)
    alone, beside = share_found((), folds), share_found(real(), folds)
    assert beside >= 0.9
    assert beside >= alone - 0.03


def test_the_questions_of_the_county_keep_their_guides() -> None:
    def found(index: SearchIndex) -> int:
        return sum(right in {hit.id for hit in index.search(normalise(text), 3)} for _, text, right in RIGHT)

    assert found(both()) >= found(SearchIndex.build(ours(), documents.EMPHASIS)) >= len(RIGHT) - 1


def test_a_real_name_that_is_asked_for_is_found() -> None:
    asked = real()[::40]
    found = [one.id in {hit.id for hit in both().search(f"请问{one.title}要什么材料", 3)} for one in asked]
    assert sum(found) >= 0.9 * len(asked)
