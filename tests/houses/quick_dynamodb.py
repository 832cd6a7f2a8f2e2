"""moto's DynamoDB without its two habits that cost the whole table: a copy of it for each write of a transaction
(moto 5.2.5, dynamodb/models/__init__.py, ``transact_write_items``) and a sort of all its rows for each query
(dynamodb/models/table.py, ``all_items``). What it answers is the same."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import DynamoDBBackend, Table, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item


def install(region: str) -> None:
    """For the region of a mock that has just been started; ends with it."""
    dynamodb_backends[DEFAULT_ACCOUNT_ID][region] = QuickBackend(region, DEFAULT_ACCOUNT_ID)


class QuickTable(Table):
    _asked: tuple[str, DynamoType] | None = None
    in_transaction = False

    def __deepcopy__(self, memo: dict[int, Any]) -> Table:
        """In a transaction the backend keeps the rows that may change, and who wants a copy has this table."""
        if self.in_transaction:
            return self
        copied = QuickTable.__new__(QuickTable)
        memo[id(self)] = copied
        copied.__dict__ = copy.deepcopy(self.__dict__, memo)
        return copied

    def query(self, hash_key: Any, *asked: Any, hash_key_conditions: Any = None, **more: Any) -> Any:
        self._asked = (hash_key_conditions[0][0], hash_key) if hash_key_conditions else None
        try:
            return super().query(hash_key, *asked, hash_key_conditions=hash_key_conditions, **more)
        finally:
            self._asked = None

    def all_items(self) -> list[Item]:
        """While a query looks for its partition: that. The query sorts what it finds by itself."""
        if self._asked is None:
            return super().all_items()
        name, value = self._asked
        if name == self.hash_key_attr:
            return list(self.items.get(value, {}).values())
        rows = (row for partition in self.items.values() for row in partition.values())
        return [row for row in rows if (found := row.attrs.get(name)) and found.value == value.value]


class QuickBackend(DynamoDBBackend):
    def create_table(self, *arguments: Any, **named: Any) -> Table:
        table = super().create_table(*arguments, **named)
        table.__class__ = QuickTable  # moto names the class where it makes one
        return table

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        with self._undone(transact_items):
            super().transact_write_items(transact_items)

    @contextmanager
    def _undone(self, transact_items: list[dict[str, Any]]) -> Iterator[None]:
        """Puts the rows that the transaction names back as they were when it fails."""
        before = []
        for write in (write for each in transact_items for write in each.values()):
            table = self.get_table(write["TableName"])
            hash_key, range_key = self.get_keys_value(table, write.get("Key") or write["Item"])
            before.append((table, hash_key, range_key, copy.deepcopy(table.get_item(hash_key, range_key))))
        tables = {id(table): table for table, *_ in before}.values()
        for table in tables:
            table.in_transaction = True
        try:
            yield
        except Exception:
            for table, hash_key, range_key, row in before:
                if row is None:
                    table.items[hash_key].pop(range_key, None)
                else:
                    table.items[hash_key][range_key] = row
            raise
        finally:
            for table in tables:
                table.in_transaction = False
