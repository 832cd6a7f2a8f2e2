"""What search reads of a guide: the words people might use, weighted by where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.model import Bundle, ServiceItem
from chalicelib.guidance.search import BARE, Document, SearchIndex

EMPHASIS = 2


def of_item(item: ServiceItem) -> Document:
    """Name twice (title and text), then everything an asker might quote; phrasings are the name and the asks."""
    body = [
        item.name,
        item.summary,
        item.condition,
        item.result,
        item.rule,
        item.note,
        item.legal.note,
        *item.steps,
        *(material.name for material in item.materials),
        *(f"{faq.question} {faq.answer}" for faq in item.faq),
    ]
    return _document(item.id, item.name, body, item.asks, 1.0 if _has_guide(item) else BARE)


def of_bundle(bundle: Bundle) -> Document:
    body = [bundle.name, bundle.summary, bundle.branch, bundle.note, *(step.name for step in bundle.steps)]
    return _document(bundle.id, bundle.name, body, bundle.asks)


def of_guides(
    items: Iterable[ServiceItem], bundles: Iterable[Bundle], learned: Mapping[str, Sequence[str]] | None = None
) -> list[Document]:
    """Every guide, with the phrasings that operators confirmed for it (``phrasings``) beside its own."""
    known = [*map(of_item, items), *map(of_bundle, bundles)]
    if not learned:
        return known
    more = {id_: tuple(map(normalise, texts)) for id_, texts in learned.items()}
    return [replace(one, phrasings=(*one.phrasings, *more.get(one.id, ()))) for one in known]


def index_of(items: Iterable[ServiceItem], bundles: Iterable[Bundle]) -> SearchIndex:
    """The index of a catalogue's guides; a few milliseconds for forty items."""
    return SearchIndex.build(of_guides(items, bundles), emphasis=EMPHASIS)


def _has_guide(item: ServiceItem) -> bool:
    """Whether there is more than a name: one that was only listed must not outbid a guide."""
    return bool(item.asks or item.steps or item.materials)


def _document(id_: str, name: str, body: Iterable[str], asks: tuple[str, ...], prior: float = 1.0) -> Document:
    text = normalise("\n".join(part for part in body if part))
    return Document(id_, text, normalise(name), tuple(map(normalise, (*asks, name))), prior)
