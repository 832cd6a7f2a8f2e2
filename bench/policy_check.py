"""One changed enterprise against 200 policies, with benefits, exclusion groups, 总则 and records: what a push looks at.

python -m bench policy_check [--write]

The policies are those of data/policies.yaml, repeated under other ids with other thresholds, so that only what real
policies share is shared; the enterprises are those of data/enterprises.yaml. Each look starts from the profile: its
facts are gathered and derived anew. Explained means rendered, nothing left to be worked out: of a match all that is
kept as evidence (facts with sources, records, reasons, amount with its calculation, every leaf), of an open one
reasons, missing facts, amount and every leaf, of a refusal the leaves or the rule that decided.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from bench.policy_match import today
from bench.report import Section, table
from chalicelib.enterprises.model import Enterprise
from chalicelib.policies.decisions import evidenced
from chalicelib.policies.facts import fact_sheet
from chalicelib.policies.model import Policy, State
from chalicelib.policies.service import PolicyService
from chalicelib.policies.tree import Outcome

DATA = Path(__file__).resolve().parent.parent / "data"
ON = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
PROMISED_MS = 2.0


def real_shaped(count: int) -> dict[str, Policy]:
    """Each round of the sample policies has ids, exclusion groups and thresholds of its own."""
    rows = [Policy.model_validate(row) for row in yaml.safe_load((DATA / "policies.yaml").read_text(encoding="utf-8"))]
    meant = [each for each in rows if each.audience == "enterprise" and each.state is not State.DRAFT]
    made: dict[str, Policy] = {}
    for number in range(count):
        policy, turn = meant[number % len(meant)], number // len(meant)
        own = {
            "id": f"P{1000 + number}",
            "excl_group": policy.excl_group and f"{policy.excl_group}{turn}",
            "condition": _moved(policy.condition, turn),
        }
        made[own["id"]] = policy.model_copy(update=own)
    return made


def _moved(raw: Any, turn: int) -> Any:
    """The condition with each number a little higher in each round."""
    if isinstance(raw, dict):
        return {key: _moved(value, turn) for key, value in raw.items()}
    if isinstance(raw, list):
        return [_moved(value, turn) for value in raw]
    return raw * (1 + turn / 100) if isinstance(raw, int | float) and not isinstance(raw, bool) else raw


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds: the best of the repeats is what it takes undisturbed, the median what it took here and now."""

    best: float
    cpu: float
    wall: float


def milliseconds(work: Callable[[], object], repeat: int = 40) -> Times:
    """Of one piece of work."""
    walls, cpus = [], []
    for _ in range(repeat):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    return Times(min(cpus), median(cpus), median(walls))


def said(service: PolicyService, firm: Enterprise) -> list[Any]:
    """What a person is told of each decision."""
    return [(each.reasons, each.missing, each.benefit) for each in service.check(firm, ON)]


def explained(service: PolicyService, policies: dict[str, Policy], firm: Enterprise) -> list[Any]:
    """Everything that is kept or shown of each decision."""
    sheet = fact_sheet(firm, ON)
    found: list[Any] = []
    for decision in service.check_sheet(sheet):
        if decision.outcome is Outcome.MATCH:
            found.append(evidenced(decision, policies[decision.policy], sheet, service, "bench", NOW).body)
        elif decision.outcome is Outcome.NOT_MATCH:
            found.append(decision.reasons)
        else:
            found.append((decision.reasons, decision.missing, decision.benefit, decision.documents()))
    return found


def measure(count: int = 200) -> dict[str, list[Times]]:
    """What is done → its times, an entry an enterprise."""
    policies = real_shaped(count)
    service = PolicyService(policies)
    rows = yaml.safe_load((DATA / "enterprises.yaml").read_text(encoding="utf-8"))
    firms = [Enterprise.model_validate(row) for row in rows]
    assert len(service.check(firms[0], ON)) == count
    ways: dict[str, Callable[[Enterprise], object]] = {
        "facts gathered and derived": lambda firm: fact_sheet(firm, ON),
        "and outcome of each policy": lambda firm: service.check(firm, ON),
        "and why, what is missing, how much, of each": lambda firm: said(service, firm),
        "and everything that is kept as evidence": lambda firm: explained(service, policies, firm),
    }
    return {name: [milliseconds(partial(way, firm)) for firm in firms] for name, way in ways.items()}


def section() -> Section:
    """Holds when a check with explanations keeps what is promised for the median enterprise."""
    found = measure()
    lines = []
    for name, times in found.items():
        middle = [median(each) for each in zip(*((t.best, t.cpu, t.wall) for t in times), strict=True)]
        lines.append([name, *(f"{each:.2f}" for each in (*middle, max(t.best for t in times)))])
    head = ["from the profile", "CPU ms, best of 40", "CPU ms, median", "wall ms, median", "worst enterprise, best"]
    text = (
        f"`python -m bench policy_check`, {today()}: one enterprise × 200 real-shaped policies, thresholds differing "
        "from policy to policy; the median of the sample enterprises. The last row: of a match the whole evidence that "
        "is kept, of an open one reasons, missing facts, amount and every leaf, of a refusal what decided it. "
        "Promised: 2 ms with explanations.\n\n"
        f"{table(head, lines)}"
    )
    return Section(
        "Policies: one changed enterprise",
        text,
        median(t.cpu for t in found["and everything that is kept as evidence"]) <= PROMISED_MS,
    )
