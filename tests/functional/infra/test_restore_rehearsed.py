"""Backup, restore and upgrade rehearsed on moto: a copy is made of the table, checked by row, and upgraded alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
import typer
from moto import mock_aws
from typer.testing import CliRunner, Result

from chalicelib import bootstrap
from chalicelib.adapters.dynamodb_store import DynamoDBStore, table_definition
from chalicelib.audit.log import AuditLog
from chalicelib.bootstrap import Application
from chalicelib.ports import Put
from infra.bring_back import bring_back, wanted, write
from infra.compare import Comparison, compare, compare_command, rows_of
from jobs.upgrade import LAYOUT, layout, upgrade
from tests.functional.cli.test_upgrade_command import make_old
from tests.functional.county import E01, make_county, snapshot
from tests.functional.support import clock_of

TABLE, COPY = "xixinban-test", "xixinban-test-restored"


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_DEFAULT_REGION": "cn-north-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.session.Session().client("dynamodb")
        client.create_table(**table_definition(TABLE))
        client.update_continuous_backups(
            TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        yield client
        for table in {TABLE, COPY} & set(client.list_tables()["TableNames"]):
            client.delete_table(TableName=table)  # in stage aws it is one mock for the whole run
        client.close()


def on(client: Any, table: str, like: Application) -> Application:
    """The stage, over a table of the mock."""
    store = DynamoDBStore(table, lambda: client, clock_of(like))
    return Application(
        like.settings, clock=like.clock, store=store, queue=like.queue, blobs=like.blobs, messenger=like.messenger
    )


def restore(client: Any) -> None:
    client.restore_table_to_point_in_time(SourceTableName=TABLE, TargetTableName=COPY, UseLatestRestorableTime=True)


@pytest.fixture
def old(dynamodb: Any) -> Iterator[Application]:
    """The rows of one enterprise as an earlier version left them."""
    county = make_county()
    make_old(county)
    wanted = ("case", "loan", "enterprise")
    for record in snapshot(county).values():
        if record.pk.startswith(wanted) and E01 in str(record):
            DynamoDBStore(TABLE, lambda: dynamodb, county.clock).transact([Put(record)])
    yield on(dynamodb, TABLE, county)
    bootstrap.install(None)


def test_a_restored_table_holds_every_row_and_finds_them_by_both_indexes(dynamodb: Any, old: Application) -> None:
    restore(dynamodb)
    rows = rows_of(dynamodb, TABLE)
    assert len(rows) >= 3
    assert rows_of(dynamodb, COPY) == rows
    copy = on(dynamodb, COPY, old)
    assert copy.cases.of_enterprise(E01) == old.cases.of_enterprise(E01) != []
    assert copy.loans.of_enterprise(E01) == old.loans.of_enterprise(E01) != []


def test_an_upgrade_is_rehearsed_on_the_copy_and_leaves_the_table_alone(dynamodb: Any, old: Application) -> None:
    restore(dynamodb)
    before = rows_of(dynamodb, TABLE)
    copy = on(dynamodb, COPY, old)
    assert upgrade(copy).was_needed
    assert rows_of(dynamodb, TABLE) == before
    assert (layout(old), layout(copy)) == (1, LAYOUT)
    case, loan = copy.cases.of_enterprise(E01)[0], copy.loans.of_enterprise(E01)[0]
    assert copy.cases.belongs(case.no, E01) and copy.loans.belongs(loan.id, E01)
    assert not old.cases.belongs(case.no, E01)
    assert not any(each.only_here for each in compare(before, rows_of(dynamodb, COPY)))


def test_the_command_counts_by_kind_and_shows_nobody(dynamodb: Any, old: Application) -> None:
    restore(dynamodb)
    app = typer.Typer()
    app.command()(compare_command)
    assert CliRunner().invoke(app, [COPY, "--stage", "test"]).exit_code == 0
    case = old.cases.of_enterprise(E01)[0].no
    dynamodb.delete_item(TableName=COPY, Key={"pk": {"S": f"case#{case}"}, "sk": {"S": "row"}})
    found = CliRunner().invoke(app, [COPY, "--stage", "test"])
    assert found.exit_code == 1
    assert "只在原表 1" in found.stdout and case not in found.stdout and E01 not in found.stdout
    missing = CliRunner().invoke(app, ["nowhere-at-all", "--stage", "test"])
    assert missing.exit_code == 1 and "读不了表" in missing.stderr


@pytest.fixture
def back(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "")
    app = typer.Typer()
    app.command()(bring_back)
    return lambda *words: CliRunner().invoke(app, [COPY, *words, "--stage", "test"])


def test_what_was_lost_comes_back_and_what_was_changed_only_when_asked(
    dynamodb: Any, old: Application, back: Callable[..., Result]
) -> None:
    restore(dynamodb)
    before = rows_of(dynamodb, TABLE)
    lost, changed = sorted(key for key in before if key[0].startswith("case#"))[:2]
    dynamodb.delete_item(TableName=TABLE, Key={"pk": {"S": lost[0]}, "sk": {"S": lost[1]}})
    row = old.store.get(*changed)
    assert row is not None
    old.store.put(replace(row, body={**row.body, "note": "改坏了"}))
    said = back("case", "--dry-run")
    assert (said.exit_code, said.stdout) == (0, "丢失 1 行，改过 1 行；要放回 1 行。\n")
    assert "放回 1 行" in back("case").stdout and "放回 1 行" in back("case", "--replace").stdout
    again = old.store.get(*changed)
    assert again is not None and again.body == row.body and again.version > row.version
    held = {key: value for key, value in rows_of(dynamodb, TABLE).items() if not key[0].startswith("audit")}
    assert {key for key in before if held.get(key) != before[key]} == {changed}, "its version went on"
    assert "要放回 0 行" in back("case").stdout
    kinds = [entry.action for entry in AuditLog(old.store).entries()]
    assert kinds == ["infra.bring_back"] * 4


def test_what_somebody_writes_meanwhile_stays(dynamodb: Any, old: Application) -> None:
    restore(dynamodb)
    key = next(key for key in rows_of(dynamodb, TABLE) if key[0].startswith("case#") and key[1] == "row")
    row = old.store.get(*key)
    assert row is not None
    old.store.put(replace(row, body={**row.body, "note": "1"}))
    (seen,) = wanted(dynamodb, TABLE, COPY, {"case"}, 0)
    old.store.put(replace(row, body={**row.body, "note": "2"}))
    assert not write(dynamodb, TABLE, seen)
    now = old.store.get(*key)
    assert now is not None and now.body["note"] == "2"


@pytest.mark.parametrize(("kind", "said"), [("audit", "审计日志不改写"), ("person", "请本人重新绑定")])
def test_what_must_not_come_back_is_refused(kind: str, said: str, dynamodb: Any, back: Callable[..., Result]) -> None:
    refused = back(kind)
    assert refused.exit_code == 2 and said in refused.stderr


def test_each_row_is_the_same_changed_or_on_one_side_only() -> None:
    here = {("case#1", "row"): "a", ("case#2", "row"): "b", ("loan#1", "row"): "c"}
    there = {("case#1", "row"): "a", ("case#2", "row"): "x", ("notice#1", "row"): "d"}
    assert compare(here, there) == [
        Comparison("case", 1, 1, 0, 0),
        Comparison("loan", 0, 0, 1, 0),
        Comparison("notice", 0, 0, 0, 1),
    ]
