"""申请加入: somebody asks to be a member, and the 法人 who is bound already says yes or no.

Who asks is told the same, at the same cost, whether the enterprise is on file or not, has a 法人 bound or not, and
whether the 法人 refuses: a stranger learns nothing of who the members are. What joins the two is a number of four
digits that the applicant tells the 法人 outside of WeChat; who cannot tell it is not who the 法人 thinks.
Of the applicant's name only the masked form is kept (domain facts §6.3). A request ends after LIFE.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from pydantic import ConfigDict

from chalicelib import masking
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import NOBODY, Acting, Binding, BindingService, Member, binding_puts, member_of
from chalicelib.enterprises.races import settled
from chalicelib.enterprises.repository import JOINING, PAIRS, enterprise_key, pair_keys, person_key, rows_of
from chalicelib.enterprises.roles import ENTERPRISE_ROLES, Role
from chalicelib.enterprises.tries import JOIN, LockedOut, Lockout
from chalicelib.errors import Refusal
from chalicelib.once import Once
from chalicelib.ports import Conflict, Delete, JsonObject, Put, Record, Store, Write
from chalicelib.shape import Shape

LIFE = timedelta(days=7)
JOINABLE = tuple(role for role in Role if role in ENTERPRISE_ROLES and role is not Role.LEGAL)
"""Roles that a 法人 may give; another 法人 takes an operator who saw the papers."""

_TOO_MANY = "今天申请的次数太多了，请明天再试，或带证件到政务服务大厅领授权码。"
_NOT_YOURS = "这条申请已经处理过、过期了，或不属于您的企业。回复“成员”看现在的名单。"
_WRONG_DIGITS = "核对码不对，没有同意。请再问一下对方，核实是本单位的人。"


class JoinRefused(Refusal):
    """The text is the sentence to show."""


class WrongDigits(JoinRefused):
    """What was typed is not what the applicant was given; the request stands."""


class JoinRequest(Shape):
    """One request. ``label`` is the masked name; ``digits`` what the applicant tells the 法人."""

    model_config = ConfigDict(frozen=True)

    openid: str
    uscc: str
    role: Role
    label: str
    digits: str
    asked_at: datetime
    expires_at: datetime

    @property
    def ref(self) -> str:
        """What stands for the applicant in lists and forms."""
        return masking.openid(self.openid)


class JoinService:
    """Requests ``person#{openid}``/``joining#{uscc}`` and ``enterprise#{uscc}``/``joining#{openid}``."""

    def __init__(self, store: Store, bindings: BindingService) -> None:
        self._store = store
        self._bindings = bindings
        self._tries = Lockout(store, JOIN, limit=3, minutes=24 * 60)
        self._once = Once(store)

    def ask(
        self, openid: str, uscc: str | None, role: Role, name: str, now: datetime, message: str = ""
    ) -> JoinRequest:
        """Place a request, or replace the one before to the same enterprise; ``uscc`` None where the enterprise that
        was meant is not on file. Raises JoinRefused after three a day, ValueError for a role that is not JOINABLE.
        ``message`` as in ``once``."""
        if role not in JOINABLE:
            raise ValueError(f"nobody may join as {role}")

        def place() -> tuple[JsonObject, list[Write]]:
            try:
                self._tries.miss(openid, now, message)
            except LockedOut:
                raise JoinRefused(_TOO_MANY) from None
            request = JoinRequest(
                openid=openid,
                uscc=uscc or NOBODY,
                role=role,
                label=masking.name(name)[:8],
                digits=f"{secrets.randbelow(10_000):04d}",
                asked_at=now,
                expires_at=now + LIFE,
            )
            body, end = request.model_dump(mode="json"), int(request.expires_at.timestamp())
            keys = pair_keys(JOINING, openid, request.uscc)
            puts: list[Write] = [Put(Record(pk, sk, body, expires_at=end)) for pk, sk in keys]
            return request.model_dump(mode="json", exclude={"openid"}), puts

        return JoinRequest.model_validate({**self._once.do(message, "join", now, place), "openid": openid})

    def of_person(self, openid: str, now: datetime) -> list[JoinRequest]:
        """What this person asked for and what is not confirmed, refused or not."""
        return self._live(person_key(openid), JOINING, now)

    def waiting(self, by: str, uscc: str, now: datetime) -> list[JoinRequest]:
        """Requests that ``by`` may decide on: those of others, and none for everybody but the 法人."""
        if self._bindings.of(by, uscc, Right.DO_ADMIT) is None:
            return []
        return [one for one in self._live(enterprise_key(uscc), PAIRS[JOINING], now) if one.openid != by]

    def confirm(self, by: str, uscc: str, ref: str, digits: str, now: datetime, message: str = "") -> Member:
        """The 法人 lets the applicant in who told them these digits. Raises JoinRefused, WrongDigits among
        them. ``message`` as in ``once``."""
        try:
            body = settled(
                lambda: self._once.do(message, "admit", now, lambda: self._admitted(by, uscc, ref, digits, now))
            )
        except Conflict:
            raise JoinRefused(_NOT_YOURS) from None
        self._bindings.came_in([uscc], now)
        return Member.model_validate(body)

    def _admitted(self, by: str, uscc: str, ref: str, digits: str, now: datetime) -> tuple[JsonObject, list[Write]]:
        acting, asked = self._asked(by, uscc, ref, now)
        row = next((row for row in asked if _told(row, digits)), None)
        if row is None:
            raise WrongDigits(_WRONG_DIGITS)
        request = JoinRequest.model_validate(row.body)
        binding = Binding(
            openid=request.openid,
            uscc=uscc,
            role=request.role,
            bound_at=now,
            issued_by=f"member:{masking.openid(by)}",
            label=request.label,
        )
        return member_of(binding), [acting.members.moved(), acting.mine, *binding_puts(binding, row)]

    def refuse(self, by: str, uscc: str, ref: str, now: datetime, message: str = "") -> None:
        """The request is off the 法人's list. To the applicant it waits until it ends, as one to nobody does.
        Raises JoinRefused. ``message`` as in ``once``."""

        def refuse() -> tuple[JsonObject, list[Write]]:
            acting, [row, *_] = self._asked(by, uscc, ref, now)
            return {}, [*acting.still, Delete(row.pk, row.sk, if_version=row.version)]

        settled(lambda: self._once.do(message, "refuse", now, refuse))

    def _asked(self, by: str, uscc: str, ref: str, now: datetime) -> tuple[Acting, list[Record]]:
        """Who decides, and the enterprise's row of the request; behind it those that read the same in the list (同姓、
        同角色), among which only the digits tell. Raises JoinRefused."""
        acting = self._bindings.acting(by, uscc, Right.DO_ADMIT)
        rows = rows_of(self._store, enterprise_key(uscc), PAIRS[JOINING]) if acting else iter(())
        live = [(row, request) for row in rows if (request := JoinRequest.model_validate(row.body)).expires_at > now]
        chosen = next((each for each in live if each[1].ref == ref and each[1].openid != by), None)
        if acting is None or chosen is None:
            raise JoinRefused(_NOT_YOURS)
        alike = [row for row, request in live if _reads(request) == _reads(chosen[1]) and row is not chosen[0]]
        return acting, [chosen[0], *alike]

    def _live(self, pk: str, prefix: str, now: datetime) -> list[JoinRequest]:
        found = (JoinRequest.model_validate(row.body) for row in rows_of(self._store, pk, prefix))
        return [request for request in found if request.expires_at > now]


def _reads(request: JoinRequest) -> tuple[str, Role]:
    return request.label, request.role


def _told(row: Record, digits: str) -> bool:
    return hmac.compare_digest(digits.strip().encode(), str(row.body["digits"]).encode())
