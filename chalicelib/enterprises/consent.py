"""授权同意 by purpose: given under one version of the notice, withdrawn at once, provable afterwards.

Rule: 个人信息保护法 articles 13 to 17.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from pydantic import ConfigDict

from chalicelib.enterprises.binding import Binding, members
from chalicelib.enterprises.repository import CONSENT, consent_log_key, is_following, person_key, rows_of
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import ALLOWED_ROLES, Scope
from chalicelib.once import Once
from chalicelib.ports import Conflict, Delete, JsonObject, Put, Record, Store, Write
from chalicelib.shape import Shape
from chalicelib.times import stamp

NOTICE_VERSION = "2026-11"
"""告知书版本: the wording that people agree to today; a new wording needs a new version,
other purposes a line in OUTDATED as well."""

OUTDATED: Mapping[str, frozenset[Scope]] = {}
"""By version of the notice, the scopes whose purpose or recipients it told otherwise than today's does: a consent under
it allows them no more and is asked for again (个人信息保护法 article 14, paragraph 2). A mere change of words needs no
line here."""

HISTORY_KEPT = timedelta(days=1096)
"""The history of a consent is kept for its validity and three years more (domain facts §6.4)."""

_ATTEMPTS = 8


class Consent(Shape):
    """A consent in force."""

    model_config = ConfigDict(frozen=True)

    scope: Scope
    version: str
    channel: str
    at: datetime


class ConsentEvent(Consent):
    """One line of the history."""

    action: Literal["granted", "withdrawn"]


Held = Mapping[Scope, Record]


class ConsentService:
    """What a person allows, now and over time. Consent is the person's, whatever enterprises they are bound to.

    ``granted`` is told of a person who allows more, and may be told of what they did not hear before.
    """

    def __init__(
        self,
        store: Store,
        granted: Callable[[str, datetime], None] | None = None,
        outdated: Mapping[str, frozenset[Scope]] = OUTDATED,
    ) -> None:
        self._store = store
        self._outdated = outdated
        self._on_grant = granted or (lambda openid, now: None)
        self._once = Once(store)

    def grant(
        self, openid: str, scopes: Iterable[Scope], version: str, channel: str, now: datetime, message: str = ""
    ) -> None:
        """Allow each scope under this version of the notice; what already stands in that version stays as it is.

        ``channel`` says where it was given (menu, page, chat, hall), ``message`` (as in ``once``) by what.
        """

        given = [Scope(scope) for scope in dict.fromkeys(scopes)]

        def writes(held: Held, at: datetime) -> list[Write]:
            new = [scope for scope in given if scope not in held or held[scope].body["version"] != version]
            return [
                write
                for scope in new
                for write in _granted(openid, Consent(scope=scope, version=version, channel=channel, at=at), held)
            ]

        self._change(openid, writes, now, message, "grant")
        self._on_grant(openid, now)

    def withdraw(
        self, openid: str, scopes: Iterable[Scope], channel: str, now: datetime, message: str = ""
    ) -> datetime:
        """Stop allowing each scope, at once: every later ``allows`` is false. Withdrawing what is not given is fine.
        Returns when it was done: earlier than ``now`` where this very ``message`` (as in ``once``) did it before."""
        given = {Scope(scope) for scope in scopes}

        def writes(held: Held, at: datetime) -> list[Write]:
            return withdrawals(openid, {scope: row for scope, row in held.items() if scope in given}, channel, at)

        return self._change(openid, writes, now, message, "withdraw")

    def allows(self, openid: str, scope: Scope) -> bool:
        """Read from the store each time: a push asks again right before it is sent."""
        row = self._store.get(person_key(openid), CONSENT + scope)
        return row is not None and stands(row, self._outdated)

    def current(self, openid: str) -> dict[Scope, Consent]:
        """The consents in force, by scope."""
        rows = rows_of(self._store, person_key(openid), CONSENT)
        found = [Consent.model_validate(row.body) for row in rows if stands(row, self._outdated)]
        return {consent.scope: consent for consent in found}

    def history(self, openid: str) -> list[ConsentEvent]:
        """Every grant and withdrawal, oldest first; kept, under a pseudonym, after the person has left."""
        return [ConsentEvent.model_validate(row.body) for row in rows_of(self._store, consent_log_key(openid), "")]

    def recipients(self, uscc: str, scope: Scope, roles: Collection[Role] | None = None) -> list[Binding]:
        """Members of the enterprise whom a push of this scope may reach now: role, consent and still following.

        ``roles`` narrows ALLOWED_ROLES of the scope; it never widens them.
        """
        allowed = ALLOWED_ROLES[scope] if roles is None else ALLOWED_ROLES[scope] & frozenset(roles)
        return [
            member
            for member in members(self._store, uscc)
            if member.role in allowed and self.allows(member.openid, scope) and is_following(self._store, member.openid)
        ]

    def _change(
        self, openid: str, writes: Callable[[Held, datetime], list[Write]], now: datetime, message: str, act: str
    ) -> datetime:
        """Write state and history together; returns when that was. A lost race reads again, and its line in the history
        moves on by a microsecond: no line is ever written over another."""
        instants = (now + timedelta(microseconds=attempt) for attempt in range(_ATTEMPTS))

        def write() -> tuple[JsonObject, list[Write]]:
            return {"at": now.isoformat()}, writes(held_consents(self._store, openid), next(instants))

        for attempt in range(_ATTEMPTS):
            try:
                return datetime.fromisoformat(self._once.do(message, act, now, write)["at"])
            except Conflict:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the loop returns or raises")


def stands(row: Record, outdated: Mapping[str, frozenset[Scope]] = OUTDATED) -> bool:
    """Whether what was agreed to in this consent row is what the notice says today."""
    return Scope(row.sk.removeprefix(CONSENT)) not in outdated.get(row.body["version"], ())


def held_consents(store: Store, openid: str) -> Held:
    """The rows of the consents in force."""
    return {Scope(row.sk.removeprefix(CONSENT)): row for row in rows_of(store, person_key(openid), CONSENT)}


def withdrawals(openid: str, held: Held, channel: str, at: datetime) -> list[Write]:
    """Delete these consents and say so in the history, to be written together. From here on both lines of the
    history, the grant and its end, have a term (HISTORY_KEPT)."""
    writes: list[Write] = []
    for scope, row in held.items():
        event = ConsentEvent(scope=scope, version=row.body["version"], channel=channel, at=at, action="withdrawn")
        writes += [
            Delete(row.pk, row.sk, if_version=row.version),
            _logged(openid, event, over_at=at),
            *_ended(openid, row, at),
        ]
    return writes


def _granted(openid: str, consent: Consent, held: Held) -> list[Write]:
    old = held.get(consent.scope)
    row = Record(person_key(openid), CONSENT + consent.scope, consent.model_dump(mode="json"))
    put = Put(row, if_absent=True) if old is None else Put(row, if_version=old.version)
    logged = _logged(openid, ConsentEvent(**consent.model_dump(), action="granted"))
    return [put, logged] if old is None else [put, logged, *_ended(openid, old, consent.at)]


def _logged(openid: str, event: ConsentEvent, over_at: datetime | None = None) -> Put:
    return Put(_line(openid, event, over_at), if_absent=True)


def _ended(openid: str, row: Record, at: datetime) -> list[Put]:
    """The line of the grant that this consent row stands for, with a term now that it is over.

    None for a grant of this very instant: its line keeps that of the end from being written, which then moves on.
    """
    event = ConsentEvent(**Consent.model_validate(row.body).model_dump(), action="granted")
    return [] if event.at == at else [Put(_line(openid, event, at))]


def _line(openid: str, event: ConsentEvent, over_at: datetime | None) -> Record:
    key = f"{stamp(event.at)}#{event.scope}"
    expires = int((over_at + HISTORY_KEPT).timestamp()) if over_at else None
    return Record(consent_log_key(openid), key, event.model_dump(mode="json"), expires_at=expires)
