"""Every command: help, exit codes, Chinese on stderr, results on stdout, one JSON document with --json."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.enterprises.consent import NOTICE_VERSION
from chalicelib.enterprises.scopes import Scope
from chalicelib.guidance import indexfile, published
from chalicelib.notices.model import NoticeState
from chalicelib.times import local_date
from chalicelib.wechat.errors import NotSent
from jobs.history import RunRow, record
from jobs.registry import JOBS
from tests.functional.cli.conftest import Jobs
from tests.functional.county import CASE, CASE_TITLE, E01, snapshot
from tests.functional.support import DATA, ROOT

COMMANDS = (
    "",
    "serve",
    "list",
    "runs",
    "run",
    "doctor",
    "content",
    "content check",
    "content load",
    "content export",
    "guide ask",
    "guide evaluate",
    "guide index",
    "policy check",
    "policy match",
    "policy preview",
    "enterprise bind-code",
    "enterprise members",
    "case aside",
    "case show",
    "notice list",
    "notice show",
    "notice retry",
    "notice cancel",
    "ticket list",
    "ticket show",
    "ticket answer",
    "menu publish",
)
WRONG_CODE = E01[:-1] + "D"


# --------------------------------------------------------------------------------------------------------------- usage


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_help(words: str, jobs: Jobs) -> None:
    done = jobs(*words.split(), "--help")
    assert done.code == 0
    assert done.out.startswith("Usage: python -m jobs")
    assert done.err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nonsense", "没有“nonsense”这个命令。"),
        ("content nonsense", "没有“nonsense”这个命令。"),
        ("run nonsense", "没有“nonsense”这个任务；可用：policy-push"),
        ("runs nonsense", "没有“nonsense”这个任务"),
        ("run", "缺少 job（任务名"),
        ("run policy-push extra", "多写了 extra。"),
        ("run policy-push --frob", "没有 --frob 这个选项。"),
        ("run policy-push --as-of yesterday-ish", "--as-of：“yesterday-ish”不是日期，要写成 2026-11-22 这样。"),
        ("run policy-push --as-of", "--as-of 后面要写值。"),
        (f"run policy-push --enterprise {WRONG_CODE}", "校验位不对（应为 C，写的是 D）"),
        ("notice list --limit 0", "--limit：不能小于 1。"),
        ("notice list --limit many", "--limit：要写整数。"),
        ("notice list --state lost", "没有“lost”这种状态。可以写：已登记（created）"),
        (f"enterprise bind-code {WRONG_CODE}", "校验位不对（应为 C，写的是 D）。请核对营业执照"),
        ("enterprise bind-code 123", "应为 18 位，写的是 3 位"),
        (f"enterprise bind-code {E01} --role 老板", "没有“老板”这个角色；可用：法人"),
        ("case show 3603232026112299999", "没有编号为 3603232026112299999 的办件"),
        ("policy preview P99", "没有编号为 P99 的政策"),
        ("policy match --policies /no/p --enterprises /no/e --out /no/o", "没有 /no/p 这个文件"),
        ("content check /no/where", "没有 /no/where 这个文件或文件夹"),
        ("content load /no/where", "没有 /no/where 这个文件或文件夹"),
        ("guide evaluate /no/where", "没有 /no/where 这个文件夹"),
    ],
)
def test_bad_usage_and_bad_input_are_2_and_say_what_is_wrong(
    words: str, said: str, jobs: Jobs, county: Application
) -> None:
    before = snapshot(county)
    done = jobs(*words.split())
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert snapshot(county) == before


@pytest.mark.parametrize("words", ["notice show abc", "notice retry abc", "notice cancel abc"])
def test_a_notice_that_there_is_not(words: str, jobs: Jobs, county: Application) -> None:
    done = jobs(*words.split())
    assert done.code in (1, 2)
    assert "没有编号为 abc 的通知" in done.err


def test_as_a_process() -> None:
    """What a shell sees; everything else here runs in this process, for speed."""
    done = subprocess.run(
        [sys.executable, "-m", "jobs", "nonsense"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "没有“nonsense”这个命令。\n看用法：python -m jobs --help\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [("WECHAT_TOKEN", ""), ("WECHAT_AES_KEY", "short"), ("STAGE", "moon"), ("QUIET_HOURS", "night")],
)
def test_a_bad_setting_is_2_and_named(
    name: str, value: str, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bootstrap.install(None)
    monkeypatch.setenv("XIXINBAN_DB", str(tmp_path / "x.db"))
    monkeypatch.setenv(f"XIXINBAN_{name}", value)
    done = jobs("list")
    assert done.code == 2
    assert f"XIXINBAN_{name}" in done.err
    assert not (tmp_path / "x.db").exists()


def test_a_file_that_is_no_database_is_told(jobs: Jobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bootstrap.install(None)
    (tmp_path / "x.db").write_text("not a database, but long enough to be looked at by the engine")
    monkeypatch.setenv("XIXINBAN_DB", str(tmp_path / "x.db"))
    done = jobs("list")
    assert done.code == 1
    assert "XIXINBAN_DB" in done.err


# ------------------------------------------------------------------------------------------------------------- content


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("91360323MAXX0003", "企业.csv 第 3 行：这一行只有 1 列，表头有 3 列"),
        ('91360323MAXX000312,"江西溪盾', "企业.csv 第 3 行：这一行的引号没有闭合，或者文件没有写完整"),
        ("91360323MAXX000313,江西溪盾环保科技股份有限公司,R", "企业.csv 第 3 行「统一社会信用代码」：校验位不对"),
    ],
)
def test_a_half_written_csv_names_file_row_and_field_and_changes_nothing(
    last: str, said: str, jobs: Jobs, county: Application, tmp_path: Path
) -> None:
    lines = ("统一社会信用代码,名称,来源标注", f"{E01},芦溪溪华电瓷有限公司,R", last)
    (tmp_path / "企业.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    before = snapshot(county)
    for command in ("check", "load"):
        done = jobs("content", command, tmp_path / "企业.csv")
        assert done.code == 2
        assert said in done.out
    assert "没有导入任何内容" in done.err
    assert snapshot(county) == before


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"\xd0\xcf\x11\xe0 an old xls"])
def test_a_broken_workbook_is_told(content: bytes, jobs: Jobs, county: Application, tmp_path: Path) -> None:
    (tmp_path / "企业.xlsx").write_bytes(content)
    done = jobs("content", "check", tmp_path / "企业.xlsx", "--json")
    assert done.code == 2
    report = json.loads(done.out)
    assert report["ok"] is False
    assert report["problems"][0]["file"].endswith("企业.xlsx")


def test_an_enterprise_with_a_wrong_code_is_refused_by_row_and_column(
    jobs: Jobs, county: Application, tmp_path: Path
) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.title = "企业"
    book.active.append(["统一社会信用代码", "名称"])
    book.active.append([WRONG_CODE, "芦溪溪华电瓷有限公司"])
    book.save(tmp_path / "企业.xlsx")
    done = jobs("content", "check", tmp_path / "企业.xlsx")
    assert done.code == 2
    assert "第 2 行「统一社会信用代码」：校验位不对（应为 C，写的是 D）" in done.out


@pytest.mark.parametrize("name", ["folder", "all.xlsx"])
def test_what_is_exported_can_be_checked_again(name: str, jobs: Jobs, county: Application, tmp_path: Path) -> None:
    done = jobs("content", "export", tmp_path / name)
    assert done.code == 0
    assert "items：41" in done.out
    assert "请按规定保管" in done.err
    assert jobs("content", "check", tmp_path / name, "--json").json["ok"] is True


def test_the_sample_content_is_right_and_loading_it_again_changes_nothing(jobs: Jobs, county: Application) -> None:
    assert jobs("content", "check", DATA, "--json").json["ok"] is True
    changed = jobs("content", "load", DATA, "--json").json
    assert changed["version"] == county.catalogue().version == 1
    assert all(not counts.get("added") for counts in changed["kinds"].values())


# ---------------------------------------------------------------------------------------------------------------- JSON


def bound(county: Application, openid: str = "oOwner") -> str:
    now = county.clock.now()
    county.followers.follow(openid, now)
    county.bindings.redeem(openid, county.bindings.issue_code(E01, "法人", "op", now).code, now)
    county.consents.grant(openid, Scope, NOTICE_VERSION, "chat", now)
    return openid


@pytest.mark.parametrize(
    "words",
    [
        "list",
        "runs",
        "runs policy-push",
        "run policy-push --dry-run",
        "run daily-report",
        f"policy check {E01}",
        "policy preview P14",
        f"enterprise bind-code {E01}",
        f"case show {CASE}",
        "notice list",
        "ticket list",
        "doctor",
        f"content check {DATA}",
    ],
)
def test_json_is_one_document_and_nothing_else(words: str, jobs: Jobs, county: Application) -> None:
    now = county.clock.now()
    for name in JOBS:  # else doctor says on a stage of AWS that the clock has started none
        record(county.store, RunRow(job=name, run_id="r", as_of=local_date(now), started_at=now))
    done = jobs(*words.split(), "--json")
    assert done.code == 0, done.err
    json.loads(done.out)
    assert done.out.count("\n") == 1
    assert jobs(*words.split()).out, "people get something too"


def test_guide_ask(jobs: Jobs, county: Application) -> None:
    answer = jobs("guide", "ask", "换法人要带什么", "--json").json
    assert answer["kind"] == "answer"
    assert answer["candidates"][0]["id"] == "SX-03"
    assert answer["text"] in jobs("guide", "ask", "换法人要带什么").out
    empty = jobs("guide", "ask", "  ")
    assert empty.code == 2
    assert "问题是空的" in empty.err


def test_guide_evaluate(jobs: Jobs, tmp_path: Path) -> None:
    rows: dict[str, list[dict[str, str]]] = {
        "queries.jsonl": [{"id": "q1", "text": "换法人要带什么"}, {"id": "q2", "text": "开粉店办什么证"}],
        "docs.jsonl": [
            {"id": "d1", "text": "公司变更登记 变更法定代表人"},
            {"id": "d2", "text": "食品经营许可 开粉店"},
        ],
    }
    for name, lines in rows.items():
        (tmp_path / name).write_text("".join(json.dumps(x, ensure_ascii=False) + "\n" for x in lines), encoding="utf-8")
    incomplete = jobs("guide", "evaluate", tmp_path)
    assert incomplete.code == 2
    assert "qrels.tsv" in incomplete.err
    (tmp_path / "qrels.tsv").write_text("q1\td1\t1\nq2\td2\t1\n", encoding="utf-8")
    result = jobs("guide", "evaluate", tmp_path, "--vectors", tmp_path / "vectors.db", "--json").json
    assert jobs("guide", "evaluate", tmp_path, "--words", "--json").json["queries"] == 2
    assert result.keys() == {"queries", "hit@1", "hit@3", "hit@10", "mrr@10", "seconds_per_query"}
    assert (result["queries"], result["hit@1"]) == (2, 1.0)


def test_a_job_from_dry_run_to_a_second_run(jobs: Jobs, county: Application) -> None:
    bound(county)
    before = snapshot(county)
    dry = jobs("run", "policy-push", "--dry-run", "--json").json
    keys = {"job", "run_id", "as_of", "dry_run", "planned", "queued", "skipped", "failed"}
    assert dry.keys() == keys
    assert (dry["dry_run"], dry["queued"], dry["as_of"]) == (True, 0, "2026-11-23")
    assert dry["planned"] > 0
    assert snapshot(county) == before
    assert "没有发送任何消息" in jobs("run", "policy-push", "--dry-run").out
    assert jobs("run", "policy-push", "--json").json["queued"] == dry["planned"]
    assert jobs("run", "policy-push", "--json").json["planned"] == 0
    runs = jobs("runs", "policy-push", "--json").json
    assert sorted(row["result"]["queued"] for row in runs) == [0, dry["planned"]]
    other_day = jobs("run", "policy-push", "--dry-run", "--as-of", "2026-11-22", "--json").json
    assert other_day["as_of"] == "2026-11-22"


def test_policy_check_and_preview(jobs: Jobs, county: Application) -> None:
    rows: dict[str, Any] = {row["policy"]: row for row in jobs("policy", "check", E01, "--json").json}
    assert rows["P14"]["outcome"] == "match"
    assert rows["P14"]["benefit_fen"] == 12_000_000
    assert rows["P01"]["outcome"] == "not_match"
    assert "政策执行期限至2025-12-31" in jobs("policy", "check", E01).out
    assert jobs("policy", "check", E01, "--as-of", "2025-06-01", "--json").json != list(rows.values())
    preview = jobs("policy", "preview", "P14", "--json").json
    assert sum(preview["outcomes"].values()) == len(preview["enterprises"]) == 12
    assert preview["cost_fen"] >= 12_000_000


def test_policy_match_of_files(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    condition = {
        "all": [{"fact": "x", "op": ">=", "value": 10}, {"none": [{"fact": "c", "op": "in", "value": ["7263"]}]}]
    }
    facts = {"U1": (12, "3073"), "U2": (12, None), "U3": (9, None), "U4": (None, "3073")}
    (tmp_path / "p").write_text(json.dumps({"id": "A", "condition": condition}) + "\n")
    lines = [json.dumps({"uscc": u, "facts": {"x": x, "c": c}}) for u, (x, c) in facts.items()]
    (tmp_path / "e").write_text("\n".join(lines) + "\n")
    (tmp_path / "s").write_text(json.dumps({"x": "number", "c": "category"}))
    words = ["policy", "match"]
    for name in ("policies", "enterprises", "schema", "out"):
        words += [f"--{name}", str(tmp_path / name[0])]
    assert jobs(*words, "--all", "--json").json["written"] == 4
    outcomes = {row["uscc"]: row["outcome"] for row in map(json.loads, (tmp_path / "o").read_text().splitlines())}
    assert outcomes == {"U1": "match", "U2": "need_info", "U3": "not_match", "U4": "need_info"}
    with (tmp_path / "e").open("a") as file:
        file.write('{"uscc": "U5", "facts": {"x": "many"}}\n{"uscc": "U6", "fac')
    broken = jobs(*words, "--json")
    assert broken.code == 2
    assert "5" in broken.err
    assert len((tmp_path / "o").read_text().splitlines()) == 4, "the result of before is not overwritten by half a one"


# ------------------------------------------------------------------------------------------------------- other commands


def test_bind_code_and_members(jobs: Jobs, county: Application) -> None:
    issued = jobs("enterprise", "bind-code", E01, "--role", "财务", "--json").json
    assert issued["role"] == "财务"
    county.bindings.redeem("oFinance", issued["code"], county.clock.now())
    listed = jobs("enterprise", "members", E01).out
    assert "财务" in listed
    assert "oFinance" not in listed


def test_case_show(jobs: Jobs, county: Application) -> None:
    shown = jobs("case", "show", CASE, "--json").json
    assert (shown["no"], shown["title"], shown["sample"]) == (CASE, CASE_TITLE, True)
    assert "2026-12-08" in (shown["due"] or "") or "12-08" in "".join(shown["timeline"])
    assert CASE_TITLE in jobs("case", "show", CASE).out


def test_notices_from_list_to_cancel_and_retry(jobs: Jobs, county: Application) -> None:
    openid = bound(county)
    jobs("run", "policy-push")
    [notice] = jobs("notice", "list", "--enterprise", E01, "--json").json
    assert openid not in json.dumps(notice)
    shown = jobs("notice", "show", notice["id"], "--json").json
    assert shown["lines"]
    assert shown["history"][0]["state"] == "created"
    assert "已取消" in jobs("notice", "cancel", notice["id"]).out
    assert county.notices.show(notice["id"]).state is NoticeState.CANCELLED
    refused = jobs("notice", "retry", notice["id"])
    assert refused.code == 1
    assert refused.err.strip()
    assert jobs("notice", "list", "--state", "queued", "--json").json == []


def test_tickets_without_the_persons_id(jobs: Jobs, county: Application) -> None:
    county.tickets.open("oAsker", "人工答复", "电话13812345678，身份证360323199001010015", county.clock.now())
    [ticket] = jobs("ticket", "list", "--json").json
    assert (ticket["id"], "openid" in ticket) == ("T-1123-01", False)
    printed = jobs("ticket", "list").out
    assert "138****5678" in printed
    assert "360323199001010015" not in printed


def test_a_ticket_is_answered_and_a_bad_ratings_by_its_own_command(jobs: Jobs, county: Application) -> None:
    now = county.clock.now()
    ticket, rated = (county.tickets.open("oAsker", kind, "问", now).id for kind in ("人工答复", "差评整改"))
    assert "还没有答复" in jobs("ticket", "show", ticket).out
    assert "已答复" in jobs("ticket", "answer", ticket, "请到 3 号窗口").out
    assert jobs("ticket", "show", ticket, "--json").json["answer"] == "请到 3 号窗口"
    assert "openid" not in jobs("ticket", "show", ticket, "--json").json
    for words, reason in (
        ((ticket, "别的"), "已经答复过"),
        ((rated, "好"), "answer-rating"),
        (("T-9", "好"), "ticket list"),
    ):
        refused = jobs("ticket", "answer", *words)
        assert refused.code != 0 and reason in refused.err
    assert [one["id"] for one in jobs("ticket", "list", "--json").json] == [rated]


class _Offline:
    """A platform client without a network."""

    @property
    def menu(self) -> object:
        raise NotSent("/cgi-bin/stable_token", "NameResolutionError")


def test_menu_publish(jobs: Jobs, county: Application) -> None:
    buttons = jobs("menu", "publish", "--dry-run").json["button"]
    assert len(buttons) == 3
    county.__dict__["wechat_client"] = _Offline()  # what the cached property would hold
    offline = jobs("menu", "publish")
    assert offline.code == 1
    assert "域名解析不了。请检查 DNS 和 XIXINBAN_WECHAT_API_BASE" in offline.err
    assert "Traceback" not in offline.err


def test_guide_index_is_published_and_read(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    assert "索引已建好" in jobs("guide", "index", "--words").out
    assert county.blobs.get(published.name_of(county.guide_documents())) is not None
    assert jobs("guide", "ask", "换法人要带什么", "--json").json["kind"] == "answer"
    names = tmp_path / "names.jsonl"
    names.write_text('{"id": "1", "name": "公章刻制备案"}\n', encoding="utf-8")
    assert jobs("guide", "index", "--items", names).code == 2
    jobs("guide", "index", "--items", names, "--out", tmp_path / "names.idx")
    assert indexfile.open_file(tmp_path / "names.idx").index.search("刻公章")[0].id == "1"
    names.write_text('{"id": "1"}\n', encoding="utf-8")
    refused = jobs("guide", "index", "--items", names, "--out", tmp_path / "names.idx")
    assert (refused.code, "names.jsonl 第 1 行" in refused.err) == (2, True)
