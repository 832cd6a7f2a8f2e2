"""绑定: a person stands for an enterprise in a role, proved by a one-time code from an operator (domain facts §6.2).

The code is typed, or carried by a QR code as its scene (带参数二维码). A 法人 whose binding is suspended (``handover``)
gets it back by a new code only; so does everybody whose binding ended.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from pydantic import ConfigDict

from chalicelib.enterprises import membership
from chalicelib.enterprises.access import Right, may
from chalicelib.enterprises.code_form import ALPHABET, CODE_LENGTH
from chalicelib.enterprises.membership import Membership
from chalicelib.enterprises.races import settled
from chalicelib.enterprises.repository import (
    BINDING,
    JOINING,
    MEMBER,
    SUSPENDED,
    enterprise_key,
    pair_keys,
    person_key,
    rows_of,
)
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.tries import BIND, LockedOut, Lockout
from chalicelib.enterprises.uscc import LENGTH
from chalicelib.errors import Refusal
from chalicelib.masking import openid as pseudonym
from chalicelib.once import Once, Work
from chalicelib.ports import Check, Conflict, Delete, JsonObject, Put, Record, Store, Write
from chalicelib.shape import Shape

CODE_LIFE = timedelta(hours=72)

NOBODY = "-"
"""Stands in a key for an enterprise that there is not, so that its read costs what every read costs."""

SCENE_BYTES = 24
SCENE_LONGEST = timedelta(days=30)
"""A temporary QR code of the platform lives no longer (platform document 生成带参数的二维码)."""

WRONG_CODE = "授权码不对或已失效。请核对后重发，或请工作人员重新发码。"
USED_SCENE = (
    "这个二维码已经用过或已过期，没有绑定。刚才已绑定的，回复“我的数据”可以看到；没有绑定的，请工作人员重新出码。"
)
_SNAPSHOT = "当前是微信快照页，不能绑定。请点页面下方“使用完整服务”后再试。"
_NOT_ALLOWED = "只有法定代表人可以移除其他成员。请联系本企业法定代表人，或拨 12345。"


class BindingRefused(Refusal):
    """The text is the sentence to show; the same one for every code that does not work, whatever the reason."""


class IssuedCode(Shape):
    """授权码 in clear: exists only here, to be read out once; the store knows its hash."""

    model_config = ConfigDict(frozen=True)

    code: str
    uscc: str
    role: Role
    expires_at: datetime


class Member(Shape):
    """成员 as the 法人 sees them. ``label`` is the masked name (张*) of who joined by the 法人's confirmation, empty
    for who had an operator's code."""

    model_config = ConfigDict(frozen=True)

    role: Role
    bound_at: datetime
    label: str = ""


class Binding(Member):
    """One person's role in one enterprise; stored under the person and under the enterprise."""

    openid: str
    uscc: str
    issued_by: str

    @property
    def ref(self) -> str:
        """What stands for the person in lists, links and forms: never the openid (domain facts §6.3)."""
        return pseudonym(self.openid)

    def may(self, right: Right) -> bool:
        return may(self.role, right)


@dataclass(frozen=True, slots=True)
class Acting:
    """A member who may do something now, and what must still hold when it is written."""

    binding: Binding
    mine: Check
    members: membership.Held

    @property
    def still(self) -> list[Write]:
        """Goes along in the transaction that does it: that raises Conflict when the member may not any more."""
        return [self.members.unchanged(), self.mine]


class _CodeRow(Shape):
    """``handovers`` of the enterprise when it was issued: a code for a 法人 ends with the next one."""

    uscc: str
    role: Role
    issued_by: str
    handovers: int = 0
    expires_at: datetime


