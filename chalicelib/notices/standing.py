"""How one person stands with us at the moment of sending: may they get it, and on what.

All rows that decide it lie together, from ``binding#`` to ``follower`` in the person's own partition, so it costs one
query and is one moment's truth: a withdrawal a second ago is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from chalicelib.enterprises.consent import stands
from chalicelib.enterprises.repository import BINDING, CONSENT, FOLLOWER, person_key
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.audience import NOT_BOUND, NOT_FOLLOWING, Person
from chalicelib.notices.kinds import NoticeKind, rules
from chalicelib.notices.limits import SENT
from chalicelib.notices.subscriptions import SUBSCRIPTION, Subscription
from chalicelib.notices.unreachable import UNREACHABLE
from chalicelib.ports import Record, Store


@dataclass(slots=True)
class Standing:
    """``roles`` by credit code; ``subscriptions`` by template; ``sent`` the row that counts today's notices."""

    openid: str
    following: bool = False
    unreachable: bool = False
    roles: dict[str, Role] = field(default_factory=dict)
    scopes: set[Scope] = field(default_factory=set)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    sent: Record | None = None

    def refusal(self, uscc: str, kind: NoticeKind) -> str | None:
        """Why a notice for this enterprise may not go to this person now, in Chinese; None when it may."""
        following = self.following and not self.unreachable
        is_reply = rules(kind).scope is None
        role = self.roles.get(uscc)
        if role is None and (uscc or not is_reply):
            return NOT_BOUND
        if role is None or is_reply:
            return None if following else NOT_FOLLOWING
        return Person(self.openid, role, frozenset(self.scopes), following).refusal(kind)

    def subscription(self, template: str) -> Subscription:
        return self.subscriptions.get(template) or Subscription(template=template)


def standing(store: Store, openid: str) -> Standing:
    """Read it; somebody unknown stands badly."""
    found = Standing(openid)
    for row in _rows(store, openid):
        _note(found, row)
    return found


def _note(found: Standing, row: Record) -> None:
    if row.sk.startswith(BINDING):
        found.roles[str(row.body["uscc"])] = Role(row.body["role"])
    elif row.sk.startswith(CONSENT) and stands(row):
        found.scopes.add(Scope(row.sk.removeprefix(CONSENT)))
    elif row.sk.startswith(SUBSCRIPTION):
        subscription = Subscription.model_validate(row.body)
        found.subscriptions[subscription.template] = subscription
    elif row.sk == UNREACHABLE:
        found.unreachable = True
    elif row.sk == SENT:
        found.sent = row
    elif row.sk == FOLLOWER:
        found.following = row.body["leaving_at"] is None


def _rows(store: Store, openid: str) -> Iterator[Record]:
    page: str | None = None
    while True:
        got = store.query(person_key(openid), start=BINDING, end=FOLLOWER, page=page)
        yield from got.records
        page = got.next
        if page is None:
            return
