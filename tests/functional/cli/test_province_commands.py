"""From a table on moto to the columns of a day and to Parquet; and policies as SQL that answers over it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from chalicelib import bootstrap
from chalicelib.adapters.dynamodb_store import table_definition
from chalicelib.bootstrap import Application
from chalicelib.policies.closures import compile_closure
from chalicelib.policies.facts import fact_sheet
from chalicelib.policies.tree import NOT_APPLICABLE
from chalicelib.settings import Settings
from chalicelib.times import local_date
from jobs.cli.province import followed
from jobs.province.asking import Asked, TableExports
from jobs.province.files import name_of, numbers_of
from tests.functional.cli.conftest import Jobs
from tests.functional.support import SETTINGS, make_application
from tests.houses.mocked_aws import REGION, MockedAws, fresh, make_bucket
from tests.unit.policies.test_policy_sql import WORDS
from tests.unit.province_source.exports import ID, line_of, write_export


@pytest.fixture
def province(county: Application) -> Iterator[Application]:
    """The county's files are shared by tests; these are taken away again."""
    yield county
    for name in county.blobs.list("province/"):
        county.blobs.delete(name)


def exported(county: Application, folder: Path) -> Path:
    rows = [county.store.get(f"enterprise#{each.uscc}", "profile") for each in county.enterprises.all()]
    lines = [line_of(row) for row in rows if row]
    return write_export(folder, [lines[:5], lines[5:]])


def test_an_export_becomes_columns_and_parquet_which_policies_are_asked_of(
    province: Application, jobs: Jobs, tmp_path: Path
) -> None:
    county = province
    folder, day = exported(county, tmp_path / "export"), local_date(county.clock.now())
    enterprises = list(county.enterprises.all())
    without = jobs("province", "columns", folder)
    assert without.code == 2 and "请用 --shards 说明分几片" in without.err
    half = jobs("province", "columns", folder, "--shards", 3, "--share", "1/2")
    assert half.code == 0 and "这次读了 1 个" in half.out and numbers_of(county.blobs, day.isoformat()) == []
    built = jobs("province", "columns", folder, "--shards", 3, "--json").json
    assert built == {
        "day": day.isoformat(),
        "export": ID,
        "files": 2,
        "read": 1,
        "enterprises": len(enterprises),
        "shards": 3,
        "written": 3,
    }
    again = jobs("province", "columns", folder)
    assert again.code == 0 and "3 片，这次写了 0 片" in again.out
    written = jobs("province", "parquet", tmp_path / "parquet", "--json").json
    assert written == {"day": day.isoformat(), "files": 3, "enterprises": len(enterprises)}

    text = jobs("policy", "sql").out.rstrip().removesuffix(";")
    counts = jobs("policy", "sql", "--count").out.rstrip().removesuffix(";")
    with duckdb.connect() as base:
        base.execute(f"CREATE VIEW \"enterprises\" AS FROM '{tmp_path}/parquet/*.parquet'")
        asked = base.sql(text)
        names = asked.columns[1:]
        found = {row[0]: dict(zip(names, row[1:], strict=True)) for row in asked.fetchall()}
        counted = base.sql(counts)
        numbers = dict(zip(counted.columns, counted.fetchall()[0], strict=True))
    policies = county.catalogue().policies
    decide = {each: compile_closure(policies[each].tree(policies[each].condition, day)) for each in names}
    matching = 0
    for each in enterprises:
        sheet = fact_sheet(each, day).values
        known = {name: value for name, value in sheet.items() if value is not NOT_APPLICABLE}
        assert found[each.uscc] == {policy: WORDS[by(known)] for policy, by in decide.items()}
        matching += sum(told is True for told in found[each.uscc].values())
    assert matching == sum(number for name, number in numbers.items() if " " not in name) > 10


