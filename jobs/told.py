"""What an enterprise was told of which policy: rows ``told#{uscc}``/``{policy}#{version}#{event}``, which is the
idempotency key of the facts (§3.0), written in the same transaction as the notice that told it.

Row ``told#{uscc}``/``seen`` remembers which policies did not match at the last look, so that a profile that changed and
matches now is told apart from a new policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from chalicelib.policies.model import Mode, Policy
from chalicelib.ports import JsonObject, Put, Record, Store

NEW, CHANGED, REPAIRABLE = "policy_new", "policy_changed", "credit_repairable"
NOW_MATCH, WINDOW = "profile_changed_now_match", "window_open"
_SEEN = "seen"
_NOTHING_TO_APPLY_FOR = frozenset({Mode.AUTO, Mode.NOTICE})

Unmatched = Mapping[str, int]
"""Policy → version: what did not match at the last look."""


@dataclass(frozen=True, slots=True)
class Told:
    """Everything one enterprise was told, by idempotency key with the day, and what it did not match."""

    days: Mapping[str, date] = field(default_factory=dict)
    unmatched: Unmatched = field(default_factory=dict)

    def event(self, policy: Policy, mode: Mode, on: date) -> str | None:
        """Which event a match of this version on that day is; None when there is nothing new to tell."""
        own = self._own(policy)
        if self.unmatched.get(policy.id) == policy.version and NOW_MATCH not in own:
            return NOW_MATCH
        if not own:
            return CHANGED if any(key.startswith(f"{policy.id}#") for key in self.days) else NEW
        return WINDOW if self.window_untold(policy, on) and mode not in _NOTHING_TO_APPLY_FOR else None

    def window_untold(self, policy: Policy, on: date) -> bool:
        """Whether applications have opened since it was told of this version, and nobody said so."""
        own = self._own(policy)
        opened = policy.apply_from is not None and bool(own) and min(own.values()) < policy.apply_from <= on
        return opened and WINDOW not in own

    def _own(self, policy: Policy) -> dict[str, date]:
        """What was told of this version: event → day."""
        start = f"{policy.id}#{policy.version}#"
        return {key.split("#")[2]: day for key, day in self.days.items() if key.startswith(start)}

    def was_told(self, policy: Policy, event: str) -> bool:
        return _key(policy.id, str(policy.version), event) in self.days


def told_by(store: Store, uscc: str) -> Told:
    days: dict[str, date] = {}
    unmatched: Unmatched = {}
    page: str | None = None
    while True:
        got = store.query(_pk(uscc), page=page, limit=1000)
        for record in got.records:
            if record.sk == _SEEN:
                unmatched = record.body["unmatched"]
            else:
                days[record.sk] = date.fromisoformat(record.body["on"])
        page = got.next
        if page is None:
            return Told(days, unmatched)


def telling(uscc: str, policy_id: str, version: str, event: str, on: date) -> Put:
    """The row that claims this telling; the transaction fails when it was told already."""
    return Put(Record(_pk(uscc), _key(policy_id, version, event), {"on": on.isoformat()}), if_absent=True)


def seen(uscc: str, unmatched: Unmatched) -> Put:
    """The row of the last look."""
    body: JsonObject = {"unmatched": dict(unmatched)}
    return Put(Record(_pk(uscc), _SEEN, body))


def _key(policy_id: str, version: str, event: str) -> str:
    return f"{policy_id}#{version}#{event}"


def _pk(uscc: str) -> str:
    return f"told#{uscc}"
