"""Answer, ask back, or hand over (答、问、转): decided on a calibrated probability, not on a raw score.

The probability that the first hit is right is a logistic function of two scale-free features. Its weights were
fitted on 300 left-out phrasings of our guides, the three sets of questions in ``bench/search_quality.py`` with and
without their right documents, and out-of-scope text; that command prints the table of outcomes.
"""

from __future__ import annotations

from enum import StrEnum
from math import exp

from chalicelib.guidance.search import Ranking

BIAS, GAP, STRENGTH = -4.6, 4.2, 8.8
ANSWER_FROM = 0.7
ASK_FROM = 0.09
CLEAR_GAP, NEAR_WHOLE = 0.1, 0.8
"""A second guide that comes closer than this is offered beside the first, unless nearly all that was asked is found."""
TOO_MANY = 2
"""So many other guides that have all the question's words make it unclear, however high the first stands: 证到期了."""


class Verdict(StrEnum):
    """What to do with a ranking."""

    ANSWER = "answer"
    CANDIDATES = "candidates"
    HANDOFF = "handoff"


def probability(ranking: Ranking) -> float:
    """How likely the first hit is the right one, 0 to 1; 0 when it shares no telling bigram with the question."""
    if not ranking.hits or ranking.coverage == 0:
        return 0.0
    evidence = BIAS + GAP * ranking.gap + STRENGTH * ranking.strength
    return 1 / (1 + exp(-evidence))


def verdict(ranking: Ranking) -> Verdict:
    likely = probability(ranking)
    ahead = ranking.gap >= CLEAR_GAP or ranking.strength >= NEAR_WHOLE
    clear = ahead and ranking.rivals < TOO_MANY and not ranking.heard
    if likely >= ANSWER_FROM and clear:
        return Verdict.ANSWER
    return Verdict.CANDIDATES if likely >= ASK_FROM else Verdict.HANDOFF
