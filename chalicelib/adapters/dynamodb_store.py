"""The Store port on one DynamoDB table (its rows and requests: ``dynamodb_requests``).

DynamoDB removes expired items days later, so every condition says what "live" means. An answer may be lost after the
write has happened, and botocore then asks again by itself: a write that is refused looks at what refused it, and where
that is its own mark it has been made. Transactions have DynamoDB's own token for this besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

from chalicelib.adapters import dynamodb_requests as requests
from chalicelib.adapters import rows
from chalicelib.adapters.aws import BUSY_CODES, ClientFactory, OnFirstUse, attempts, code, patiently
from chalicelib.adapters.dynamodb_requests import COUNTER, Item, Stamp, table_definition
from chalicelib.ports import Check, Clock, Conflict, Delete, Index, Page, Put, Record, Throttled, Write

__all__ = ["DynamoDBStore", "table_definition"]

_REFUSED = "ConditionalCheckFailed"


class DynamoDBStore:
    """Raises Throttled when the service stays busy, or silent, after bounded, jittered retries.

    What a lost answer can still do: a counter may count one addition twice when another came between the two tries, and
    ``delete`` with a version takes a row that is gone at its second try for deleted by its first.
    """

    def __init__(self, table: str, client_factory: ClientFactory, clock: Clock) -> None:
        self._table = table
        self._client = OnFirstUse(client_factory)
        self._clock = clock

    def get(self, pk: str, sk: str) -> Record | None:
        rows.check_key(pk, sk)
        item = self._call("get_item", Key=requests.key(pk, sk), ConsistentRead=True).get("Item")
        return requests.live_record(item, self._now()) if item else None

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Record | None]:
        """What a busy table leaves out of an answer is asked for again. Raises Throttled when it stays left out."""
        rows.check_keys(keys)
        found: dict[tuple[str, str], Record | None] = {}
        wanted: list[Item] = [requests.key(pk, sk) for pk, sk in keys]
        client = self._client()
        tries = attempts()
        while wanted:
            if next(tries, None) is None:
                raise Throttled("the table leaves rows out of its answers")
            asked = {self._table: {"Keys": wanted, "ConsistentRead": True}}
            answer = patiently(client, partial(client.batch_get_item, RequestItems=asked))
            for item in answer["Responses"].get(self._table, []):
                found[item["pk"]["S"], item["sk"]["S"]] = requests.live_record(item, self._now())
            wanted = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
        return [found.get(key) for key in keys]

    def put(self, record: Record, *, if_absent: bool = False, if_version: int | None = None) -> Record:
        """One conditional write; an unconditional one over an expired row needs a second, to restart its version."""
        write, stamp = Put(record, if_absent, if_version), self._stamp()
        rows.check_writes([write])
        if if_absent or if_version is not None:
            self._single("put_item", write, stamp, requests.put(write, stamp))
            return replace(record, version=1 if if_version is None else if_version + 1)
        for _ in attempts():
            try:
                update = requests.update(record, stamp)
                answer = self._single("update_item", write, stamp, update, ReturnValues="UPDATED_NEW")
                return replace(record, version=int(answer["Attributes"]["version"]["N"]))
            except Conflict:
                pass  # the row there has expired
            try:
                self._single("put_item", write, stamp, requests.put_over_expired(record, stamp))
                return replace(record, version=1)
            except Conflict:
                pass  # somebody else wrote it meanwhile
        raise Throttled("row is written too often")

    def delete(self, pk: str, sk: str, *, if_version: int | None = None) -> None:
        write, stamp = Delete(pk, sk, if_version), self._stamp()
        rows.check_writes([write])
        self._single("delete_item", write, stamp, requests.delete(write, stamp))

    def transact(self, writes: Sequence[Write]) -> None:
        """Unconditional puts are tried as updates of a live row; those refused were expired and are put afresh."""
        rows.check_writes(writes)
        if not writes:
            return
        stamp, token, expired = self._stamp(), str(uuid4()), set[rows.Key]()
        for _ in attempts():
            operations = [self._operation(write, rows.key_of(write) in expired, stamp) for write in writes]
            refused = self._try_transact(writes, operations, stamp, token)
            if refused is None:
                return
            conditional = [rows.key_of(write) for write in refused if not requests.is_unconditional(write)]
            if conditional:
                raise Conflict(conditional)
            if refused:
                expired ^= {rows.key_of(write) for write in refused}
                token = str(uuid4())  # DynamoDB wants another one for other words
        raise Throttled("transaction kept being refused")

    def _try_transact(
        self, writes: Sequence[Write], operations: list[dict[str, Any]], stamp: Stamp, token: str
    ) -> list[Write] | None:
        """The writes whose conditions failed; empty when others were in the way, None when done."""
        client = self._client()
        try:
            patiently(
                client,
                lambda: client.transact_write_items(TransactItems=operations, ClientRequestToken=token),
                once=True,
            )
        except client.exceptions.TransactionCanceledException as error:
            reasons = error.response["CancellationReasons"]
            codes = [reason.get("Code", "None") for reason in reasons]
            if not set(codes) <= BUSY_CODES | {_REFUSED, "None"}:
                raise
            if any(stamp.made(reason.get("Item")) for reason in reasons):
                return None  # this transaction was made before, and its answer lost
            return [write for write, reason in zip(writes, codes, strict=True) if reason == _REFUSED]
        except client.exceptions.ClientError as error:
            if code(error) not in BUSY_CODES:
                raise
            return []
        return None

    def add(
        self,
        pk: str,
        sk: str,
        counts: Mapping[str, int],
        *,
        at_most: Mapping[str, int] | None = None,
        expires_at: int | None = None,
    ) -> dict[str, int]:
        rows.check_add(pk, sk, counts)
        fresh, stamp = rows.added({}, counts, at_most or {}), self._stamp()
        change = requests.addition(pk, sk, counts, at_most or {}, expires_at, stamp)
        for _ in attempts():
            try:
                return requests.counters(self._call("update_item", **change, ReturnValues="ALL_NEW")["Attributes"])
            except _Refused as refused:
                if stamp.made(refused.item):
                    return requests.counters(refused.item or {})
                if fresh is None or not refused.item or requests.live_record(refused.item, stamp.now) is not None:
                    raise Conflict([(pk, sk)]) from None
            try:
                item = {COUNTER + name: requests.number(number) for name, number in fresh.items()}
                anew = requests.put_over_expired(Record(pk, sk, {}, expires_at=expires_at), stamp, item)
                self._single("put_item", Check(pk, sk), stamp, anew)
                return fresh
            except Conflict:
                pass  # somebody else counted anew meanwhile
        raise Throttled("counter is written too often")

    def query(
        self,
        pk: str,
        *,
        prefix: str | None = None,
        start: str | None = None,
        end: str | None = None,
        limit: int = 100,
        page: str | None = None,
        reverse: bool = False,
    ) -> Page:
        asked = rows.span(prefix=prefix, start=start, end=end, limit=limit, page=page, reverse=reverse, key_length=1)
        return self._select(("pk", "sk"), pk, ("sk",), asked, ConsistentRead=True)

    def query_index(
        self,
        index: Index,
        pk: str,
        *,
        prefix: str | None = None,
        start: str | None = None,
        end: str | None = None,
        limit: int = 100,
        page: str | None = None,
        reverse: bool = False,
    ) -> Page:
        asked = rows.span(prefix=prefix, start=start, end=end, limit=limit, page=page, reverse=reverse, key_length=3)
        names = (f"{index}pk", f"{index}sk")
        return self._select(names, pk, (names[1], "pk", "sk"), asked, IndexName=index)

    def _select(
        self, names: tuple[str, str], pk: str, order: tuple[str, ...], asked: rows.Span, **options: Any
    ) -> Page:
        if asked.empty:
            return Page([])
        condition, values = requests.key_condition(*names, pk, asked)
        if asked.after is not None:
            after = {name: requests.text(part) for name, part in zip(order, asked.after, strict=True)}
            options["ExclusiveStartKey"] = after | {names[0]: requests.text(pk)}
        answer = self._call(
            "query",
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            Limit=asked.limit,
            ScanIndexForward=not asked.reverse,
            **options,
        )
        records = [requests.live_record(item, self._now()) for item in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        token = rows.make_token([last[name]["S"] for name in order]) if last else None
        return Page([record for record in records if record is not None], token)

    def _operation(self, write: Write, expired: bool, stamp: Stamp) -> dict[str, Any]:
        name, arguments = requests.operation(write, expired, stamp)
        return {name: {"TableName": self._table} | arguments}

    def _single(
        self, operation: str, write: Write, stamp: Stamp, arguments: dict[str, Any], **options: Any
    ) -> dict[str, Any]:
        """A write with a condition; raises Conflict unless what refuses it is this write itself, made before."""
        try:
            return self._call(operation, **arguments, **options)
        except _Refused as refused:
            deleted_before = isinstance(write, Delete) and refused.again and not refused.item
            if not (deleted_before or stamp.made(refused.item)):
                raise Conflict([rows.key_of(write)]) from None
            return {"Attributes": refused.item}

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Raises _Refused when the condition does not hold."""
        client = self._client()
        tries = 0

        def call() -> dict[str, Any]:
            nonlocal tries
            tries += 1
            answer: dict[str, Any] = getattr(client, operation)(TableName=self._table, **arguments)
            return answer

        try:
            return patiently(client, call)
        except client.exceptions.ConditionalCheckFailedException as error:
            by_botocore = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
            raise _Refused(error.response.get("Item"), again=tries > 1 or by_botocore > 0) from None

    def _stamp(self) -> Stamp:
        return Stamp(self._now())

    def _now(self) -> int:
        return rows.epoch(self._clock.now())


class _Refused(Exception):
    """A condition did not hold over ``item``. ``again``: it was asked more than once, and may have held before."""

    def __init__(self, item: Item | None, again: bool) -> None:
        super().__init__("condition not met")
        self.item = item
        self.again = again
