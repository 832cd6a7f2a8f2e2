"""The command line of a round: the whole way once, and what is said to who gets it wrong."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chalicelib import bootstrap
from chalicelib.adapters.clocks import FixedClock
from chalicelib.errors import BadInput, Refusal
from jobs.cli import award
from tests.functional.support import make_application
from tests.unit.policies.awards.support import POOL, enterprise, policy

ONE, TWO = enterprise(1), enterprise(2)
ROUND = "P90-2026-1"
NUMBER = "6222021234567890128"


class Office:
    def __init__(self) -> None:
        application = make_application(demo=False)
        for firm in (ONE, TWO):
            application.enterprises.save(firm, application.clock.now())
        rules = {"P90": policy()}
        application.catalogue = lambda: type("Published", (), {"policies": rules})()  # type: ignore[method-assign]
        assert isinstance(application.clock, FixedClock)
        self.clock = application.clock

    def run(self, *words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(award.app, list(words), input=typed)

    def says(self, *words: str, typed: str | None = None) -> str:
        result = self.run(*words, typed=typed)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    def refuses(self, *words: str) -> str:
        """The sentence of the refusal; ``jobs.cli.main`` prints it and leaves with 2 or 1."""
        error = self.run(*words).exception
        assert isinstance(error, Refusal), error
        return str(error)

    def document(self, *words: str) -> Any:
        return json.loads(self.says(*words, "--json"))


@pytest.fixture
def office() -> Iterator[Office]:
    yield Office()
    bootstrap.install(None)


def test_from_open_to_statistics(office: Office, tmp_path: Path) -> None:
    assert "名单 2 家 46,837.18 元" in office.says("open", "P90", "--year", "2026", "--by", "ann")
    assert "待公示" in office.says("confirm", ROUND, "--by", "bob")
    assert "公示中" in office.says("publicise", ROUND, "--by", "ann", "--days", "5")
    assert "第 1 号异议" in office.says("object", ROUND, TWO.uscc, "--by", "ann", "--note", "有误")
    said = office.says("resolve", ROUND, TWO.uscc, "1", "--overruled", "--by", "bob", "--note", "已核对")
    assert "待确认账户" in said
    bank = ("--bank", "示例银行", "--by", "ann")
    said = office.says("account", ROUND, ONE.uscc, "--name", ONE.name, *bank, typed=f"{NUMBER}\n")
    assert "账户已确认" in said and NUMBER not in said
    table = tmp_path / "accounts.csv"
    table.write_text(f"统一社会信用代码,户名,开户行,账号\n{TWO.uscc},{TWO.name},示例银行,{NUMBER}\n", encoding="utf-8")
    assert "确认 1 家" in office.says("accounts", ROUND, str(table), "--by", "ann")
    office.clock.advance(timedelta(days=5))
    assert "100 万元" in office.says("pool", POOL, "--total", "1000000", "--by", "ann")
    assert "第 1 批 2 笔 46,837.18 元" in office.says("batch", ROUND, "--by", "ann")
    out = tmp_path / "pay.csv"
    assert "2 笔" in office.says("pay", ROUND, "--out", str(out), "--by", "bob")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    rows = [row.split(",") for row in out.read_text(encoding="utf-8-sig").splitlines()[1:-1]]
    receipts = tmp_path / "receipts.csv"
    lines = [f"{row[1]},{row[6]},成功,2026-11-30," for row in rows]
    receipts.write_text("\n".join(["支付编号,金额（元）,结果,日期,原因", *lines]), encoding="gb18030")
    assert "到账 2 笔" in office.says("receipts", ROUND, str(receipts))
    assert "以前已登记 2 笔" in office.says("receipts", ROUND, str(receipts))
    paid = {"paid_fen": 4_683_718, "enterprises": 2, "payments": 2}
    assert office.document("statistics") == {**paid, "policies": {"P90": paid}}
    assert "已结束" in office.says("close", ROUND, "--by", "ann", "--note", "办完")
    shown = office.document("show", ROUND)
    assert (shown["stage"], len(shown["entries"]), shown["total_fen"]) == ("已结束", 2, 4_683_718)
    everything = office.says("show", ROUND) + office.says("list") + office.says("show", ROUND, "--json")
    assert NUMBER not in everything and "***************0128" in everything


def test_a_batch_given_up_and_an_entry_withdrawn(office: Office, tmp_path: Path) -> None:
    office.says("open", "P90", "--year", "2026", "--by", "ann")
    office.says("confirm", ROUND, "--by", "bob")
    office.says("publicise", ROUND, "--by", "ann", "--days", "1")
    office.says("account", ROUND, ONE.uscc, "--name", ONE.name, "--bank", "示例银行", typed=f"{NUMBER}\n")
    office.clock.advance(timedelta(days=1))
    assert "还差 23,418.59 元" in office.refuses("batch", ROUND, "--by", "ann")
    office.says("pool", POOL, "--total", "1000000", "--by", "ann")
    office.says("batch", ROUND, "--by", "ann")
    assert "另一个人批准" in office.refuses("pay", ROUND, "--out", str(tmp_path / "p.csv"), "--by", "ann")
    assert "已退回" in office.says("dissolve", ROUND, "--by", "bob", "--note", "账户要再核")
    assert "已撤出" in office.says("withdraw", ROUND, ONE.uscc, "--by", "ann", "--note", "企业放弃")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("open", "P77", "--year", "2026"), "没有编号为 P77 的政策"),
        (("show", "P1-2026-9"), "没有编号为 P1-2026-9 的批次。请用 award list 查看编号。"),
        (("batch", "P1-2026-9"), "没有编号为 P1-2026-9 的批次"),
        (("receipts", "P1-2026-9", "nowhere.csv"), "没有 nowhere.csv 这个文件"),
        (("pool", "池", "--total", "1.001"), "最多两位小数"),
        (("pool", "池", "--total", "many"), "以元为单位的数字"),
        (("withdraw", ROUND, "91360323MAXX00015D", "--note", "x"), "统一社会信用代码"),
    ],
)
def test_what_is_wrong_is_named(office: Office, words: tuple[str, ...], says: str) -> None:
    assert says in office.refuses(*words)


def test_wrong_files_are_bad_input(office: Office, tmp_path: Path) -> None:
    office.says("open", "P90", "--year", "2026", "--by", "ann")
    office.says("confirm", ROUND, "--by", "bob")
    office.says("publicise", ROUND, "--by", "ann", "--days", "1")
    table = tmp_path / "accounts.csv"
    head = "统一社会信用代码,户名,开户行,账号"
    table.write_text(
        f"{head}\n{ONE.uscc},=1+1,示例银行,12345678\n{TWO.uscc},{TWO.name},示例银行,12\n", encoding="utf-8"
    )
    result = office.run("accounts", ROUND, str(table))
    assert isinstance(result.exception, BadInput)
    assert "第 2 行 户名：不能以 = + - @ 开头" in str(result.exception)
    assert "第 3 行 账号：账号应是 8 到 32 位数字" in str(result.exception)
    other = enterprise(9)
    twice = f"{ONE.uscc},{ONE.name},示例银行,12345678\n"
    table.write_text(f"{head}\n{other.uscc},{other.name},示例银行,12345678\n", encoding="utf-8")
    assert f"第 2 行 统一社会信用代码：名单里没有 {other.uscc}" in office.refuses("accounts", ROUND, str(table))
    table.write_text(f"{head}\n{twice}{twice}", encoding="utf-8")
    assert "第 3 行 统一社会信用代码：与第 2 行重复" in office.refuses("accounts", ROUND, str(table))
    table.write_text(
        f"{head}\n{ONE.uscc},别的公司,示例银行,12345678\n{TWO.uscc},{TWO.name},示例银行,12345678\n", encoding="utf-8"
    )
    assert "确认 1 家，不能收款 1 家，没有变化 0 家" in office.says("accounts", ROUND, str(table))
    mixed = f"{head}\n{ONE.uscc},{ONE.name},示例银行,12345678\n{TWO.uscc},别的公司,示例银行,12345678\n"
    assert "没有变化 2 家" in office.says("accounts", ROUND, str(table))
    table.write_text(mixed, encoding="utf-8")
    assert "确认 1 家，不能收款 0 家，没有变化 1 家" in office.says("accounts", ROUND, str(table))  # a good one stands
    assert "确认 0 家，不能收款 0 家，没有变化 2 家" in office.says("accounts", ROUND, str(table))
