"""Keys of this room's rows, and the profile row (docs/architecture.md, Rows)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from pydantic import ConfigDict

from chalicelib.enterprises.model import Enterprise
from chalicelib.ports import JsonObject, Page, Put, Record, Store, Write
from chalicelib.shape import Shape
from chalicelib.shards import SHARDS, shard

PROFILE = "profile"
FOLLOWER = "follower"
SESSION = "session"
CONSENT = "consent#"
BINDING = "binding#"
MEMBER = "member#"
SUSPENDED = "suspended#"
JOINING = "joining#"
PAIRS = {BINDING: MEMBER, SUSPENDED: SUSPENDED, JOINING: JOINING}
"""Rows that lie twice, under the person and under the enterprise: the prefix there, by the prefix here."""


def person_key(openid: str) -> str:
    return f"person#{openid}"


def enterprise_key(uscc: str) -> str:
    return f"enterprise#{uscc}"


def pair_keys(prefix: str, openid: str, uscc: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """(pk, sk) of both rows of a pair: the person's, the enterprise's."""
    return (person_key(openid), prefix + uscc), (enterprise_key(uscc), PAIRS[prefix] + openid)


def consent_log_key(openid: str) -> str:
    """A pseudonym: the history proves consent to who knows the openid, and names nobody to who does not."""
    return f"consentlog#{sha256(openid.encode()).hexdigest()[:24]}"


def rows_of(store: Store, pk: str, prefix: str, page_size: int = 100) -> Iterator[Record]:
    """All live rows of a partition under a sort-key prefix, page by page."""
    token = None
    while True:
        page = store.query(pk, prefix=prefix, limit=page_size, page=token)
        yield from page.records
        token = page.next
        if token is None:
            return


class Follower(Shape):
    """关注者. ``leaving_at`` is set from the moment they unfollow until the last of their rows is gone.

    ``came`` and ``left`` say the same by the platform's clock, where an event of it told us: they put events in order.
    """

    model_config = ConfigDict(frozen=True)

    openid: str
    followed_at: datetime
    scene: str | None = None
    came: datetime | None = None
    leaving_at: datetime | None = None
    left: datetime | None = None

    def record(self) -> Record:
        index = (f"followers#{shard(self.openid)}", self.openid) if self.leaving_at is None else None
        return Record(person_key(self.openid), FOLLOWER, self.model_dump(mode="json"), gsi1=index)


def is_following(store: Store, openid: str) -> bool:
    """Whether the person follows the account and is not on their way out."""
    row = store.get(person_key(openid), FOLLOWER)
    return row is not None and row.body["leaving_at"] is None


class EnterpriseRow(Shape):
    """The stored profile and when it last changed."""

    model_config = ConfigDict(frozen=True)

    enterprise: Enterprise
    saved_at: datetime

    def record(self) -> Record:
        return profile_record(self.enterprise.uscc, self.model_dump(mode="json"))


def profile_record(uscc: str, body: JsonObject) -> Record:
    """The row of an EnterpriseRow that is JSON already."""
    return Record(enterprise_key(uscc), PROFILE, body, gsi1=(f"enterprises#{shard(uscc)}", uscc))


class EnterpriseRepository:
    """Profiles on the Store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, uscc: str) -> EnterpriseRow | None:
        return self.held(uscc)[0]

    def held(self, uscc: str) -> tuple[EnterpriseRow | None, int | None]:
        """The row and its version; None and None where there is none."""
        record = self._store.get(enterprise_key(uscc), PROFILE)
        return (EnterpriseRow.model_validate(record.body), record.version) if record else (None, None)

    def put(self, row: EnterpriseRow, over: int | None, together: Sequence[Write] = ()) -> None:
        """Write the profile over the version that it was made from (None: over none), and with it, all or nothing, the
        rows that stand or fall with it. Raises Conflict."""
        self._store.transact([Put(row.record(), if_absent=over is None, if_version=over), *together])

    def bodies(self, page_size: int = 200, after: str = "") -> Iterator[JsonObject]:
        """Every profile body, shard by shard, by credit code inside a shard; memory holds one page.

        ``after`` is the credit code to go on behind, empty for the start.
        """
        for number in range(shard(after) if after else 0, SHARDS):
            start = after if after and number == shard(after) else None
            token = None
            while True:
                page: Page = self._store.query_index(
                    "gsi1", f"enterprises#{number}", start=start, limit=page_size, page=token
                )
                yield from (record.body for record in page.records if record.body["enterprise"]["uscc"] != after)
                token = page.next
                if token is None:
                    break