class BindingService:
    """Codes, bindings and members. A suspended binding is none: no method here but ``suspended`` shows it.

    ``came_in`` is told of enterprises that have a new member, who may be told of what they did not hear before.
    """

    def __init__(self, store: Store, came_in: Callable[[Collection[str], datetime], None] | None = None) -> None:
        self._store = store
        self.came_in = came_in or (lambda usccs, now: None)
        self._lockout = Lockout(store, BIND)
        self._once = Once(store)

    # ---------------------------------------------------------------------------------------------------------- codes

    def issue_code(
        self, uscc: str, role: Role | str, by: str, now: datetime, life: timedelta = CODE_LIFE
    ) -> IssuedCode:
        """A new single-use code for a role in an enterprise; ``by`` is the operator's id. Raises ValueError on a role
        that there is not."""
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        return self._issued(code_key(code), code, Role(role), uscc, by, now, life)

    def issue_scene(
        self, uscc: str, role: Role | str, by: str, now: datetime, life: timedelta = CODE_LIFE
    ) -> IssuedCode:
        """The same for a QR code: the text is too long to be guessed or typed, and says nothing of the enterprise.

        Raises ValueError beyond SCENE_LONGEST.
        """
        if not timedelta() < life <= SCENE_LONGEST:
            raise ValueError("a scene lives more than no time and at most 30 days")
        scene = secrets.token_urlsafe(SCENE_BYTES)
        return self._issued(_scene_key(scene), scene, Role(role), uscc, by, now, life)

    def redeem(self, openid: str, code: str, now: datetime, snapshot_user: bool = False, message: str = "") -> Binding:
        """Bind the person by their code. Raises BindingRefused. ``message`` as in ``once``.

        The try is counted before the code is looked at, so parallel guesses cannot pass the limit; unknown, used,
        expired and mistyped codes cost the same reads and writes and get the same sentence.
        """
        if snapshot_user:
            raise BindingRefused(_SNAPSHOT)
        counted: list[str] = []

        def bind() -> tuple[JsonObject, list[Write]]:
            if not counted:  # a lost race at the members' row is no further try
                self._counted(openid, now, message)
                counted.append(openid)
            bound, writes = self._by(code_key(code), openid, now, WRONG_CODE)
            return bound, [*writes, self._lockout.cleared(openid)]

        return self._bound(openid, message, now, bind, WRONG_CODE)

    def redeem_scene(self, openid: str, scene: str, now: datetime, message: str = "") -> Binding:
        """Bind who scanned a QR code, once. Raises BindingRefused. Tries are not counted: nobody types a scene."""
        return self._bound(
            openid, message, now, lambda: self._by(_scene_key(scene), openid, now, USED_SCENE), USED_SCENE
        )

    def _issued(
        self, key: str, code: str, role: Role, uscc: str, by: str, now: datetime, life: timedelta
    ) -> IssuedCode:
        handovers = membership.read(self._store, uscc).row.handovers
        row = _CodeRow(uscc=uscc, role=role, issued_by=by, handovers=handovers, expires_at=now + life)
        self._store.put(
            Record(key, "row", row.model_dump(mode="json"), expires_at=int(row.expires_at.timestamp())), if_absent=True
        )
        return IssuedCode(code=code, uscc=uscc, role=row.role, expires_at=row.expires_at)

    def _counted(self, openid: str, now: datetime, message: str) -> None:
        try:
            self._lockout.miss(openid, now, message)
        except LockedOut as locked:
            raise BindingRefused(str(locked)) from None

    def _bound(self, openid: str, message: str, now: datetime, bind: Work, refusal: str) -> Binding:
        try:
            body = settled(lambda: self._once.do(message, "bind", now, bind))
        except Conflict:
            raise BindingRefused(refusal) from None
        binding = Binding.model_validate({**body, "openid": openid})
        self.came_in([binding.uscc], now)
        return binding

    def _by(self, key: str, openid: str, now: datetime, refusal: str) -> tuple[JsonObject, list[Write]]:
        """The binding that this code makes, without the openid, and the writes for it; the code goes with them.
        Raises BindingRefused."""
        record = self._store.get(key, "row")
        row = None if record is None else _CodeRow.model_validate(record.body)
        if record is None or row is None or row.expires_at <= now:
            raise BindingRefused(refusal)
        held = membership.read(self._store, row.uscc)
        if row.role is Role.LEGAL and _is_over(row, held.row):
            raise BindingRefused(refusal)  # meant for the one who was 法人 before
        binding = Binding(openid=openid, uscc=row.uscc, role=row.role, bound_at=now, issued_by=row.issued_by)
        spent = Delete(record.pk, record.sk, if_version=record.version)
        return binding.model_dump(mode="json", exclude={"openid"}), [spent, held.moved(), *binding_puts(binding)]

    # ------------------------------------------------------------------------------------------------------- bindings

    def of_person(self, openid: str, right: Right | None = None) -> list[Binding]:
        """The enterprises a person is bound to, by credit code; with ``right``, those where their role holds it."""
        found = (Binding.model_validate(row.body) for row in rows_of(self._store, person_key(openid), BINDING))
        return [binding for binding in found if right is None or binding.may(right)]

    def of(self, openid: str, uscc: str | None, right: Right | None = None) -> Binding | None:
        """The person's binding to this enterprise, if there is one and, with ``right``, if its role holds that.

        One read whatever the answer, also for None, the enterprise of a thing that is not there: who asks for what
        is not theirs cannot tell by the time it takes whether it exists.
        """
        uscc = _named(uscc)
        row, mark = self._store.get_many([(person_key(openid), BINDING + uscc), membership.key(uscc)])
        return _in_force(row, membership.held(uscc, mark).row, right)

    def acting(self, openid: str, uscc: str, right: Right | None = None) -> Acting | None:
        """``of`` for who is about to do something: with what must still hold when it is written."""
        uscc = _named(uscc)
        held = membership.read(self._store, uscc)
        row = self._store.get(person_key(openid), BINDING + uscc)
        binding = _in_force(row, held.row, right)
        if row is None or binding is None:
            return None
        return Acting(binding, Check(row.pk, row.sk, if_version=row.version), held)

    def suspended(self, openid: str) -> list[Binding]:
        """Bindings as 法人 that wait for an operator's new code (``handover``)."""
        return [Binding.model_validate(row.body) for row in rows_of(self._store, person_key(openid), SUSPENDED)]

    def members(self, uscc: str) -> list[Binding]:
        """Who is bound to the enterprise."""
        return list(members(self._store, uscc))

    def remove(self, openid: str, uscc: str, now: datetime, by: str | None = None, message: str = "") -> bool:
        """End a binding; whether there was one. ``by`` is the openid of who asks, None an operator.

        A person may leave by themselves; removing somebody else takes the 法人. Raises BindingRefused. ``now`` is the
        moment of the request: a binding made after it, on a new code, stays. ``message`` as in ``once``.
        """

        def end() -> tuple[JsonObject, list[Write]]:
            still = self._may_remove(openid, uscc, by)
            row = self._store.get(person_key(openid), BINDING + uscc)
            return {"was_bound": row is not None}, [*still, *_ended(row, openid, uscc, now)]

        return bool(settled(lambda: self._once.do(message, "unbind", now, end)).get("was_bound", True))

    def remove_member(self, by: str, uscc: str, ref: str, now: datetime, message: str = "") -> Member | None:
        """``remove``, by the 法人 ``by``, of the member that ``ref`` stands for. Returns who that was; None where there
        is none, or ``by`` may not see members. Raises BindingRefused. ``message`` as in ``once``."""

        def end() -> tuple[JsonObject, list[Write]]:
            allowed = self.of(by, uscc, Right.SEE_MEMBERS)
            found = next((one for one in self.members(uscc) if one.ref == ref), None) if allowed else None
            if found is None:
                return {}, []
            still = self._may_remove(found.openid, uscc, by)
            row = self._store.get(person_key(found.openid), BINDING + uscc)
            return member_of(found), [*still, *_ended(row, found.openid, uscc, now)]

        body = settled(lambda: self._once.do(message, "remove member", now, end))
        return Member.model_validate(body) if body else None

    def _may_remove(self, openid: str, uscc: str, by: str | None) -> list[Write]:
        """What must still hold when the binding is ended. Raises BindingRefused."""
        if by is None or by == openid:
            return [membership.read(self._store, uscc).unchanged()]
        acting = self.acting(by, uscc, Right.DO_REMOVE)
        if acting is None:
            raise BindingRefused(_NOT_ALLOWED)
        return acting.still


