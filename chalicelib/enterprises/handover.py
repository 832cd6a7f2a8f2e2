"""法定代表人变更: when an enterprise gets another 法人, the binding of the old one rests until an operator confirms.

Rule (docs/operations.md, 法定代表人变更): as soon as the register names another 法定代表人, or an operator says so,
every 法人 binding of the enterprise is suspended and every 法人 code issued before is void. A suspended binding sees
nothing, does nothing and is told nothing. Only a new code from an operator who saw the papers makes a 法人 again, the
same person or the next. The other members keep what they have. Suspended bindings are deleted after SUSPENDED_LIFE.

However many they are: beyond AT_ONCE they are suspended in portions, and from the first portion on none of them may act
(``membership``). Cut short, it goes on where it stopped when it is asked for again (docs/adr/0020).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.enterprises import membership
from chalicelib.enterprises.membership import Membership
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.races import settled
from chalicelib.enterprises.repository import BINDING, MEMBER, SUSPENDED, enterprise_key, pair_keys, rows_of
from chalicelib.enterprises.roles import Role
from chalicelib.ports import Delete, Put, Record, Store, Write

SUSPENDED_LIFE = timedelta(days=90)
AT_ONCE = 20
"""法人 suspended in one transaction: four writes each, beside what else goes into it."""


def changed(before: Enterprise | None, after: Enterprise) -> bool:
    """Whether the register names another 法定代表人 than before; a name that was or is unknown says nothing."""
    return bool(before and before.legal_rep and after.legal_rep and _plain(before.legal_rep) != _plain(after.legal_rep))


def suspensions(store: Store, uscc: str, now: datetime) -> list[Write]:
    """The writes that suspend the last AT_ONCE 法人 of an enterprise, to go into one transaction with what made it
    necessary; those beyond are suspended here and now.

    Raises Conflict, here or there, when a binding changes meanwhile.
    """
    held, legals = membership.read(store, uscc), _legals(store, uscc)
    while len(legals) > AT_ONCE:
        under_way = Membership(handovers=held.row.handovers, closing=True)
        store.transact([held.moved(under_way), *_suspended(legals[:AT_ONCE], uscc, now)])
        held, legals = membership.read(store, uscc), _legals(store, uscc)
    return [held.moved(Membership(handovers=held.row.handovers + 1)), *_suspended(legals, uscc, now)]


def suspend(store: Store, uscc: str, now: datetime) -> int:
    """By an operator's word; returns how many 法人 bindings it suspended. Raises Conflict."""
    suspended: set[str] = set()

    def hand_over() -> None:
        suspended.update(row.sk for row in _legals(store, uscc))
        store.transact(suspensions(store, uscc, now))

    settled(hand_over)
    return len(suspended)


def _legals(store: Store, uscc: str) -> list[Record]:
    """The enterprise's rows of its 法人."""
    return [row for row in rows_of(store, enterprise_key(uscc), MEMBER) if row.body["role"] == Role.LEGAL]


def _suspended(legals: list[Record], uscc: str, now: datetime) -> list[Write]:
    expires = int((now + SUSPENDED_LIFE).timestamp())
    writes: list[Write] = []
    for row in legals:
        openid = row.sk.removeprefix(MEMBER)
        mine, theirs = pair_keys(BINDING, openid, uscc)
        rests = pair_keys(SUSPENDED, openid, uscc)
        writes += [Delete(*mine), Delete(*theirs, if_version=row.version)]
        writes += [Put(Record(*key, row.body, expires_at=expires)) for key in rests]
    return writes


def _plain(name: str) -> str:
    return "".join(name.split())
