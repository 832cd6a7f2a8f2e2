"""A question about one policy (问某项政策): what it gives, whether it still runs, its standing for this enterprise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.content.catalogue import Catalogue
from chalicelib.dialogue import policy_words as words
from chalicelib.dialogue.model import Option, Reply, Turn
from chalicelib.dialogue.policy_search import Found, PolicySearch, is_public
from chalicelib.dialogue.policy_words import Standing
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.amounts import amount
from chalicelib.guidance.intent import Facet, facet
from chalicelib.guidance.model import ServiceItem
from chalicelib.policies.model import Policy
from chalicelib.times import local_date

_REASONS = 3
_ERRAND = (Facet.FORM, Facet.MATERIALS, Facet.PLACE)
"""Parts that a guide answers better than a policy does, where there is a guide."""


class PolicyQuestion(Skill):
    name = "policy_question"

    _search: tuple[int, PolicySearch] | None = None

    def actions(self) -> Mapping[str, Action]:
        return {"open": lambda turn, args: self._open(turn, args["id"], args.get("uscc"))}

    def claims(self, turn: Turn) -> bool:
        text = normalise(turn.text)
        catalogue = self._desk.catalogue()
        found = self._find(text, catalogue)
        if not found.policies:
            return False
        return facet(text) not in _ERRAND or (found.sure and _guide_of(found.policies[0], catalogue) is None)

    def answer(self, turn: Turn) -> Reply:
        text, catalogue = normalise(turn.text), self._desk.catalogue()
        found = self._find(text, catalogue)
        if not found.sure:
            return Reply(("和您说的有关的政策，回复编号看标准和条件：",), tuple(map(_step, found.policies)))
        policy = found.policies[0]
        sum_named = amount(text)
        computed = words.reckoned(policy, sum_named, local_date(turn.now)) if sum_named else None
        first = [computed] if computed else []
        return self._reply(turn, policy, catalogue, first=first, beside=found.policies[1:])

    def _open(self, turn: Turn, policy_id: str, uscc: str | None) -> Reply:
        catalogue = self._desk.catalogue()
        policy = catalogue.policies.get(policy_id)
        if policy is None or not is_public(policy):
            return Reply(("这项政策刚刚撤下了，请换个说法再问一次。",), footer=f"着急请拨 {words.HOTLINE}。")
        return self._reply(turn, policy, catalogue, uscc)

    def _reply(
        self,
        turn: Turn,
        policy: Policy,
        catalogue: Catalogue,
        uscc: str | None = None,
        first: Sequence[str] = (),
        beside: Sequence[Policy] = (),
    ) -> Reply:
        ended = words.ended(policy, local_date(turn.now))
        steps, source = _steps(policy, catalogue, beside), words.source(policy)
        if ended:
            return Reply((ended, *words.facts(policy)[:2]), steps, footer=source)
        standings = self._standings(turn, policy, uscc)
        most = _REASONS if len(standings) == 1 else 1
        lines = [*first, *(line for one in standings for line in words.verdict(policy, one, most))]
        lines += words.facts(policy, _whole(policy, catalogue), decided=bool(standings))
        if not standings and policy.audience == "enterprise":
            lines.append("绑定企业后，我告诉您贵公司符不符合：回复“绑定”。")
        return Reply(tuple(lines), steps, footer=source)

    def _standings(self, turn: Turn, policy: Policy, uscc: str | None) -> list[Standing]:
        """For the enterprises this person stands for, two at most; exclusion groups settled, as in the list.

        None for a policy that is for persons, or that was withdrawn in this very moment.
        """
        bound = [each for each in self._desk.enterprises_of(turn.openid) if uscc in (None, each.uscc)][:2]
        service, on = self._desk.policies(), local_date(turn.now)
        return [
            Standing(each.name if len(bound) > 1 else "", decision)
            for each in bound
            for decision in service.check(each, on)
            if decision.policy == policy.id
        ]

    def _find(self, text: str, catalogue: Catalogue) -> Found:
        if self._search is None or self._search[0] != catalogue.version:
            self._search = (catalogue.version, PolicySearch(catalogue.policies.values()))
        return self._search[1].find(text)


def _steps(policy: Policy, catalogue: Catalogue, beside: Sequence[Policy]) -> tuple[Option, ...]:
    item = _guide_of(policy, catalogue)
    steps = [Option(label="怎么办", action="guide.item", args={"id": item.id})] if item else []
    steps += map(_step, beside)
    return (*steps, Option(label="看能享受的", action="policy.mine"), Option(label="转人工", action="handoff.ask"))


def _guide_of(policy: Policy, catalogue: Catalogue) -> ServiceItem | None:
    return next((one for one in catalogue.items.values() if one.policy == policy.id), None)


def _whole(policy: Policy, catalogue: Catalogue) -> Policy | None:
    """P24 for P24-1: the measures document that this measure is one of."""
    parent, _, part = policy.id.partition("-")
    return catalogue.policies.get(parent) if part else None


def _step(policy: Policy) -> Option:
    return Option(label=policy.short, action="policy_question.open", args={"id": policy.id})