def members(store: Store, uscc: str) -> Iterator[Binding]:
    """Everyone bound to an enterprise, read from its own partition."""
    return (Binding.model_validate(row.body) for row in rows_of(store, enterprise_key(uscc), MEMBER))


def code_key(code: str) -> str:
    """The row of a code as typed: case, width, spaces and hyphens do not matter."""
    plain = "".join(character for character in unicodedata.normalize("NFKC", code).upper() if character.isalnum())
    return f"bindcode#{sha256(plain.encode()).hexdigest()}"


def _scene_key(scene: str) -> str:
    return f"bindscene#{sha256(scene.encode()).hexdigest()}"


def pair_deletes(prefix: str, openid: str, uscc: str) -> list[Write]:
    """Both rows of a pair, to be removed together."""
    return [Delete(pk, sk) for pk, sk in pair_keys(prefix, openid, uscc)]


def binding_puts(binding: Binding, request: Record | None = None) -> list[Write]:
    """Both rows of a binding; what the person had of it before, suspended or asked for, goes. ``request`` is the
    enterprise's row of what they asked for, where the binding is the answer to that very one."""
    openid, uscc, body = binding.openid, binding.uscc, binding.model_dump(mode="json")
    mine, theirs = pair_keys(JOINING, openid, uscc)
    return [
        *(Put(Record(pk, sk, body)) for pk, sk in pair_keys(BINDING, openid, uscc)),
        *pair_deletes(SUSPENDED, openid, uscc),
        Delete(*mine),
        Delete(*theirs, if_version=request.version if request else None),
    ]


def member_of(binding: Binding) -> JsonObject:
    """What is remembered of an act about a member: no openid."""
    return binding.model_dump(mode="json", include=set(Member.model_fields))


def _ended(row: Record | None, openid: str, uscc: str, now: datetime) -> list[Write]:
    """Of the binding that was read, and of no other: both rows of a pair are always written together."""
    rests = pair_deletes(SUSPENDED, openid, uscc)
    if row is None:
        return rests
    if Binding.model_validate(row.body).bound_at > now:
        return []
    mine, theirs = pair_keys(BINDING, openid, uscc)
    return [Delete(*mine, if_version=row.version), Delete(*theirs), *rests]


def _named(uscc: str | None) -> str:
    """A form may send anything; what is too long for a credit code is nobody's, and no key of a row."""
    return uscc if uscc and len(uscc) <= LENGTH else NOBODY


def _in_force(row: Record | None, members: Membership, right: Right | None) -> Binding | None:
    """The binding, unless it is of a 法人 who is being suspended or, with ``right``, of a role without that."""
    binding = None if row is None else Binding.model_validate(row.body)
    if binding is None or (binding.role is Role.LEGAL and members.closing):
        return None
    return binding if right is None or binding.may(right) else None


def _is_over(code: _CodeRow, members: Membership) -> bool:
    return members.closing or code.handovers < members.handovers
