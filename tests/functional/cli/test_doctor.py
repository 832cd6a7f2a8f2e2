"""``doctor``: what is missing, in the order to mend it (体检)."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from chalicelib import bootstrap
from chalicelib.adapters.clocks import FixedClock
from chalicelib.bootstrap import Application
from chalicelib.notices.breaker import Breaker
from chalicelib.policies.nights import NightBook, ShardResult
from chalicelib.times import local_date
from chalicelib.wechat.errors import ApiError
from jobs.history import RunRow, record
from jobs.registry import JOBS
from tests.functional.cli.conftest import Jobs
from tests.functional.simulator.running import client_to, running
from tests.functional.support import make_application

WAITING = {"通知模板", "定时任务"}
"""What nobody does for a stage of the tests that runs on AWS's stand-in."""


def test_doctor_says_what_is_missing(jobs: Jobs, county: Application) -> None:
    may_lack = WAITING if county.settings.stage == "aws" else set()
    assert set(found_by(jobs)) <= may_lack
    make_application()
    missing = {what: advice for what, advice in found_by(jobs).items() if what not in may_lack}
    assert list(missing) == ["内容"] and "content load" in missing["内容"]
    assert jobs("doctor").code == 1


def found_by(jobs: Jobs) -> dict[str, str]:
    """What is missing, in order, with what to do."""
    return {each["what"]: each["advice"] for each in json.loads(jobs("doctor", "--json").out) if not each["ok"]}


def test_doctor_on_a_stage_names_what_is_missing_in_the_order_to_mend_it(jobs: Jobs, county: Application) -> None:
    settings = county.settings.model_copy(
        update={
            "stage": "aws",
            "province": True,
            "demo": False,
            "wechat_verified_until": "2026-12-01",
            "public_url": "http://x",
        }
    )
    county.store.delete("layout", "row")
    bootstrap.install(stage := Application(settings, **_ports(county)))
    missing = found_by(jobs)
    assert list(missing) == ["数据版本", "对外地址", "通知模板", "公众号认证", "定时任务", "全省匹配"]
    assert "upgrade" in missing["数据版本"] and "第 12 步" in missing["全省匹配"]
    now = stage.clock.now()
    for name in JOBS:
        if name != "policy-push":
            record(stage.store, RunRow(job=name, run_id="r", as_of=local_date(now), started_at=now))
    book = NightBook(stage.store)
    book.begin(f"{local_date(now)}", 2, now)
    book.done(f"{local_date(now)}", 0, ShardResult(enterprises=3), now)
    missing = found_by(jobs)
    assert "定时任务" not in missing and "没有做完的分片" in missing["全省匹配"]
    book.done(f"{local_date(now)}", 1, ShardResult(enterprises=4), now)
    assert "全省匹配" not in found_by(jobs)
    stage.clock.advance(timedelta(days=3))  # type: ignore[attr-defined]
    missing = found_by(jobs)
    assert "3 天没有匹配" in missing["全省匹配"] and "定时任务" in missing


def test_doctor_tells_why_nothing_is_sent(jobs: Jobs, county: Application) -> None:
    Breaker(county.store).trip("all", county.clock.now(), 40164, "平台停用发送", 300, "出口 IP 121.36.77.201")
    told = {each["what"]: each["detail"] for each in json.loads(jobs("doctor", "--json").out)}
    assert told["发送"] == "平台停用发送：出口 IP 121.36.77.201"


def test_doctor_online_tells_what_is_left_of_the_day(jobs: Jobs, county: Application, tmp_path: Path) -> None:
    def online() -> dict[str, tuple[bool, str]]:
        found = json.loads(jobs("doctor", "--online", "--json").out)
        return {each["what"]: (each["ok"], each["detail"]) for each in found if each["what"].startswith("微信")}

    clock = FixedClock(county.clock.now())
    limits = {"cgi-bin/message/template/send": 2}
    with running(tmp_path, clock, daily_limits=limits) as simulator, client_to(simulator, clock) as client:
        county.__dict__["wechat_client"] = client  # what the cached property would hold
        assert online() == {
            "微信凭证": (True, "已取得"),
            "微信额度": (True, "今日模板消息 0/2，客服消息 0/500000"),
        }
        for _ in range(2):
            with suppress(ApiError):
                client.message.send_template("oNobody", "tmpl-loan-progress", {"thing1": "x"})
        assert online()["微信额度"] == (False, "今日模板消息 2/2，客服消息 0/500000")


def _ports(county: Application) -> dict[str, Any]:
    return {name: getattr(county, name) for name in ("clock", "store", "queue", "blobs", "messenger")}
