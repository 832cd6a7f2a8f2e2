"""Partners and their keys on the Store: ``partner#{id}``/``row`` and ``partner#{id}``/``key#{key id}``.

No secret is kept: each is derived from the deployment's session secret, so a copy of the store signs nothing. Keys
end with the session secret that they were made under: new ones are issued while the former one still stays beside it.
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chalicelib.partners.model import Partner, PartnerKey
from chalicelib.ports import Conflict, Record, Store

_PARTNERS = "partners"
_ROW = "row"
_KEY = "key#"
_KEY_BYTES = 10
_SECRET_BYTES = 32


def derive(master: str, partner_id: str, key_id: str) -> str:
    """The secret of a key, 43 letters, digits, - and _: HKDF-SHA-256 (RFC 5869) bound to partner and key id."""
    info = f"partner-key|{partner_id}|{key_id}".encode()
    made = HKDF(SHA256(), _SECRET_BYTES, salt=b"xixinban", info=info).derive(master.encode())
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def new_key_id() -> str:
    """80 random bits: knowing a partner's key id is already knowing something of the partner's."""
    return base64.b32encode(secrets.token_bytes(_KEY_BYTES)).decode()


class KeyRing:
    """Rows of partners and keys."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def partner(self, partner_id: str) -> Partner | None:
        record = self._store.get(_pk(partner_id), _ROW)
        return Partner.model_validate(record.body) if record else None

    def save(self, partner: Partner) -> bool:
        """Keep the partner; False when it already was exactly so."""
        if self.partner(partner.id) == partner:
            return False
        body = partner.model_dump(mode="json")
        self._store.put(Record(_pk(partner.id), _ROW, body, gsi1=(_PARTNERS, partner.id)))
        return True

    def partners(self) -> list[Partner]:
        """All of them, by id; a county has tens."""
        found: list[Partner] = []
        token = None
        while True:
            page = self._store.query_index("gsi1", _PARTNERS, page=token)
            found += (Partner.model_validate(record.body) for record in page.records)
            if (token := page.next) is None:
                return found

    def key(self, partner_id: str, key_id: str) -> PartnerKey | None:
        record = self._store.get(_pk(partner_id), _KEY + key_id)
        return PartnerKey.model_validate(record.body) if record else None

    def keys(self, partner_id: str) -> list[PartnerKey]:
        """Every key ever issued to the partner, revoked and expired ones too, the earliest first."""
        found: list[PartnerKey] = []
        token = None
        while True:
            page = self._store.query(_pk(partner_id), prefix=_KEY, page=token)
            found += (PartnerKey.model_validate(record.body) for record in page.records)
            if (token := page.next) is None:
                return sorted(found, key=lambda key: (key.issued_at, key.id))

    def add_key(self, partner_id: str, key: PartnerKey) -> None:
        self._store.put(_key_record(partner_id, key), if_absent=True)

    def revoke(self, partner_id: str, key_id: str, now: datetime) -> PartnerKey | None:
        """The key as revoked; the first revocation stands. None when there is no such key."""
        while True:
            record = self._store.get(_pk(partner_id), _KEY + key_id)
            if record is None:
                return None
            key = PartnerKey.model_validate(record.body)
            if key.revoked_at is not None:
                return key
            revoked = key.model_copy(update={"revoked_at": now})
            try:
                self._store.put(_key_record(partner_id, revoked), if_version=record.version)
            except Conflict:
                continue
            return revoked


def _pk(partner_id: str) -> str:
    return f"partner#{partner_id}"


def _key_record(partner_id: str, key: PartnerKey) -> Record:
    return Record(_pk(partner_id), _KEY + key.id, key.model_dump(mode="json"))
