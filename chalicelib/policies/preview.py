"""A look before publishing (发布前预览): who gains and who loses against the version in force, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from chalicelib.enterprises.model import Enterprise
from chalicelib.policies.facts import fact_sheet
from chalicelib.policies.model import Policy, State
from chalicelib.policies.service import Decision, PolicyService
from chalicelib.policies.tree import Outcome

UNKNOWN = "未知"


@dataclass(slots=True)
class Tally:
    """Of one town or one size: enterprises that match, that match only under the new or only under the old version,
    and the sum (分) that can be computed."""

    matches: int = 0
    gains: int = 0
    losses: int = 0
    fen: int = 0


@dataclass(frozen=True, slots=True)
class Effect:
    """What the new version means for one enterprise; ``before`` None where no version is in force."""

    uscc: str
    name: str
    before: Decision | None
    after: Decision

    @property
    def gains(self) -> bool:
        return _matches(self.after) and not _matches(self.before)

    @property
    def loses(self) -> bool:
        return _matches(self.before) and not _matches(self.after)


@dataclass(slots=True)
class Preview:
    """``cost_fen`` counts matches with a computable amount, ``open_amounts`` the others (待核定)."""

    version: int
    against: int | None
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    cost_fen: int = 0
    cost_before_fen: int = 0
    open_amounts: int = 0
    by_town: dict[str, Tally] = field(default_factory=dict)
    by_size: dict[str, Tally] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)

    @property
    def gains(self) -> list[Effect]:
        return [each for each in self.effects if each.gains]

    @property
    def losses(self) -> list[Effect]:
        return [each for each in self.effects if each.loses]

    def add(self, effect: Effect, town: str, size: str) -> None:
        self.outcomes[effect.after.outcome] += 1
        fen = _fen(effect.after)
        self.cost_fen += fen or 0
        self.cost_before_fen += _fen(effect.before) or 0
        if _matches(effect.after):
            self.open_amounts += bool(effect.after.benefit and effect.after.benefit.missing)
        for tally in (self.by_town.setdefault(town, Tally()), self.by_size.setdefault(size, Tally())):
            tally.matches += _matches(effect.after)
            tally.gains += effect.gains
            tally.losses += effect.loses
            tally.fen += fen or 0
        self.effects.append(effect)


def preview(
    candidate: Policy,
    in_force: Policy | None,
    policies: Mapping[str, Policy],
    enterprises: Iterable[Enterprise],
    on: date,
) -> Preview:
    """The candidate as if it were published, on every enterprise, one after the other.

    ``policies`` are the published ones, for their 总则; exclusion between policies is left out, as it depends on what
    an enterprise chooses.
    """
    new = candidate.model_copy(update={"state": State.PUBLISHED})
    service, old_service = PolicyService({**policies, new.id: new}), PolicyService(policies)
    found = Preview(candidate.version, in_force.version if in_force else None)
    for enterprise in enterprises:
        sheet = fact_sheet(enterprise, on)
        before = old_service.decide_sheet(in_force, sheet) if in_force else None
        effect = Effect(enterprise.uscc, enterprise.name, before, service.decide_sheet(new, sheet))
        found.add(effect, enterprise.town_code or UNKNOWN, str(sheet.values.get("size", UNKNOWN)))
    return found


def _matches(decision: Decision | None) -> bool:
    return decision is not None and decision.outcome is Outcome.MATCH


def _fen(decision: Decision | None) -> int | None:
    return decision.benefit.fen if decision and _matches(decision) and decision.benefit else None
