"""Whether a stored question (常见问题) of a guide is the one being asked."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.bm25 import terms
from chalicelib.guidance.model import Faq
from chalicelib.guidance.normalise import characters, core

ENOUGH = 0.5


def best_faq(text: str, faqs: Iterable[Faq]) -> Faq | None:
    """The stored question that shares the most bigrams with a normalised text, if at least half of its own."""
    asked = _bigrams(text)
    scored = [(_share(_bigrams(normalise(faq.question)), asked), faq) for faq in faqs]
    share, faq = max(scored, key=lambda one: one[0], default=(0.0, None))
    return faq if share >= ENOUGH else None


def _bigrams(text: str) -> set[str]:
    return {term for term in terms(core(text)) if len(characters(term)) > 1}


def _share(own: set[str], asked: set[str]) -> float:
    return len(own & asked) / len(own) if own else 0.0
