"""Nobody's rights reach further into the audit log (审计日志) than adding a line; those of functions not even there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app import app
from chalicelib.adapters import dynamodb_requests as requests
from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.adapters.rows import key_of
from chalicelib.audit.log import AuditLog, Result
from chalicelib.ports import Write
from infra.functions import functions_of
from tests.houses import rights

FUNCTIONS = [function.name for function in functions_of(app)]
CHANGES = ("PutItem", "UpdateItem", "DeleteItem")
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


class Recording(MemoryStore):
    """Keeps every write of every transaction."""

    def __init__(self) -> None:
        super().__init__(FixedClock(NOW))
        self.written: list[Write] = []

    def transact(self, writes: Any) -> None:
        self.written += writes
        super().transact(writes)


@pytest.fixture(scope="module")
def written() -> list[Write]:
    """What the log writes: the first line ever, one more, and one of another month."""
    store = Recording()
    log = AuditLog(store)
    for at in (NOW, NOW, NOW.replace(month=12)):
        log.append("op", "notice retry", "id=N-1", Result.DONE, at)
    return store.written


def allows(name: str, action: str, pk: str) -> bool:
    return rights.allows(name, f"dynamodb:{action}", "Table", pk)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_change_all_rows_but_those_of_the_log(name: str, written: list[Write]) -> None:
    for pk in {key_of(write)[0] for write in written}:
        assert [action for action in CHANGES if allows(name, action, pk)] == []
        assert allows(name, "Query", pk)


def test_operators_add_to_the_log_and_neither_update_nor_delete(written: list[Write]) -> None:
    for pk in {key_of(write)[0] for write in written}:
        assert [action for action in CHANGES if allows("operator", action, pk)] == ["PutItem"]


def test_the_log_needs_no_more_than_adding_and_each_put_has_its_condition(written: list[Write]) -> None:
    """IAM knows no "only if absent": that a put replaces no line is the log's own condition."""
    stamp = requests.Stamp(int(NOW.timestamp()))
    asked = [requests.operation(write, False, stamp) for write in written]
    assert {operation for operation, _ in asked} == {"Put"}
    lines = [more for write, (_, more) in zip(written, asked, strict=True) if key_of(write)[0].startswith("audit#")]
    assert len(lines) == 3
    assert all(more["ConditionExpression"].startswith("(attribute_not_exists(pk)") for more in lines)
