"""兑现统计: money that arrived and the enterprises it arrived at.

Distinct enterprises and the number of payments are different figures: 兑现资金 2.33亿元、惠及企业 3899家 (facts S22)
counts an enterprise once, however many awards and payments it had.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chalicelib.policies.awards.life import EntryState, entry_life
from chalicelib.policies.awards.model import Entry


@dataclass(frozen=True, slots=True)
class Paid:
    """``total`` in 分 that arrived; ``enterprises`` distinct; ``payments`` awards paid."""

    total: int = 0
    enterprises: int = 0
    payments: int = 0


@dataclass(frozen=True, slots=True)
class Statistics:
    """All rounds together, and by policy id."""

    all: Paid
    by_policy: Mapping[str, Paid]


@dataclass(frozen=True, slots=True)
class Tally:
    """Entries of one round by state: how many, and their sum (分). ``objections`` are entries with an open one."""

    count: Mapping[EntryState, int] = field(default_factory=dict)
    total: Mapping[EntryState, int] = field(default_factory=dict)
    objections: int = 0

    @property
    def entries(self) -> int:
        return sum(self.count.values())

    @property
    def is_final(self) -> bool:
        """Nothing more can come of any entry by itself."""
        return self.entries == self.count.get(EntryState.PAID, 0) + self.count.get(EntryState.WITHDRAWN, 0)


def statistics(entries: Iterable[Entry]) -> Statistics:
    """From the entries of whatever rounds are asked about."""
    totals: Counter[str] = Counter()
    payments: Counter[str] = Counter()
    enterprises: dict[str, set[str]] = {}
    for entry in entries:
        if entry_life(entry).state is EntryState.PAID:
            totals[entry.policy] += entry.amount
            payments[entry.policy] += 1
            enterprises.setdefault(entry.policy, set()).add(entry.uscc)
    by_policy = {name: Paid(totals[name], len(enterprises[name]), payments[name]) for name in sorted(totals)}
    everyone = set().union(*enterprises.values())
    return Statistics(Paid(totals.total(), len(everyone), payments.total()), by_policy)


def tally(entries: Iterable[Entry]) -> Tally:
    """Where the entries of one round stand."""
    count: Counter[EntryState] = Counter()
    total: Counter[EntryState] = Counter()
    objections = 0
    for entry in entries:
        life = entry_life(entry)
        count[life.state] += 1
        total[life.state] += entry.amount
        objections += bool(life.objections)
    return Tally(dict(count), dict(total), objections)
