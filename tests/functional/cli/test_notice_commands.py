"""``notice list | show | retry | cancel`` and the daily row of service level, as an operator uses them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.audit.log import AuditLog
from chalicelib.bootstrap import Application
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft, Notice, NoticeState, address
from chalicelib.ports import Outbound, Outcome, Reaction
from chalicelib.times import local_date
from jobs.daily_report import level_on
from tests.functional.cli.conftest import Jobs
from tests.functional.county import E01
from tests.functional.support import clock_of

OPENID = "oNOTICES____________________"


class Refusing:
    """A platform that takes nothing of this field."""

    def send(self, message: Outbound) -> Outcome:
        return Outcome(Reaction.BAD_DATA, code=47003, field="thing1")


@pytest.fixture
def placed(county: Application) -> list[Notice]:
    now = county.clock.now()
    county.followers.follow(OPENID, now)
    county.bindings.redeem(OPENID, county.bindings.issue_code(E01, Role.LEGAL, "op", now).code, now)
    county.consents.grant(OPENID, list(Scope), "v1", "page", now)
    drafts = [
        Draft(
            uscc=E01,
            kind=NoticeKind.LOAN_PROGRESS,
            subject=f"loan#{number}",
            version="1",
            event="approved",
            title=f"融资进度 {number}",
            lines=("审批已通过。",),
            fields={"thing1": "融资", "phrase2": "审批通过", "time3": "2026年11月23日 09:00"},
            path="/h5/inbox",
            expires_at=now + timedelta(days=3),
            why="银行已审批",
        )
        for number in range(3)
    ]
    notices = [address(draft, OPENID, now) for draft in drafts]
    county.notices.place(notices, now)
    return notices


def test_list_and_show(county: Application, jobs: Jobs, placed: list[Notice]) -> None:
    county.notices.deliver(placed[0].id, county.clock.now())
    rows = jobs("notice", "list", "--json").json
    assert {row["id"] for row in rows} == {notice.id for notice in placed}
    assert OPENID not in str(rows)
    [sent] = jobs("notice", "list", "--state", "accepted", "--enterprise", E01, "--json").json
    assert (sent["id"], sent["channel"], sent["attempts"]) == (placed[0].id, "template", 1)
    shown = jobs("notice", "show", placed[0].id, "--json").json
    assert [line["state"] for line in shown["history"]] == ["created", "queued", "sending", "accepted"]
    told = jobs("notice", "show", placed[0].id).out
    assert "平台已接收" in told
    assert "银行已审批" in told
    assert "下一步：不用处理：等平台回执" in told
    assert OPENID not in told


def test_a_list_by_state_takes_its_chinese_name_and_looks_past_the_newest(
    county: Application, jobs: Jobs, placed: list[Notice]
) -> None:
    oldest = min(placed, key=lambda one: (one.created_at, one.id))
    county.notices.deliver(oldest.id, county.clock.now())
    for name in ("accepted", "平台已接收"):
        found = jobs("notice", "list", "--enterprise", E01, "--state", name, "--limit", 1, "--json").json
        assert [row["id"] for row in found] == [oldest.id]
    wrong = jobs("notice", "list", "--state", "发了")
    assert wrong.code == 2 and "没有“发了”这种状态" in wrong.err and "发送失败（failed_for_good）" in wrong.err


def test_an_empty_list_says_so_and_a_wrong_enterprise_is_refused(county: Application, jobs: Jobs) -> None:
    assert jobs("notice", "list").out.startswith("还没有通知。")
    assert "没有状态为“发送失败”的通知" in jobs("notice", "list", "--state", "发送失败").out
    assert f"企业 {E01} 还没有通知" in jobs("notice", "list", "--enterprise", E01).out
    assert jobs("notice", "list", "--json").json == []
    for code, said in (("123", "统一社会信用代码 123"), ("", "统一社会信用代码")):
        refused = jobs("notice", "list", "--enterprise", code)
        assert refused.code == 2 and said in refused.err


def test_retry_what_failed(county: Application, jobs: Jobs, placed: list[Notice]) -> None:
    messenger, county.notices._delivery._messenger = county.notices._delivery._messenger, Refusing()
    county.notices.deliver(placed[0].id, county.clock.now())
    county.notices._delivery._messenger = messenger
    assert "thing1" in jobs("notice", "show", placed[0].id).out
    assert "已重新排队" in jobs("notice", "retry", placed[0].id).out
    county.notices.deliver(placed[0].id, county.clock.now())
    assert county.notices.show(placed[0].id).state is NoticeState.ACCEPTED
    again = jobs("notice", "retry", placed[0].id)
    assert again.code == 1
    assert "不用重发" in again.err


def test_cancel_what_waits(county: Application, jobs: Jobs, placed: list[Notice]) -> None:
    assert jobs("notice", "cancel", placed[1].id).code == 0
    assert county.notices.deliver(placed[1].id, county.clock.now()).state is NoticeState.CANCELLED
    assert jobs("notice", "cancel", placed[1].id).code == 1


def test_the_row_of_the_day(county: Application, jobs: Jobs, placed: list[Notice]) -> None:
    day = local_date(county.clock.now())
    for notice, wait in zip(placed, (3, 40, 200), strict=True):
        county.notices.deliver(notice.id, county.clock.now() + timedelta(seconds=wait))
    clock_of(county).advance(timedelta(days=1))
    assert level_on(county.store, day) is None
    result = jobs("run", "daily-report", "--json").json
    assert result["job"] == "daily-report"
    level = level_on(county.store, day)
    assert level is not None
    assert (level.on, level.created, level.sent) == (day, 3, 3)
    assert (level.within_10s, level.within_60s) == (pytest.approx(1 / 3, abs=1e-4), pytest.approx(2 / 3, abs=1e-4))


def test_the_monthly_digest_shows_what_it_would_say_and_names_the_next_step(county: Application, jobs: Jobs) -> None:
    shown = jobs("notice", "monthly", "draft", "2026-11", "--cover", "m", "--dry-run")
    assert shown.code == 0
    assert "没有建草稿" in shown.out
    wrong = jobs("notice", "monthly", "draft", "11月", "--cover", "m")
    assert wrong.code == 2 and "2026-11" in wrong.err
    missing = jobs("notice", "monthly", "show", "2026-11")
    assert missing.code == 1 and "notice monthly draft 2026-11" in missing.err


def test_the_audit_log_does_not_say_who_looked_at_the_preview(county: Application, jobs: Jobs) -> None:
    jobs("notice", "monthly", "preview", "2026-11", "--to", "zhangsan88")
    subjects = [entry.subject for entry in AuditLog(county.store).entries()]
    assert any("2026-11" in subject for subject in subjects) and not any("zhangsan88" in each for each in subjects)
