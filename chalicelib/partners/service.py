"""Use cases around partners (合作单位): registering them, their keys, and taking a signed call."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from re import fullmatch

from chalicelib.cases.service import CaseService
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.errors import BadInput, Refusal
from chalicelib.finance.service import LoanService
from chalicelib.partners import ingestion, once, signing
from chalicelib.partners.keys import KeyRing, derive, new_key_id
from chalicelib.partners.limits import RateLimit, Turns
from chalicelib.partners.model import PARTNER_ID, IssuedKey, Kind, Partner, PartnerKey
from chalicelib.partners.refusals import Reason, Refused
from chalicelib.partners.registers import registers
from chalicelib.ports import JsonObject, Store

log = logging.getLogger(__name__)

MAX_BODY = 1024 * 1024
KEY_LIFE = timedelta(days=180)
LONGEST_KEY_LIFE = timedelta(days=730)
MAX_VALID_KEYS = 4
"""Two are enough to rotate; more than four means that nobody looks after them."""


class PartnerError(Refusal):
    """The text is the sentence to show."""


class PartnerUnknown(PartnerError, BadInput):
    """No such partner, or no such key of it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it came in. ``partner`` and ``kind`` are the parts of its address; header names in any case."""

    method: str
    partner: str
    kind: str
    headers: Mapping[str, str]
    body: bytes
    has_query: bool = False

    @property
    def path(self) -> str:
        return f"/partners/{self.partner}/{self.kind}"


@dataclass(frozen=True, slots=True)
class Reply:
    """The body of a 200. ``repeated``: the stored answer of an earlier call with this idempotency key."""

    body: JsonObject
    repeated: bool = False


class PartnerService:
    """``secret`` is the deployment's own, from which every key's secret is derived; keys of the ``former`` ones hold
    till those are taken away (轮换)."""

    def __init__(
        self,
        store: Store,
        secret: str,
        *,
        cases: CaseService,
        loans: LoanService,
        enterprises: EnterpriseService,
        former: Sequence[str] = (),
    ) -> None:
        self._secret = secret
        self._masters = (secret, *former)
        self._ring = KeyRing(store)
        self._limits = RateLimit(store)
        self._turns = Turns()
        self._nonces = once.Nonces(store)
        self._answers = once.Answers(store)
        self._ingestion = ingestion.Ingestion(registers(store, cases, loans, enterprises))

    # --------------------------------------------------------------------------------------------------- for operators

    def register(self, partner: Partner) -> bool:
        """Keep a partner, or change what is kept of it; False when it already was exactly so."""
        return self._ring.save(partner)

    def all(self) -> list[Partner]:
        return self._ring.partners()

    def keys(self, partner_id: str) -> list[PartnerKey]:
        """Every key ever issued, the earliest first. Raises PartnerUnknown."""
        return self._ring.keys(self._known(partner_id).id)

    def issue_key(self, partner_id: str, now: datetime, life: timedelta = KEY_LIFE) -> IssuedKey:
        """One more key, good at once and for ``life``; those before stay good, so that a partner can change over.

        Raises PartnerUnknown, and PartnerError for a life that is too long or for too many valid keys.
        """
        partner = self._known(partner_id)
        if not timedelta() < life <= LONGEST_KEY_LIFE:
            raise PartnerError(f"密钥有效期应为 1 至 {LONGEST_KEY_LIFE.days} 天")
        if sum(key.valid(now) for key in self._ring.keys(partner.id)) >= MAX_VALID_KEYS:
            raise PartnerError(f"{partner.name}已有 {MAX_VALID_KEYS} 个有效密钥。请先用 revoke-key 作废不用的")
        key = PartnerKey(id=new_key_id(), issued_at=now, expires_at=now + life)
        self._ring.add_key(partner.id, key)
        log.info("partner key issued", extra={"partner_id": partner.id, "key_id": key.id})
        return IssuedKey(partner.id, key.id, derive(self._secret, partner.id, key.id), key.expires_at)

    def revoke_key(self, partner_id: str, key_id: str, now: datetime) -> PartnerKey:
        """The key is void from now on. Raises PartnerUnknown."""
        partner = self._known(partner_id)
        key = self._ring.revoke(partner.id, key_id, now)
        if key is None:
            raise PartnerUnknown(f"{partner.name}没有密钥 {key_id}。用 partner list 查看它的密钥")
        log.info("partner key revoked", extra={"partner_id": partner.id, "key_id": key.id})
        return key

    def _known(self, partner_id: str) -> Partner:
        partner = self._ring.partner(partner_id) if fullmatch(PARTNER_ID, partner_id) else None
        if partner is None:
            raise PartnerUnknown(f"没有合作单位“{partner_id}”。用 partner list 查看代号，或用 partner add 登记")
        return partner

    # ---------------------------------------------------------------------------------------------------- for partners

    def receive(self, call: Call, now: datetime) -> Reply:
        """Take a signed call. Raises Refused, and Throttled when the store is busy.

        Cheap checks stand before costly ones: nothing is hashed or parsed for who calls too often.
        """
        kind = _checked_form(call)
        signature = signing.read(call.headers)
        signing.check_fresh(signature, now)
        partner = self._authenticated(call, signature, now)
        if kind not in partner.scopes:
            raise Refused(Reason.OUT_OF_SCOPE)
        with self._turns.one(partner):
            reply = self._answered(call, kind, partner, signature, now)
        extra = {"partner_id": partner.id, "key_id": signature.key_id, "kind": kind, "repeated": reply.repeated}
        log.info("partner call taken", extra={**extra, **reply.body["counts"]})
        return reply

    def _authenticated(self, call: Call, signature: signing.Signature, now: datetime) -> Partner:
        """An unknown partner, a key that is unknown, expired or revoked, and a wrong signature get the same answer;
        an unknown partner and an unknown key also cost the same work. Only genuine calls are counted: who knows no
        secret cannot use up a partner's limit."""
        if not fullmatch(PARTNER_ID, call.partner):
            raise Refused(Reason.UNAUTHORISED)
        self._limits.check(call.partner, signature.key_id, now)
        key = self._ring.key(call.partner, signature.key_id)
        partner = self._ring.partner(call.partner) if key is not None and key.valid(now) else None
        body = signing.body_hash(call.body)
        secrets = [derive(master, call.partner, signature.key_id) for master in self._masters]
        genuine = any(signing.matches(signature, secret, call.method, call.path, body) for secret in secrets)
        if partner is None or not genuine:
            raise Refused(Reason.UNAUTHORISED)
        self._limits.take(partner, signature.key_id, now)
        return partner

    def _answered(self, call: Call, kind: Kind, partner: Partner, signature: signing.Signature, now: datetime) -> Reply:
        given_key, nonce = call.headers.get(once.IDEMPOTENCY_KEY), self._nonces.row(partner.id, signature)
        entries = ingestion.read(call.body)
        work = partial(self._work, kind, entries, partner, now)
        if given_key is None:
            self._nonces.use(nonce)
            return Reply(work())
        key, digest = once.check_key(given_key), signing.body_hash(call.body)
        return Reply(*self._answers.once(partner.id, kind, key, digest, nonce, now, work))

    def _work(self, kind: Kind, entries: ingestion.Entries, partner: Partner, now: datetime) -> JsonObject:
        return self._ingestion.take(kind, entries, partner, now).model_dump(mode="json")


def _checked_form(call: Call) -> Kind:
    """What can be told without knowing who calls. Raises Refused."""
    if call.kind not in list(Kind):
        raise Refused(Reason.NOT_FOUND)
    if call.has_query:
        raise Refused(Reason.QUERY)
    if len(call.body) > MAX_BODY:
        raise Refused(Reason.TOO_LARGE, at_most=MAX_BODY)
    if call.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(Reason.NOT_JSON)
    return Kind(call.kind)
