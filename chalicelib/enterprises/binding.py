"""绑定: a person stands for an enterprise in a role, proved by a one-time code from an operator (domain facts §6.2)."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256

from pydantic import BaseModel, ConfigDict

from chalicelib.enterprises.model import Role
from chalicelib.enterprises.repository import BINDING, MEMBER, enterprise_key, person_key, rows_of
from chalicelib.enterprises.tries import BIND, LockedOut, Lockout
from chalicelib.errors import Refusal
from chalicelib.ports import Conflict, Delete, Put, Record, Store, Write

ALPHABET = "23456789ABCDEFGHJKMNPQRTUVWXY"
"""29 characters that survive being read out and copied by hand: no 0 O, no 1 I L, no S (5), no Z (2)."""

CODE_LENGTH = 8
CODE_LIFE = timedelta(hours=72)
WRONG_CODE = "授权码不对或已失效。请核对后重发，或请工作人员重新发码。"
_SNAPSHOT = "当前是微信快照页，不能绑定。请点页面下方“使用完整服务”后再试。"
_NOT_ALLOWED = "只有法定代表人可以移除其他成员。请联系本企业法定代表人，或拨 12345。"


class BindingRefused(Refusal):
    """The text is the sentence to show; the same one for every code that does not work, whatever the reason."""


class IssuedCode(BaseModel):
    """授权码 in clear: exists only here, to be read out once; the store knows its hash."""

    model_config = ConfigDict(frozen=True)

    code: str
    uscc: str
    role: Role
    expires_at: datetime


class Binding(BaseModel):
    """One person's role in one enterprise; stored under the person and under the enterprise."""

    model_config = ConfigDict(frozen=True)

    openid: str
    uscc: str
    role: Role
    bound_at: datetime
    issued_by: str


class _CodeRow(BaseModel):
    uscc: str
    role: Role
    issued_by: str
    expires_at: datetime


class BindingService:
    """Codes, bindings and members."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lockout = Lockout(store, BIND)

    def issue_code(
        self, uscc: str, role: Role | str, by: str, now: datetime, life: timedelta = CODE_LIFE
    ) -> IssuedCode:
        """A new single-use code for a role in an enterprise; ``by`` is the operator's id. Raises ValueError on a role
        that there is not."""
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        row = _CodeRow(uscc=uscc, role=Role(role), issued_by=by, expires_at=now + life)
        self._store.put(
            Record(code_key(code), "row", row.model_dump(mode="json"), expires_at=int(row.expires_at.timestamp())),
            if_absent=True,
        )
        return IssuedCode(code=code, uscc=uscc, role=row.role, expires_at=row.expires_at)

    def redeem(self, openid: str, code: str, now: datetime, snapshot_user: bool = False) -> Binding:
        """Bind the person by their code. Raises BindingRefused.

        The try is counted before the code is looked at, so parallel guesses cannot pass the limit; unknown, used,
        expired and mistyped codes cost the same reads and writes and get the same sentence.
        """
        if snapshot_user:
            raise BindingRefused(_SNAPSHOT)
        try:
            self._lockout.miss(openid, now)
        except LockedOut as locked:
            raise BindingRefused(str(locked)) from None
        record = self._store.get(code_key(code), "row")
        row = None if record is None else _CodeRow.model_validate(record.body)
        if record is None or row is None or row.expires_at <= now:
            raise BindingRefused(WRONG_CODE)
        binding = Binding(openid=openid, uscc=row.uscc, role=row.role, bound_at=now, issued_by=row.issued_by)
        try:
            self._store.transact([Delete(record.pk, record.sk, if_version=record.version), *_puts(binding)])
        except Conflict:  # someone else used it a moment ago
            raise BindingRefused(WRONG_CODE) from None
        self._lockout.clear(openid)
        return binding

    def of_person(self, openid: str) -> list[Binding]:
        """The enterprises a person is bound to, by credit code."""
        return [Binding.model_validate(row.body) for row in rows_of(self._store, person_key(openid), BINDING)]

    def of(self, openid: str, uscc: str) -> Binding | None:
        """The person's binding to this enterprise, if there is one."""
        row = self._store.get(person_key(openid), BINDING + uscc)
        return None if row is None else Binding.model_validate(row.body)

    def members(self, uscc: str) -> list[Binding]:
        """Who is bound to the enterprise."""
        return list(members(self._store, uscc))

    def remove(self, openid: str, uscc: str, now: datetime, by: str | None = None) -> None:
        """End a binding; ending one that is not there is fine. ``by`` is the openid of who asks, None an operator.

        A person may leave by themselves; removing somebody else takes the 法人. Raises BindingRefused. ``now`` is the
        moment of the request: a binding made after it, on a new code, stays.
        """
        if by is not None and by != openid:
            asking = self.of(by, uscc)
            if asking is None or asking.role is not Role.LEGAL:
                raise BindingRefused(_NOT_ALLOWED)
        held = self.of(openid, uscc)
        if held is None or held.bound_at <= now:
            self._store.transact(binding_deletes(openid, uscc))


def members(store: Store, uscc: str) -> Iterator[Binding]:
    """Everyone bound to an enterprise, read from its own partition."""
    return (Binding.model_validate(row.body) for row in rows_of(store, enterprise_key(uscc), MEMBER))


def code_key(code: str) -> str:
    """The row of a code as typed: case, width, spaces and hyphens do not matter."""
    plain = "".join(character for character in unicodedata.normalize("NFKC", code).upper() if character.isalnum())
    return f"bindcode#{sha256(plain.encode()).hexdigest()}"


def binding_deletes(openid: str, uscc: str) -> list[Write]:
    """Both rows of a binding, to be removed together."""
    return [Delete(person_key(openid), BINDING + uscc), Delete(enterprise_key(uscc), MEMBER + openid)]


def _puts(binding: Binding) -> list[Write]:
    body = binding.model_dump(mode="json")
    return [
        Put(Record(person_key(binding.openid), BINDING + binding.uscc, body)),
        Put(Record(enterprise_key(binding.uscc), MEMBER + binding.openid, body)),
    ]
