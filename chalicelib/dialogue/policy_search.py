"""Which policy a question is about: by its short name, else by what people say for it (政策问句)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.confidence import Verdict, probability, verdict
from chalicelib.guidance.search import Document, SearchIndex
from chalicelib.policies.model import Policy, State

MOST = 3
OFFER_FROM = 0.5
"""How likely the first must be right to be offered: a subsidy that there is not must not bring up three others."""
WORTH_SHOWING = 0.5
"""A policy is offered beside the first when its score is at least this share of the first's."""


@dataclass(frozen=True, slots=True)
class Found:
    """Policies a text may be about, the likeliest first; ``sure`` when the first is meant."""

    policies: tuple[Policy, ...]
    sure: bool


NOTHING = Found((), sure=False)


def is_public(policy: Policy) -> bool:
    """Drafts are nobody's yet; what was suspended or withdrawn is still asked about."""
    return policy.state not in (State.DRAFT, State.REVIEWED)


class PolicySearch:
    """Over the public policies of one version of the catalogue; building it builds the index."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self._policies = {policy.id: policy for policy in policies if is_public(policy)}
        self._index = SearchIndex.build([_document(policy) for policy in self._policies.values()], emphasis=2)

    def find(self, text: str) -> Found:
        """What a normalised text is about. A short name in it decides; of several, the longest."""
        ranking = self._index.rank(text, MOST)
        likely = [self._policies[hit.id] for hit in ranking.hits if hit.score >= WORTH_SHOWING * ranking.hits[0].score]
        named = max(
            (one for one in self._policies.values() if normalise(one.short) in text),
            key=lambda one: len(one.short),
            default=None,
        )
        if named is not None and not _is_part_of_another(named, likely):
            return Found((named, *(one for one in likely if one is not named))[:MOST], sure=True)
        if probability(ranking) < OFFER_FROM:
            return NOTHING
        return Found(tuple(likely), sure=verdict(ranking) is Verdict.ANSWER)


def _is_part_of_another(named: Policy, likely: list[Policy]) -> bool:
    """电瓷电气若干措施 holds several measures: where a question names the whole and one measure, that one is meant."""
    return bool(likely) and likely[0].id.startswith(f"{named.id}-")


def _document(policy: Policy) -> Document:
    body = "\n".join((policy.name, policy.target, policy.benefit_text))
    asks = (*policy.asks, policy.short, policy.name)
    return Document(policy.id, normalise(body), normalise(policy.short), tuple(map(normalise, asks)))
