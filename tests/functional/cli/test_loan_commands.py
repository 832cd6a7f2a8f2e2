"""``loan`` and ``unit``: the 48-hour channel for operators, and the people of a bank bound to their unit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.bootstrap import Application
from chalicelib.finance.model import LoanRow
from tests.functional.cli.conftest import Jobs
from tests.functional.county import E01
from tests.functional.support import clock_of

BANK = "91360323MAXX000905"
GIANT = "91360323MAXX000312"


@pytest.fixture
def overdue(county: Application) -> str:
    now = county.clock.now()
    row = {
        "id": "LN-2026-9001",
        "uscc": GIANT,
        "bank": "九江银行",
        "fast_channel": True,
        "prov": ["F1"],
        "verified_at": "2026-11-01",
        "verified_by": "test",
        "events": [{"id": "a1", "state": "ACCEPTED", "at": now.isoformat(), "source": "银行"}],
    }
    county.loans.save_row(LoanRow.model_validate(row), now)
    return "LN-2026-9001"


def test_the_clock_the_reminders_and_the_month(county: Application, jobs: Jobs, overdue: str) -> None:
    clock_of(county).advance(timedelta(hours=49))
    mine = [row for row in jobs("loan", "channel", "--json").json if row["loan"] == overdue]
    assert [(row["status"], row["used_seconds"], row["level"]) for row in mine] == [("running", 49 * 3600, 1)]
    assert overdue in jobs("loan", "channel").out
    assert jobs("run", "channel-watch", "--dry-run", "--json").json["planned"] >= 4
    assert jobs("loan", "reminders").out.count(overdue) == 0
    jobs("run", "channel-watch")
    breach = f"loan48:{overdue}:48h"
    assert breach in [row["key"] for row in jobs("loan", "reminders", "--json").json]
    assert "已超时" in jobs("loan", "reminders").out
    assert "抵押" in jobs("loan", "close", breach, "--cause", "抵押登记排队").out
    report = jobs("loan", "report", "--json").json
    assert overdue in report["breached"] and report["causes"] == {"抵押登记排队": 1}
    assert report["definitions"]["breached"]
    assert "延误原因 · 抵押登记排队：1 笔" in jobs("loan", "report").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("loan", "report", "--month", "11月"), "2026-11"),
        (("loan", "close", "loan48:x:48h", "--cause", " "), "--cause"),
        (("unit", "set", "九江银行", "91360323MAXX00090X"), "统一社会信用代码"),
        (("unit", "set", "行", BANK), "2 到 40"),
        (("unit", "bind-code", "没有的银行"), "unit set"),
        (("enterprise", "bind-code", E01, "--role", "经办"), "法人"),
    ],
)
def test_what_is_wrong_is_said(county: Application, jobs: Jobs, words: tuple[str, ...], says: str) -> None:
    done = jobs(*words)
    assert done.code == 2 and says in done.err


def test_an_unknown_reminder_fails_with_the_way_to_find_it(county: Application, jobs: Jobs) -> None:
    done = jobs("loan", "close", "loan48:x:48h", "--cause", "排队")
    assert done.code != 0 and "loan reminders" in done.err


def test_a_bank_officer_binds_to_the_unit(county: Application, jobs: Jobs) -> None:
    assert "已登记" in jobs("unit", "set", "九江银行", BANK).out
    assert "没有变化" in jobs("unit", "set", "九江银行", BANK).out
    assert "经办" in jobs("unit", "bind-code", "九江银行", "--role", "法人").err
    code = jobs("unit", "bind-code", "九江银行", "--role", "负责人", "--json").json["code"]
    county.bindings.redeem("oOFFICER____________________", code, county.clock.now())
    assert jobs("unit", "list", "--json").json == [{"name": "九江银行", "uscc": BANK, "members": 1}]
    assert "九江银行" in jobs("unit", "list").out


def test_a_demand_from_the_department_to_the_banks(county: Application, jobs: Jobs) -> None:
    demand = county.demands.register(
        "oBOSS_______________________", GIANT, 300_000_000, 12, "买原材料", county.clock.now()
    )
    assert demand.id in jobs("loan", "demands").out
    assert "等企业同意" in jobs("loan", "recommend", demand.id, "--bank", "甲银行", "--bank", "乙银行").out
    assert jobs("loan", "asked", "甲银行", "--json").json == []
    county.demands.agree(demand.id, GIANT, ("甲银行", "乙银行"), county.clock.now())
    words = ("--amount", "3000000", "--rate", "3.45", "--months", "12")
    assert "已登记" in jobs("loan", "offer", demand.id, "乙银行", *words).out
    assert "已登记" in jobs("loan", "offer", demand.id, "甲银行", "--declined", "负债率").out
    (row,) = jobs("loan", "asked", "甲银行", "--json").json
    assert row["own"]["declined"] == "负债率" and "乙银行" not in str(row)
    assert "3.45" not in jobs("loan", "demands", "--json").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("loan", "recommend", "F-1", "--bank", "甲银行"), "F-1"),
        (("loan", "offer", "F-1", "甲银行", "--months", "12", "--amount", "十", "--rate", "3"), "--amount"),
        (("loan", "offer", "F-1", "甲银行", "--months", "12", "--amount", "1.001", "--rate", "3"), "两位"),
        (("loan", "offer", "F-1", "甲银行", "--months", "12", "--amount", "1", "--rate", "30"), "--rate"),
        (("loan", "offer", "F-1", "甲银行", "--amount", "1", "--rate", "3"), "--months"),
        (("loan", "offer", "F-1", "甲银行", "--declined", "不想"), "征信"),
    ],
)
def test_wrong_words_about_a_demand(county: Application, jobs: Jobs, words: tuple[str, ...], says: str) -> None:
    done = jobs(*words)
    assert done.code == 2 and says in done.err
