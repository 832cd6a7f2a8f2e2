"""The Store port on one DynamoDB table.

A row is an item with pk, sk, body (compact JSON text), version, gsi1pk, gsi1sk, gsi2pk, gsi2sk and expires_at (the TTL
attribute). DynamoDB removes expired items days later, so every condition says what "live" means. A counter row keeps
each counter in a number attribute of its own, ``n#{name}``, so that ADD is atomic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.adapters import rows
from chalicelib.adapters.aws import BUSY_CODES, ClientFactory, OnFirstUse, attempts, code
from chalicelib.ports import Check, Clock, Conflict, Delete, Index, Page, Put, Record, Throttled, Write

Item = dict[str, Any]

COUNTER = "n#"
LIVE = "(attribute_not_exists(expires_at) OR expires_at > :now)"
GONE = "(attribute_not_exists(pk) OR expires_at <= :now)"
_REFUSED = "ConditionalCheckFailed"


def table_definition(name: str) -> dict[str, Any]:
    """Arguments of CreateTable, shared by tests and the template. TTL on ``expires_at`` and PITR are set apart."""
    keys = ("pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
        "KeySchema": _key_schema("pk", "sk"),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": _key_schema(f"{index}pk", f"{index}sk"),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index in ("gsi1", "gsi2")
        ],
    }


def _key_schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


class DynamoDBStore:
    """Raises Throttled when the service stays busy after bounded, jittered retries."""

    def __init__(self, table: str, client_factory: ClientFactory, clock: Clock) -> None:
        self._table = table
        self._client = OnFirstUse(client_factory)
        self._clock = clock

    def get(self, pk: str, sk: str) -> Record | None:
        rows.check_key(pk, sk)
        item = self._call("get_item", Key=_key(pk, sk), ConsistentRead=True).get("Item")
        return _live_record(item, self._now()) if item else None

    def put(self, record: Record, *, if_absent: bool = False, if_version: int | None = None) -> Record:
        """One conditional write; an unconditional one over an expired row needs a second, to restart its version."""
        write = Put(record, if_absent, if_version)
        rows.check_writes([write])
        if if_absent or if_version is not None:
            self._single("put_item", write, _put(write, self._now()))
            return replace(record, version=1 if if_version is None else if_version + 1)
        for _ in attempts():
            try:
                answer = self._single("update_item", write, _update(record, self._now()), ReturnValues="UPDATED_NEW")
                return replace(record, version=int(answer["Attributes"]["version"]["N"]))
            except Conflict:
                pass  # the row there has expired
            try:
                self._single("put_item", write, _put_over_expired(record, self._now()))
                return replace(record, version=1)
            except Conflict:
                pass  # somebody else wrote it meanwhile
        raise Throttled("row is written too often")

    def delete(self, pk: str, sk: str, *, if_version: int | None = None) -> None:
        write = Delete(pk, sk, if_version)
        rows.check_writes([write])
        self._single("delete_item", write, _delete(write, self._now()))

    def transact(self, writes: Sequence[Write]) -> None:
        """Unconditional puts are tried as updates of a live row; those refused were expired and are put afresh."""
        rows.check_writes(writes)
        if not writes:
            return
        expired: set[rows.Key] = set()
        for _ in attempts():
            refused = self._try_transact(writes, expired)
            if refused is None:
                return
            conditional = [rows.key_of(write) for write in refused if not _unconditional_put(write)]
            if conditional:
                raise Conflict(conditional)
            expired ^= {rows.key_of(write) for write in refused}
        raise Throttled("transaction kept being refused")

    def _try_transact(self, writes: Sequence[Write], expired: set[rows.Key]) -> list[Write] | None:
        """The writes whose conditions failed; empty when others were in the way, None when done."""
        now = self._now()
        operations = [self._operation(write, rows.key_of(write) in expired, now) for write in writes]
        client = self._client()
        try:
            client.transact_write_items(TransactItems=operations)
        except client.exceptions.TransactionCanceledException as error:
            reasons = [reason.get("Code", "None") for reason in error.response["CancellationReasons"]]
            if not set(reasons) <= BUSY_CODES | {_REFUSED, "None"}:
                raise
            return [write for write, reason in zip(writes, reasons, strict=True) if reason == _REFUSED]
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
        fresh = rows.added({}, counts, at_most or {})
        for _ in attempts():
            now = self._now()
            change = _addition(pk, sk, counts, at_most or {}, expires_at, now)
            try:
                return _counters(self._call("update_item", **change, ReturnValues="ALL_NEW")["Attributes"])
            except self._client().exceptions.ConditionalCheckFailedException as error:
                found = error.response.get("Item")
                if fresh is None or not found or _live_record(found, now) is not None:
                    raise Conflict([(pk, sk)]) from None
            try:
                item = {COUNTER + name: _number(number) for name, number in fresh.items()}
                record = Record(pk, sk, {}, expires_at=expires_at)
                self._single("put_item", Check(pk, sk), _put_over_expired(record, now, item))
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
        condition, values = _key_condition(*names, pk, asked)
        if asked.after is not None:
            after = {name: _text(part) for name, part in zip(order, asked.after, strict=True)}
            options["ExclusiveStartKey"] = after | {names[0]: _text(pk)}
        answer = self._call(
            "query",
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            Limit=asked.limit,
            ScanIndexForward=not asked.reverse,
            **options,
        )
        records = [_live_record(item, self._now()) for item in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        token = rows.make_token([last[name]["S"] for name in order]) if last else None
        return Page([record for record in records if record is not None], token)

    def _operation(self, write: Write, expired: bool, now: int) -> dict[str, Any]:
        name, arguments = _operation(write, expired, now)
        return {name: {"TableName": self._table} | arguments}

    def _single(self, operation: str, write: Write, arguments: dict[str, Any], **options: Any) -> dict[str, Any]:
        try:
            return self._call(operation, **arguments, **options)
        except self._client().exceptions.ConditionalCheckFailedException:
            raise Conflict([rows.key_of(write)]) from None

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        client = self._client()
        call: Callable[..., dict[str, Any]] = getattr(client, operation)
        for _ in attempts():
            try:
                return call(TableName=self._table, **arguments)
            except client.exceptions.ClientError as error:
                if code(error) not in BUSY_CODES:
                    raise
        raise Throttled("table is busy")

    def _now(self) -> int:
        return rows.epoch(self._clock.now())


# ------------------------------------------------------------------------------------------- writes as DynamoDB's words


def _operation(write: Write, expired: bool, now: int) -> tuple[str, dict[str, Any]]:
    """A write as an element of TransactWriteItems."""
    if isinstance(write, Delete):
        return "Delete", _delete(write, now)
    if isinstance(write, Check):
        return "ConditionCheck", {"Key": _key(write.pk, write.sk)} | _condition(write, now)
    if not _unconditional_put(write):
        return "Put", _put(write, now)
    return ("Put", _put_over_expired(write.record, now)) if expired else ("Update", _update(write.record, now))


def _unconditional_put(write: Write) -> bool:
    return isinstance(write, Put) and not write.if_absent and write.if_version is None


def _condition(write: Write, now: int) -> dict[str, Any]:
    """The ConditionExpression of a write and its values; empty for a write without a condition."""
    if write.if_version is not None:
        values = {":now": _number(now), ":version": _number(write.if_version)}
        return {"ConditionExpression": f"version = :version AND {LIVE}", "ExpressionAttributeValues": values}
    if isinstance(write, Delete):
        return {}
    expression = GONE if write.if_absent else f"attribute_exists(pk) AND {LIVE}"
    return {"ConditionExpression": expression, "ExpressionAttributeValues": {":now": _number(now)}}


def _put(write: Put, now: int) -> dict[str, Any]:
    version = 1 if write.if_version is None else write.if_version + 1
    return {"Item": _item(write.record, version)} | _condition(write, now)


def _put_over_expired(record: Record, now: int, counters: Item | None = None) -> dict[str, Any]:
    item = _item(record, 1) | (counters or {})
    return {"Item": item, "ConditionExpression": GONE, "ExpressionAttributeValues": {":now": _number(now)}}


def _delete(write: Delete, now: int) -> dict[str, Any]:
    return {"Key": _key(write.pk, write.sk)} | _condition(write, now)


def _update(record: Record, now: int) -> dict[str, Any]:
    """Write the whole row over a live or missing one, counting its version up."""
    attributes = _item(record, 0)
    absent = [name for name in ("gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "expires_at") if name not in attributes]
    kept = {name: value for name, value in attributes.items() if name not in ("pk", "sk", "version")}
    sets = ["version = if_not_exists(version, :zero) + :one"] + [f"{name} = :{name}" for name in kept]
    values = {f":{name}": value for name, value in kept.items()}
    return {
        "Key": _key(record.pk, record.sk),
        "UpdateExpression": "SET " + ", ".join(sets) + (" REMOVE " + ", ".join(absent) if absent else ""),
        "ConditionExpression": LIVE,
        "ExpressionAttributeValues": values | {":now": _number(now), ":zero": _number(0), ":one": _number(1)},
    }


def _addition(
    pk: str, sk: str, counts: Mapping[str, int], at_most: Mapping[str, int], expires_at: int | None, now: int
) -> dict[str, Any]:
    names = {f"#{i}": COUNTER + name for i, name in enumerate(sorted({*counts, *at_most}))}
    values = {":now": _number(now), ":one": _number(1), ":body": _text("{}")}
    adds, limits = ["version :one"], [LIVE]
    for alias, attribute in names.items():
        name = attribute.removeprefix(COUNTER)
        if name in counts:
            adds.append(f"{alias} :add{alias[1:]}")
            values[f":add{alias[1:]}"] = _number(counts[name])
        if name in at_most:
            values[f":room{alias[1:]}"] = _number(at_most[name] - counts.get(name, 0))
            fits = f"{alias} <= :room{alias[1:]}"
            empty_fits = counts.get(name, 0) <= at_most[name]
            limits.append(f"(attribute_not_exists({alias}) OR {fits})" if empty_fits else fits)
    sets = "SET body = :body"
    if expires_at is not None:
        sets += ", expires_at = :expires_at"
        values[":expires_at"] = _number(expires_at)
    return {
        "Key": _key(pk, sk),
        "UpdateExpression": f"{sets} ADD " + ", ".join(adds),
        "ConditionExpression": " AND ".join(limits),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _key_condition(partition: str, sort: str, pk: str, asked: rows.Span) -> tuple[str, Item]:
    condition, values = f"{partition} = :pk", {":pk": _text(pk)}
    if asked.prefix is not None:
        return f"{condition} AND begins_with({sort}, :prefix)", values | {":prefix": _text(asked.prefix)}
    if asked.start is not None and asked.end is not None:
        both = {":start": _text(asked.start), ":end": _text(asked.end)}
        return f"{condition} AND {sort} BETWEEN :start AND :end", values | both
    if asked.start is not None:
        return f"{condition} AND {sort} >= :start", values | {":start": _text(asked.start)}
    if asked.end is not None:
        return f"{condition} AND {sort} <= :end", values | {":end": _text(asked.end)}
    return condition, values


# ---------------------------------------------------------------------------------------------------- items and records


def _item(record: Record, version: int) -> Item:
    item = {
        "pk": _text(record.pk),
        "sk": _text(record.sk),
        "body": _text(rows.encode_body(record.body)),
        "version": _number(version),
    }
    for name, key in (("gsi1", record.gsi1), ("gsi2", record.gsi2)):
        if key is not None:
            item |= {f"{name}pk": _text(key[0]), f"{name}sk": _text(key[1])}
    if record.expires_at is not None:
        item["expires_at"] = _number(record.expires_at)
    return item


def _live_record(item: Item, now: int) -> Record | None:
    expires_at = int(item["expires_at"]["N"]) if "expires_at" in item else None
    if expires_at is not None and expires_at <= now:
        return None
    return Record(
        item["pk"]["S"],
        item["sk"]["S"],
        _counters(item) or rows.decode_body(item["body"]["S"]),
        int(item["version"]["N"]),
        (item["gsi1pk"]["S"], item["gsi1sk"]["S"]) if "gsi1pk" in item else None,
        (item["gsi2pk"]["S"], item["gsi2sk"]["S"]) if "gsi2pk" in item else None,
        expires_at,
    )


def _counters(item: Item) -> dict[str, int]:
    return {name.removeprefix(COUNTER): int(value["N"]) for name, value in item.items() if name.startswith(COUNTER)}


def _key(pk: str, sk: str) -> Item:
    return {"pk": _text(pk), "sk": _text(sk)}


def _text(value: str) -> dict[str, str]:
    return {"S": value}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}