def test_sql_of_named_policies_and_of_the_table(county: Application, jobs: Jobs) -> None:
    one = sorted(county.catalogue().policies)[0]
    text = jobs("policy", "sql", one, "--name", "firms").out
    assert text.startswith('SELECT\n  "uscc",\n') and f'AS "{one}"\nFROM "firms";' in text
    assert jobs("policy", "sql", "--table").out.startswith("CREATE EXTERNAL TABLE `enterprises`")
    wrong = jobs("policy", "sql", "P999")
    assert wrong.code == 2 and "没有编号为 P999 的政策" in wrong.err
    make_application()
    empty = jobs("policy", "sql")
    assert empty.code == 2 and "没有在施行的政策" in empty.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("export",), "请加 --stage NAME"),
        (("columns", "nowhere"), "没有 nowhere 这个目录"),
        (("columns", ".", "--share", "3/2"), "--share 3/2 不对"),
        (("columns", ".", "--shards", "2"), "导出里没有 manifest-summary.json"),
        (("parquet", "out"), "一片也没有"),
    ],
)
def test_what_is_wrong_is_said(jobs: Jobs, words: tuple[str, ...], told: str) -> None:
    make_application(stage="local")
    done = jobs("province", *words)
    assert done.code == 2 and told in done.err


@pytest.fixture(scope="module")
def aws() -> Iterator[MockedAws]:
    made = MockedAws()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def on_aws(aws: MockedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Application, MockedAws]]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    name = fresh()
    aws.client("dynamodb").create_table(**table_definition(name))
    make_bucket(aws.client("s3"), name)
    names = {"stage": "aws", "table": name, "bucket": name, "queue_prefix": name}
    application = Application(Settings(**{**SETTINGS, **names}))  # type: ignore[arg-type]
    bootstrap.install(application)
    yield application, aws
    bootstrap.install(None)


def test_the_table_is_exported_by_dynamodb_itself(on_aws: tuple[Application, MockedAws], jobs: Jobs) -> None:
    application, aws = on_aws
    table, client = application.settings.table, aws.client("dynamodb")
    refused = jobs("province", "export")
    assert refused.code == 1 and "没有打开时间点恢复" in refused.err
    client.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    done = jobs("province", "export", "--no-wait", "--again", "--json").json
    exports = TableExports(table, table, lambda: client)
    ended = followed(exports, exports.ask(local_date(application.clock.now())), lambda _: time.sleep(0.02))
    assert ended.state == "COMPLETED" and done["state"] in ("IN_PROGRESS", "COMPLETED")
    names = [each["Key"] for each in aws.client("s3").list_objects_v2(Bucket=table)["Contents"]]
    assert [name for name in names if name.startswith("province/exports/AWSDynamoDB/")]


def test_columns_are_built_from_the_bucket_of_the_stage(
    on_aws: tuple[Application, MockedAws], jobs: Jobs, tmp_path: Path
) -> None:
    application, aws = on_aws
    folder = write_export(tmp_path / "export", [[], []])
    for path in (each for each in folder.rglob("*") if each.is_file()):
        key = f"province/exports/AWSDynamoDB/{ID}/{path.relative_to(folder).as_posix()}"
        aws.client("s3").put_object(Bucket=application.settings.bucket, Key=key, Body=path.read_bytes())
    done = jobs("province", "columns", f"arn:aws-cn:dynamodb:x:1:table/t/export/{ID}", "--shards", 1, "--json").json
    assert (done["files"], done["read"], done["written"], done["enterprises"]) == (2, 2, 1, 0)
    assert application.blobs.get(name_of(done["day"], "columns", 0))
    other = jobs("province", "columns", "0" * 14, "--shards", 1, "--as-of", "2026-11-01")
    assert other.code == 2 and "导出可能还没有完成" in other.err


class Slow:
    """An export that takes three looks."""

    def __init__(self, *states: str) -> None:
        self._states = list(states)

    def look(self, asked: Asked) -> Asked:
        return Asked(asked.arn, self._states.pop(0), "S3AccessDenied")


def test_an_export_is_followed_to_its_end() -> None:
    waits: list[float] = []
    slow: TableExports = Slow("IN_PROGRESS", "IN_PROGRESS", "FAILED")  # type: ignore[assignment]
    ended = followed(slow, Asked("e", "IN_PROGRESS"), waits.append)
    assert (ended.state, ended.why, len(waits)) == ("FAILED", "S3AccessDenied", 3)

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    assert followed(slow, Asked("e", "IN_PROGRESS"), interrupt).state == "IN_PROGRESS"
