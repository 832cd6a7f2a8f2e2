"""法定代表人变更: when an enterprise gets another 法人, the binding of the old one rests until an operator confirms.

Rule (docs/operations.md, 法定代表人变更): as soon as the register names another 法定代表人, or an operator says so,
every 法人 binding of the enterprise is suspended and every 法人 code issued before is void. A suspended binding sees
nothing, does nothing and is told nothing. Only a new code from an operator who saw the papers makes a 法人 again, the
same person or the next. The other members keep what they have. Suspended bindings are deleted after SUSPENDED_LIFE.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.enterprises.binding import Binding, members
from chalicelib.enterprises.model import Enterprise, Role
from chalicelib.enterprises.repository import BINDING, HANDOVER, SUSPENDED, enterprise_key, pair_keys
from chalicelib.ports import Conflict, Delete, Put, Record, Store, Write

SUSPENDED_LIFE = timedelta(days=90)
_ATTEMPTS = 8


def changed(before: Enterprise | None, after: Enterprise) -> bool:
    """Whether the register names another 法定代表人 than before; a name that was or is unknown says nothing."""
    return bool(before and before.legal_rep and after.legal_rep and _plain(before.legal_rep) != _plain(after.legal_rep))


def suspensions(store: Store, uscc: str, now: datetime) -> list[Write]:
    """The writes that suspend every 法人 of an enterprise, to go into one transaction with what made it necessary.

    Raises Conflict there when a binding changes meanwhile.
    """
    mark = store.get(enterprise_key(uscc), HANDOVER)
    record = Record(enterprise_key(uscc), HANDOVER, {"at": now.isoformat()})
    writes: list[Write] = [Put(record, if_absent=mark is None, if_version=mark.version if mark else None)]
    for member in members(store, uscc):
        if member.role is Role.LEGAL:
            writes += _suspended(store, member, now)
    return writes


def suspend(store: Store, uscc: str, now: datetime) -> int:
    """By an operator's word; returns how many 法人 bindings it suspended."""
    for attempt in range(_ATTEMPTS):
        writes = suspensions(store, uscc, now)
        try:
            store.transact(writes)
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
            continue
        return sum(isinstance(write, Delete) for write in writes) // 2
    raise AssertionError("the loop returns or raises")


def _suspended(store: Store, member: Binding, now: datetime) -> list[Write]:
    expires = int((now + SUSPENDED_LIFE).timestamp())
    writes: list[Write] = []
    for held, rests in zip(
        pair_keys(BINDING, member.openid, member.uscc), pair_keys(SUSPENDED, member.openid, member.uscc), strict=True
    ):
        row = store.get(*held)
        writes += [
            Delete(*held, if_version=row.version if row else None),
            Put(Record(*rests, member.model_dump(mode="json"), expires_at=expires)),
        ]
    return writes


def _plain(name: str) -> str:
    return "".join(name.split())
