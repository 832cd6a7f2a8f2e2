"""What an enterprise was told of which policy: rows ``told#{uscc}``/``{policy}#{version}#{event}``, which is the
idempotency key of the facts (§3), written in the same transaction as the notice that told it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chalicelib.ports import Put, Record, Store

NEW, CHANGED, REPAIRABLE = "policy_new", "policy_changed", "credit_repairable"


@dataclass(frozen=True, slots=True)
class Told:
    """Everything one enterprise was told."""

    keys: frozenset[str]

    def event(self, policy_id: str, version: str) -> str | None:
        """Which event a match of this version is: new, changed, or None when it was told."""
        versions = {key.split("#")[1] for key in self.keys if key.startswith(f"{policy_id}#")}
        if version in versions:
            return None
        return CHANGED if versions else NEW


def told_by(store: Store, uscc: str) -> Told:
    keys: set[str] = set()
    page: str | None = None
    while True:
        got = store.query(_pk(uscc), page=page, limit=1000)
        keys.update(record.sk for record in got.records)
        page = got.next
        if page is None:
            return Told(frozenset(keys))


def telling(uscc: str, policy_id: str, version: str, event: str, on: date) -> Put:
    """The row that claims this telling; the transaction fails when it was told already."""
    return Put(Record(_pk(uscc), f"{policy_id}#{version}#{event}", {"on": on.isoformat()}), if_absent=True)


def _pk(uscc: str) -> str:
    return f"told#{uscc}"
