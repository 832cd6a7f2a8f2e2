"""What may happen once only: a nonce (随机串) is good for one call, an idempotency key (幂等键) for one work."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from chalicelib.partners.model import Kind
from chalicelib.partners.refusals import Reason, Refused
from chalicelib.partners.signing import WINDOW_SECONDS, Signature
from chalicelib.ports import Conflict, JsonObject, Put, Record, Store

IDEMPOTENCY_KEY = "Idempotency-Key"
KEY_FORM = r"[A-Za-z0-9._:-]{1,64}"
ANSWER_LIFE = timedelta(hours=24)
LEASE = timedelta(seconds=60)
"""How long a call with the same idempotency key waits for the one before it; longer than a gateway lets a call run."""

_ROW = "row"
_KEY = re.compile(KEY_FORM, re.ASCII)


class Nonces:
    """Rows ``partnernonce#{partner}#{nonce}``, kept until a call with that timestamp would be late anyway."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @staticmethod
    def row(partner_id: str, signature: Signature) -> Record:
        # A minute more than the window: the clocks of two of our machines may differ a little.
        expires = signature.timestamp + WINDOW_SECONDS + 60
        return Record(f"partnernonce#{partner_id}#{signature.nonce}", _ROW, {}, expires_at=expires)

    def use(self, nonce: Record) -> None:
        """Raises Refused(REPLAYED) for a nonce that this partner used before. Of calls at once, one gets through."""
        try:
            self._store.put(nonce, if_absent=True)
        except Conflict:
            raise Refused(Reason.REPLAYED) from None


def check_key(key: str) -> str:
    """Raises Refused(BAD_IDEMPOTENCY_KEY)."""
    if not _KEY.fullmatch(key):
        raise Refused(Reason.BAD_IDEMPOTENCY_KEY)
    return key


class Answers:
    """Rows ``partneranswer#{partner}#{kind}#{hash of the key}``: the hash of the body, and the answer once known."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._nonces = Nonces(store)

    def once(
        self,
        partner_id: str,
        kind: Kind,
        key: str,
        digest: str,
        nonce: Record,
        now: datetime,
        work: Callable[[], JsonObject],
    ) -> tuple[JsonObject, bool]:
        """The answer, and whether it is the stored one of an earlier call. ``digest``: of the body; ``nonce``: the row
        of ``Nonces.row``, used up together with the claim, in one trip to the store.

        Raises Refused(REPLAYED), Refused(IDEMPOTENCY_CONFLICT) for a key used with another body, Refused(IN_PROGRESS)
        while the first call is being worked on. A call whose process died is taken over after LEASE: the work may be
        done again.
        """
        pk = f"partneranswer#{partner_id}#{kind}#{sha256(key.encode()).hexdigest()[:32]}"
        claim = self._claim(pk, digest, nonce, now)
        if "answer" in claim.body:
            return _unpacked(claim.body["answer"]), True
        try:
            answer = work()
        except BaseException:
            self._release(claim)
            raise
        self._keep(claim, answer)
        return answer, False

    def _claim(self, pk: str, digest: str, nonce: Record, now: datetime) -> Record:
        """Our own claim, or the row that holds the answer."""
        body = {"digest": digest, "leased_until": (now + LEASE).timestamp()}
        claim = Record(pk, _ROW, body, expires_at=int((now + ANSWER_LIFE).timestamp()))
        try:
            self._store.transact([Put(nonce, if_absent=True), Put(claim, if_absent=True)])
        except Conflict:
            self._nonces.use(nonce)
            held = self._store.get(pk, _ROW)
        else:
            return replace(claim, version=1)
        if held is not None and held.body["digest"] != digest:
            raise Refused(Reason.IDEMPOTENCY_CONFLICT)
        if held is not None and "answer" in held.body:
            return held
        waits = 1 if held is None else int(held.body["leased_until"] - now.timestamp())
        if held is None or waits > 0:
            raise Refused(Reason.IN_PROGRESS, retry_after=max(1, min(5, waits)))
        try:
            return self._store.put(claim, if_version=held.version)
        except Conflict:
            raise Refused(Reason.IN_PROGRESS, retry_after=1) from None

    def _keep(self, claim: Record, answer: JsonObject) -> None:
        body = {"digest": claim.body["digest"], "answer": _packed(answer)}
        record = Record(claim.pk, claim.sk, body, expires_at=claim.expires_at)
        try:
            self._store.put(record, if_version=claim.version)
        except Conflict:
            return  # taken over after LEASE by a call that did the same work: its answer is the one that stays

    def _release(self, claim: Record) -> None:
        try:
            self._store.delete(claim.pk, claim.sk, if_version=claim.version)
        except Conflict:
            return  # taken over: no longer ours


def _packed(answer: JsonObject) -> str:
    """Compressed: 500 mistakes in Chinese must fit into one row (380 KB)."""
    return base64.b64encode(zlib.compress(json.dumps(answer).encode())).decode()


def _unpacked(text: str) -> JsonObject:
    answer: JsonObject = json.loads(zlib.decompress(base64.b64decode(text)))
    return answer
