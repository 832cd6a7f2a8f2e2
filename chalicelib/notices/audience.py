"""Who may get a notice, asked when it is planned; people withdraw in between, so sending asks again (``standing``)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import NoticeKind, rules
from chalicelib.notices.unreachable import Unreachable

NOT_BOUND = "未绑定"
WRONG_ROLE = "角色不符"
NO_CONSENT = "未授权"
NOT_FOLLOWING = "未关注"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody bound to an enterprise, with what decides whether a notice may go to them."""

    openid: str
    role: Role
    scopes: frozenset[Scope]
    following: bool = True

    def refusal(self, kind: NoticeKind) -> str | None:
        """Why a notice of this kind may not go to this person, in Chinese; None when it may."""
        needed = rules(kind)
        if not self.following:
            return NOT_FOLLOWING
        if self.role not in needed.roles:
            return WRONG_ROLE
        if needed.scope not in self.scopes:
            return NO_CONSENT
        return None


class Member(Protocol):
    """A binding, as far as a notice asks."""

    @property
    def openid(self) -> str: ...

    @property
    def role(self) -> Role: ...


class Bindings(Protocol):
    def members(self, uscc: str) -> Iterable[Member]: ...


class Consents(Protocol):
    def allows(self, openid: str, scope: Scope) -> bool: ...


class Followers(Protocol):
    def is_following(self, openid: str) -> bool: ...


class Audience:
    def __init__(self, bindings: Bindings, consents: Consents, followers: Followers, unreachable: Unreachable) -> None:
        self._bindings = bindings
        self._consents = consents
        self._followers = followers
        self._unreachable = unreachable

    def people(self, uscc: str, kinds: Iterable[NoticeKind]) -> list[Person]:
        """Everybody bound to the enterprise, with the consents that notices of these kinds ask for."""
        scopes = {scope for kind in kinds if (scope := rules(kind).scope)}
        return [self._person(member, scopes) for member in self._bindings.members(uscc)]

    def reaches(self, openid: str) -> bool:
        """Whether this person follows and can be reached, as far as is known."""
        return self._followers.is_following(openid) and not self._unreachable.holds(openid)

    def _person(self, member: Member, asked: Iterable[Scope]) -> Person:
        scopes = frozenset(scope for scope in asked if self._consents.allows(member.openid, scope))
        return Person(member.openid, member.role, scopes, self.reaches(member.openid))
