"""审计日志 on the command line: what operators do is written down, by ids; it can be read and verified, not changed."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import Any

import pytest
import typer.main

from chalicelib.audit.log import AuditLog, Result
from chalicelib.bootstrap import Application
from chalicelib.dialogue.service import BIND_SCENE
from chalicelib.enterprises.roles import Role
from chalicelib.ports import Record
from chalicelib.wechat.apis import QrCode
from jobs.cli import main, operator
from jobs.cli.audited import HARMLESS, leaves, subject_of
from tests.functional.cli.conftest import Jobs
from tests.functional.county import CASE, E01


class FakeQrCodes:
    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def create_temporary(self, scene: str, seconds: int) -> QrCode:
        self.asked.append((scene, seconds))
        return QrCode("gQH8", "https://weixin.qq.com/q/1", "https://mp.weixin.qq.com/cgi-bin/showqrcode?t=1", seconds)


class FakeClient:
    def __init__(self) -> None:
        self.qrcode = FakeQrCodes()


@pytest.fixture
def client(county: Application) -> FakeClient:
    fake = FakeClient()
    county.__dict__["wechat_client"] = fake  # a cached property: this is what it was made as
    return fake


def lines(county: Application) -> list[tuple[str, str, Result]]:
    return [(entry.action, entry.subject, entry.result) for entry in AuditLog(county.store).entries()]


@pytest.mark.parametrize(
    ("words", "action", "subject", "result"),
    [
        (f"enterprise bind-code {E01} --role 财务", "enterprise bind-code", f"role=财务 uscc={E01}", Result.DONE),
        (f"enterprise members {E01}", "enterprise members", f"uscc={E01}", Result.DONE),
        (f"case show {CASE}", "case show", f"no={CASE}", Result.DONE),
        ("case show 13812345678", "case show", "no=138****5678", Result.REFUSED),
        (f"policy check {E01}", "policy check", f"uscc={E01}", Result.DONE),
        ("run daily-report", "run", "job=daily-report", Result.DONE),
        ("notice show nothing", "notice show", "notice_id=nothing", Result.REFUSED),
        ("partner issue-key nobody", "partner issue-key", "days=180 partner_id=nobody", Result.REFUSED),
    ],
)
def test_what_changes_or_shows_something_is_written_before_and_after(
    county: Application, jobs: Jobs, words: str, action: str, subject: str, result: Result
) -> None:
    jobs(*words.split())
    begun, ended = AuditLog(county.store).entries()
    assert (begun.action, begun.subject, begun.result, begun.who) == (action, subject, Result.BEGUN, getpass.getuser())
    assert (ended.action, ended.subject, ended.result, ended.of) == (action, subject, result, 1)


@pytest.mark.parametrize("words", ["list", "guide ask 换法人", "partner list", "audit list", "audit verify"])
def test_what_is_harmless_is_not(county: Application, jobs: Jobs, words: str) -> None:
    assert jobs(*words.split()).code == 0
    assert lines(county) == []


def test_harmless_names_commands_that_there_are() -> None:
    there = {path for path, _ in leaves(typer.main.get_command(main.app))}
    assert there >= HARMLESS
    assert "enterprise bind-code" in there - HARMLESS


def test_free_text_never_gets_into_the_log() -> None:
    given: dict[str, Any] = {
        "text": "张三 13812345678",
        "name": "zhang@x.com",
        "by": "op-1",
        "days": 3,
        "dry_run": True,
    }
    assert subject_of(given) == "by=op-1 days=3 dry_run=yes name=… text=…"


def test_the_log_is_read_and_verified(county: Application, jobs: Jobs) -> None:
    jobs("enterprise", "bind-code", E01)
    [row] = jobs("audit", "list", "--json").json
    assert (row["action"], row["result"], row["number"]) == ("enterprise bind-code", "done", 2)
    verdict = jobs("audit", "verify", "--json").json
    assert (verdict["entries"], verdict["problem"]) == (2, None)
    assert jobs("audit", "verify", "--anchor", verdict["anchor"]).code == 0
    assert jobs("audit", "verify", "--anchor", f"2:{'0' * 64}").code == 1
    for mistyped in ("2", "2:abc", "二:x", f"0:{'0' * 64}", f"2:{'0' * 64} "):  # no alarm for a slip of the pen
        refused = jobs("audit", "verify", "--anchor", mistyped)
        assert (refused.code, "要写成“序号:摘要”" in refused.err) == (2, True)
    held = county.store.get("audit#2026-11", f"{1:012d}")
    assert held is not None
    county.store.put(Record(held.pk, held.sk, {**held.body, "who": "somebody"}))
    broken = jobs("audit", "verify")
    assert broken.code == 1
    assert "第 1 条的内容被改过" in broken.err


def test_a_qr_code_carries_a_one_time_scene(county: Application, jobs: Jobs, client: FakeClient, tmp_path: Any) -> None:
    out = tmp_path / "qr.txt"
    said = jobs("enterprise", "bind-qr", E01, "--role", "办税", "--days", "2", "--out", out)
    [(scene, seconds)] = client.qrcode.asked
    assert seconds == 2 * 24 * 3600
    assert "https://mp.weixin.qq.com/cgi-bin/showqrcode?t=1" in said.out
    assert "11月25日 10:00 前有效" in said.out
    assert "showqrcode" in out.read_text()
    assert E01 not in scene
    binding = county.bindings.redeem_scene("o1", scene.removeprefix(BIND_SCENE), county.clock.now())
    assert (binding.uscc, binding.role) == (E01, Role.TAX)
    assert not [1 for _, subject, _ in lines(county) if scene in subject]


def test_hand_over_and_removal(county: Application, jobs: Jobs) -> None:
    for openid, role in (("oLegal", Role.LEGAL), ("oStaff", Role.STAFF)):
        code = county.bindings.issue_code(E01, role, "op", county.clock.now()).code
        county.bindings.redeem(openid, code, county.clock.now())
    done = jobs("enterprise", "hand-over", E01, "--json").json
    assert done["suspended"] == 1
    assert datetime.fromisoformat(done["expires_at"]) > county.clock.now()
    [staff] = county.bindings.members(E01)
    assert jobs("enterprise", "remove-member", E01, "nobody").code == 2
    assert jobs("enterprise", "remove-member", E01, staff.ref).code == 0
    assert county.bindings.members(E01) == []
    assert county.bindings.redeem("oNext", done["code"], county.clock.now()).role is Role.LEGAL


def test_a_code_is_issued_by_who_signed_the_call(county: Application, jobs: Jobs) -> None:
    with operator.acting_as("assumed-role/operators/zhang"):
        code = jobs("enterprise", "bind-code", E01, "--json").json["code"]
    bound = county.bindings.redeem("oLegal", code, county.clock.now())
    assert bound.issued_by == "assumed-role/operators/zhang"


def test_what_is_no_code_is_not_said_back_at_length(jobs: Jobs) -> None:
    refused = jobs("enterprise", "members", "９" * 5000)
    assert (refused.code, len(refused.err) < 200) == (2, True)
