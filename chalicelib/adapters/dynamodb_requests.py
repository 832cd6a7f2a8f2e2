"""Writes, questions and rows in DynamoDB's words: pure, so that what is asked can be read in one place.

A row is an item with pk, sk, body (compact JSON text), version, gsi1pk, gsi1sk, gsi2pk, gsi2sk, expires_at (the TTL
attribute) and mark. A counter row keeps each counter in a number attribute of its own, ``n#{name}``, so that ADD is
atomic. ``mark`` is a random word of the write that made the item what it is: a write whose answer was lost, tried
again and refused, finds its own mark and knows that it was not somebody else's.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters import rows
from chalicelib.ports import Check, Delete, Put, Record, Write

Item = dict[str, Any]

COUNTER = "n#"
LIVE = "(attribute_not_exists(expires_at) OR expires_at > :now)"
GONE = "(attribute_not_exists(pk) OR expires_at <= :now)"


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


@dataclass(frozen=True, slots=True)
class Stamp:
    """One write of ours, however often it is asked for: the second that its conditions mean by now, and its mark."""

    now: int
    mark: str = field(default_factory=lambda: secrets.token_urlsafe(8))

    def made(self, item: Item | None) -> bool:
        """Whether this write made the item what it is."""
        return item is not None and item.get("mark") == text(self.mark)


def operation(write: Write, expired: bool, stamp: Stamp) -> tuple[str, dict[str, Any]]:
    """A write as an element of TransactWriteItems."""
    if isinstance(write, Delete):
        return "Delete", delete(write, stamp)
    if isinstance(write, Check):
        return "ConditionCheck", {"Key": key(write.pk, write.sk)} | condition_of(write, stamp)
    if not is_unconditional(write):
        return "Put", put(write, stamp)
    return ("Put", put_over_expired(write.record, stamp)) if expired else ("Update", update(write.record, stamp))


def is_unconditional(write: Write) -> bool:
    return isinstance(write, Put) and not write.if_absent and write.if_version is None


def condition_of(write: Write, stamp: Stamp) -> dict[str, Any]:
    """The condition of a write and its values; empty for a write without a condition."""
    if write.if_version is not None:
        return _only_if(f"version = :version AND {LIVE}", stamp, {":version": number(write.if_version)})
    if isinstance(write, Delete):
        return {}
    return _only_if(GONE if write.if_absent else f"attribute_exists(pk) AND {LIVE}", stamp)


def _only_if(expression: str, stamp: Stamp, values: Item | None = None) -> dict[str, Any]:
    return {
        "ConditionExpression": expression,
        "ExpressionAttributeValues": {":now": number(stamp.now)} | (values or {}),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def put(write: Put, stamp: Stamp) -> dict[str, Any]:
    version = 1 if write.if_version is None else write.if_version + 1
    return {"Item": item_of(write.record, version, stamp.mark)} | condition_of(write, stamp)


def put_over_expired(record: Record, stamp: Stamp, counters: Item | None = None) -> dict[str, Any]:
    return {"Item": item_of(record, 1, stamp.mark) | (counters or {})} | _only_if(GONE, stamp)


def delete(write: Delete, stamp: Stamp) -> dict[str, Any]:
    return {"Key": key(write.pk, write.sk)} | condition_of(write, stamp)


def update(record: Record, stamp: Stamp) -> dict[str, Any]:
    """Write the whole row over a live or missing one, counting its version up."""
    attributes = item_of(record, 0, stamp.mark)
    absent = [name for name in ("gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "expires_at") if name not in attributes]
    kept = {name: value for name, value in attributes.items() if name not in ("pk", "sk", "version")}
    sets = ["version = if_not_exists(version, :zero) + :one"] + [f"{name} = :{name}" for name in kept]
    values = {f":{name}": value for name, value in kept.items()}
    return {
        "Key": key(record.pk, record.sk),
        "UpdateExpression": "SET " + ", ".join(sets) + (" REMOVE " + ", ".join(absent) if absent else ""),
        **_only_if(LIVE, stamp, values | {":zero": number(0), ":one": number(1)}),
    }


def addition(
    pk: str, sk: str, counts: Mapping[str, int], at_most: Mapping[str, int], expires_at: int | None, stamp: Stamp
) -> dict[str, Any]:
    """Add to a live or missing counter row, unless this very addition is what was made there last."""
    names = {f"#{i}": COUNTER + name for i, name in enumerate(sorted({*counts, *at_most}))}
    values = {":one": number(1), ":body": text("{}"), ":mark": text(stamp.mark)}
    adds, limits = ["version :one"], [LIVE, "(attribute_not_exists(mark) OR mark <> :mark)"]
    for alias, attribute in names.items():
        name = attribute.removeprefix(COUNTER)
        if name in counts:
            adds.append(f"{alias} :add{alias[1:]}")
            values[f":add{alias[1:]}"] = number(counts[name])
        if name in at_most:
            values[f":room{alias[1:]}"] = number(at_most[name] - counts.get(name, 0))
            fits = f"{alias} <= :room{alias[1:]}"
            empty_fits = counts.get(name, 0) <= at_most[name]
            limits.append(f"(attribute_not_exists({alias}) OR {fits})" if empty_fits else fits)
    sets = "SET body = :body, mark = :mark"
    if expires_at is not None:
        sets += ", expires_at = :expires_at"
        values[":expires_at"] = number(expires_at)
    return {
        "Key": key(pk, sk),
        "UpdateExpression": f"{sets} ADD " + ", ".join(adds),
        "ExpressionAttributeNames": names,
        **_only_if(" AND ".join(limits), stamp, values),
    }


def key_condition(partition: str, sort: str, pk: str, asked: rows.Span) -> tuple[str, Item]:
    condition, values = f"{partition} = :pk", {":pk": text(pk)}
    if asked.prefix is not None:
        return f"{condition} AND begins_with({sort}, :prefix)", values | {":prefix": text(asked.prefix)}
    if asked.start is not None and asked.end is not None:
        both = {":start": text(asked.start), ":end": text(asked.end)}
        return f"{condition} AND {sort} BETWEEN :start AND :end", values | both
    if asked.start is not None:
        return f"{condition} AND {sort} >= :start", values | {":start": text(asked.start)}
    if asked.end is not None:
        return f"{condition} AND {sort} <= :end", values | {":end": text(asked.end)}
    return condition, values


# ---------------------------------------------------------------------------------------------------- items and records


def item_of(record: Record, version: int, mark: str) -> Item:
    item = {
        "pk": text(record.pk),
        "sk": text(record.sk),
        "body": text(rows.encode_body(record.body)),
        "version": number(version),
        "mark": text(mark),
    }
    for name, place in (("gsi1", record.gsi1), ("gsi2", record.gsi2)):
        if place is not None:
            item |= {f"{name}pk": text(place[0]), f"{name}sk": text(place[1])}
    if record.expires_at is not None:
        item["expires_at"] = number(record.expires_at)
    return item


def live_record(item: Item, now: int) -> Record | None:
    expires_at = int(item["expires_at"]["N"]) if "expires_at" in item else None
    if expires_at is not None and expires_at <= now:
        return None
    return Record(
        item["pk"]["S"],
        item["sk"]["S"],
        counters(item) or rows.decode_body(item["body"]["S"]),
        int(item["version"]["N"]),
        (item["gsi1pk"]["S"], item["gsi1sk"]["S"]) if "gsi1pk" in item else None,
        (item["gsi2pk"]["S"], item["gsi2sk"]["S"]) if "gsi2pk" in item else None,
        expires_at,
    )


def counters(item: Item) -> dict[str, int]:
    return {name.removeprefix(COUNTER): int(value["N"]) for name, value in item.items() if name.startswith(COUNTER)}


def key(pk: str, sk: str) -> Item:
    return {"pk": text(pk), "sk": text(sk)}


def text(value: str) -> dict[str, str]:
    return {"S": value}


def number(value: int) -> dict[str, str]:
    return {"N": str(value)}
