"""One changed enterprise against 200 policies, with benefits, exclusion groups, 总则 and records: what a push looks at.

python -m bench policy_check [--write]

The policies are those of data/policies.yaml, repeated under other ids; the enterprises are those of
data/enterprises.yaml. CPU time, for the machine may be shared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from bench.policy_match import today
from bench.report import Section, table
from chalicelib.enterprises.model import Enterprise
from chalicelib.policies.model import Policy
from chalicelib.policies.service import Decision, PolicyService
from chalicelib.policies.tree import Outcome

DATA = Path(__file__).resolve().parent.parent / "data"
ON = date(2026, 11, 22)
PROMISED_MS = 2.0


def real_shaped(count: int) -> dict[str, Policy]:
    """Each round of the sample policies has ids and exclusion groups of its own."""
    rows = [Policy.model_validate(row) for row in yaml.safe_load((DATA / "policies.yaml").read_text(encoding="utf-8"))]
    meant = [policy for policy in rows if policy.audience == "enterprise"]
    made = {}
    for number in range(count):
        policy, turn = meant[number % len(meant)], number // len(meant)
        own = {"id": f"P{1000 + number}", "excl_group": policy.excl_group and f"{policy.excl_group}{turn}"}
        made[own["id"]] = policy.model_copy(update=own)
    return {str(name): policy for name, policy in made.items()}


def milliseconds(work: Callable[[], object], repeat: int = 30) -> float:
    """The median of CPU times."""
    times = []
    for _ in range(repeat):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return median(times) * 1000


def said(decisions: list[Decision], *, everything: bool) -> list[Any]:
    """What is shown: reasons, missing facts and amount of what is open to the enterprise, or of every policy."""
    return [(d.reasons, d.missing, d.benefit) for d in decisions if everything or d.outcome is not Outcome.NOT_MATCH]


def measure(count: int = 200) -> list[tuple[str, float, float]]:
    """(what, median over the enterprises in ms, worst enterprise in ms)."""
    service = PolicyService(real_shaped(count))
    rows = yaml.safe_load((DATA / "enterprises.yaml").read_text(encoding="utf-8"))
    firms = [Enterprise.model_validate(row) for row in rows]
    ways: dict[str, Callable[[Enterprise], object]] = {
        "outcome, mode, deadline": lambda firm: service.check(firm, ON),
        "and why, what is missing, how much, of all but not_match": lambda firm: said(
            service.check(firm, ON), everything=False
        ),
        "the same of every policy": lambda firm: said(service.check(firm, ON), everything=True),
    }
    found = []
    for name, way in ways.items():
        times = [milliseconds(lambda way=way, firm=firm: way(firm)) for firm in firms]  # type: ignore[misc]
        found.append((name, round(median(times), 2), round(max(times), 2)))
    return found


def section() -> Section:
    """Holds when a check with explanations keeps what is promised for the median enterprise."""
    found = measure()
    lines = table(["what is asked for", "CPU ms, median enterprise", "worst"], found)
    text = f"`python -m bench policy_check`, {today()}: one enterprise × 200 real-shaped policies.\n\n{lines}"
    return Section("Policies: one changed enterprise", text, found[1][1] <= PROMISED_MS)
