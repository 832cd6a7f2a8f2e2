"""Rows of award rounds: ``award#{round}`` holds the head and the entries; pools and claims have rows of their own.

Claims are what keeps money from going out twice: ``awardclaim#{policy}#{year}#{uscc}`` is put if absent in the very
transaction that takes the entry into a payment batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from chalicelib.enterprises.repository import PROFILE, enterprise_key
from chalicelib.policies.awards.model import Claim, Entry, Pool, Round, round_id
from chalicelib.ports import Delete, Index, Put, Record, Store, Write

HEAD = "head"
ENTRY = "entry#"
ROUNDS = "awards"
POOLS = "awardpools"
_AFTER_ENTRIES = "entry$"
"""The next sort key after everything that begins with ``entry#``."""

T = TypeVar("T", Round, Entry, Pool)


@dataclass(frozen=True, slots=True)
class Filed(Generic[T]):
    """A row and the version to write over; 0 is not in the store yet."""

    row: T
    version: int


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register says of an enterprise on the day of payment."""

    name: str
    status: str | None


class AwardRepository:
    """Reads rows, and makes the conditional writes that a transaction is put together from."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def transact(self, *writes: Write) -> None:
        """Raises Conflict, writing nothing, where somebody else wrote in between."""
        self._store.transact(writes)

    # --------------------------------------------------------------------------------------------------------- rounds

    def round(self, id_: str) -> Filed[Round] | None:
        record = self._store.get(award_key(id_), HEAD)
        return Filed(Round.model_validate(record.body), record.version) if record else None

    def latest(self, policy: str, year: int) -> Filed[Round] | None:
        """The newest round of a policy for a year: they are numbered without a gap."""
        found, number = None, 1
        while (filed := self.round(round_id(policy, year, number))) is not None:
            found, number = filed, number + 1
        return found

    def rounds(self) -> Iterator[Round]:
        """All rounds by id; eventually consistent."""
        for record in self._index("gsi1", ROUNDS):
            yield Round.model_validate(record.body)

    def put_round(self, row: Round, version: int) -> Put:
        record = Record(award_key(row.id), HEAD, row.model_dump(mode="json"), gsi1=(ROUNDS, row.id))
        return _over(record, version)

    # -------------------------------------------------------------------------------------------------------- entries

    def entry(self, round_: str, uscc: str) -> Filed[Entry] | None:
        record = self._store.get(award_key(round_), ENTRY + uscc)
        return Filed(Entry.model_validate(record.body), record.version) if record else None

    def entries(self, round_: str, after: str = "") -> Iterator[Filed[Entry]]:
        """Entries by credit code, from the one after ``after`` on; memory holds one page."""
        page: str | None = None
        while True:
            got = self._store.query(award_key(round_), start=ENTRY + after, end=_AFTER_ENTRIES, limit=500, page=page)
            for record in got.records:
                if record.sk > ENTRY + after:
                    yield Filed(Entry.model_validate(record.body), record.version)
            if (page := got.next) is None:
                return

    def of_enterprise(self, uscc: str) -> Iterator[Entry]:
        """The enterprise's entries of all rounds; eventually consistent."""
        for record in self._index("gsi1", enterprise_key(uscc), prefix="award#"):
            yield Entry.model_validate(record.body)

    def put_entry(self, row: Entry, version: int) -> Put:
        key = award_key(row.round)
        record = Record(key, ENTRY + row.uscc, row.model_dump(mode="json"), gsi1=(enterprise_key(row.uscc), key))
        return _over(record, version)

    # ---------------------------------------------------------------------------------------------------------- pools

    def pool(self, name: str, year: int) -> Filed[Pool]:
        """The pool of the year; one nobody has filled yet holds nothing."""
        record = self._store.get(_pool_key(name, year), "row")
        if record is None:
            return Filed(Pool(name=name, year=year), 0)
        return Filed(Pool.model_validate(record.body), record.version)

    def pools(self) -> Iterator[Pool]:
        for record in self._index("gsi1", POOLS):
            yield Pool.model_validate(record.body)

    def dry_pools(self, on: date) -> frozenset[str]:
        """Names of the year's pools that have nothing left."""
        return frozenset(pool.name for pool in self.pools() if pool.year == on.year and pool.available <= 0)

    def put_pool(self, row: Pool, version: int) -> Put:
        record = Record(
            _pool_key(row.name, row.year), "row", row.model_dump(mode="json"), gsi1=(POOLS, f"{row.year}#{row.name}")
        )
        return _over(record, version)

    # ------------------------------------------------------------------------------------------- claims and register

    def registered(self, uscc: str) -> Registered | None:
        """Name and status alone, of one row read consistently: 10,000 whole profiles would be read for nothing."""
        record = self._store.get(enterprise_key(uscc), PROFILE)
        if record is None:
            return None
        profile = record.body["enterprise"]
        return Registered(profile["name"], profile["reg_status"])

    def claim(self, policy: str, year: int, uscc: str) -> Claim | None:
        record = self._store.get(claim_key(policy, year, uscc), "row")
        return Claim.model_validate(record.body) if record else None

    def put_claim(self, entry: Entry, payment: str) -> Put:
        claim = Claim(round=entry.round, version=entry.version, payment=payment)
        key = claim_key(entry.policy, entry.year, entry.uscc)
        return Put(Record(key, "row", claim.model_dump(mode="json")), if_absent=True)

    def drop_claim(self, entry: Entry) -> Delete:
        """Only ever in the transaction that takes the entry out of its batch, which is conditional on the entry."""
        return Delete(claim_key(entry.policy, entry.year, entry.uscc), "row")

    def _index(self, index: Index, pk: str, prefix: str | None = None) -> Iterator[Record]:
        page: str | None = None
        while True:
            got = self._store.query_index(index, pk, prefix=prefix, page=page)
            yield from got.records
            if (page := got.next) is None:
                return


def award_key(round_: str) -> str:
    return f"award#{round_}"


def claim_key(policy: str, year: int, uscc: str) -> str:
    return f"awardclaim#{policy}#{year}#{uscc}"


def _pool_key(name: str, year: int) -> str:
    return f"awardpool#{name}#{year}"


def _over(record: Record, version: int) -> Put:
    return Put(record, if_version=version) if version else Put(record, if_absent=True)
