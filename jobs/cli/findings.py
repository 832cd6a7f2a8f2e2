"""What ``doctor`` looks at (体检), in the order in which it must be mended: where it runs, what it knows, whom it
reaches, what goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.bootstrap import Application
from chalicelib.entrypoints.queues import NAMES
from chalicelib.errors import Refusal
from chalicelib.policies.nights import NightBook
from chalicelib.settings import Settings
from chalicelib.times import chinese_time, local_date
from infra.province import INSTEAD_OF
from jobs.cli.failures import explain
from jobs.core import Job
from jobs.history import last_run
from jobs.province.job import sentence
from jobs.registry import JOBS
from jobs.schedule import Every
from jobs.upgrade import LAYOUT, layout

RESTED = timedelta(hours=26)
"""A daily job that has not begun for so long has missed its time; one that runs every few minutes, after an hour."""

VERIFICATION_DAYS = 60
_CALLS = {"模板消息": "/cgi-bin/message/template/send", "客服消息": "/cgi-bin/message/custom/send"}
_TEMPLATES = {"template_policy": "政策", "template_loan": "融资", "template_case": "办件", "template_deadline": "到期"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ``advice`` says what to do where it is not ``ok``."""

    what: str
    ok: bool
    detail: str
    advice: str = ""


def examine(application: Application, *, online: bool) -> Iterator[Finding]:
    """Findings in the order in which they must be mended."""
    settings, now = application.settings, application.clock.now()
    yield Finding("设置", True, f"stage={settings.stage} demo={settings.demo}")
    yield from _places(application)
    yield _layout(application)
    yield _address(settings)
    yield _content(application)
    yield _calendar(application, now)
    if settings.stage == "aws" and not settings.demo:
        yield _templates(settings)
    yield _verification(settings, now)
    if online:
        yield _try("微信凭证", lambda: _token(application), "检查 AppID、AppSecret 和 IP 白名单")
        yield _try("微信额度", lambda: _quotas(application), "等次日零点恢复；不要清零（每月只有 10 次）")
    if settings.stage == "aws":
        yield _schedules(application, now)
    if settings.province:
        yield _nights(application, now)
    yield _dead_letters(application)
    yield _sending(application, now)


def _places(application: Application) -> Iterator[Finding]:
    def store() -> str:
        return "读得到" if application.store.get("doctor", "probe") is None else "有残留的探针"

    def files() -> str:
        return f"目录文件 {len(application.blobs.list('catalogue/'))} 个"

    def waiting() -> str:
        return "，".join(f"{name} {application.queue.depth(name)}" for name in NAMES)

    yield _try("存储", store, "检查 XIXINBAN_DB 的目录权限或数据表")
    yield _try("文件", files, "检查数据库旁边的目录权限或存储桶")
    yield _try("队列", waiting, "检查数据库的目录权限或队列；在 AWS 上重新部署")


def _layout(application: Application) -> Finding:
    held = layout(application)
    if held >= LAYOUT or application.store.get("content", "head") is None:  # nothing in it yet is of no version
        return Finding("数据版本", True, f"第 {LAYOUT} 版")
    return Finding("数据版本", False, f"第 {held} 版，程序要第 {LAYOUT} 版", "运行 upgrade")


def _address(settings: Settings) -> Finding:
    is_good = settings.public_url.startswith("https://") or settings.stage == "local"
    return Finding("对外地址", is_good, settings.public_url, "设置 XIXINBAN_PUBLIC_URL 为已备案的 https 域名")


def _content(application: Application) -> Finding:
    catalogue = application.catalogue()
    kinds = {
        "事项": catalogue.items,
        "一件事": catalogue.bundles,
        "服务点": catalogue.points,
        "政策": catalogue.policies,
    }
    counts = "，".join(f"{name} {len(rows)}" for name, rows in kinds.items())
    return Finding("内容", bool(catalogue.items), f"第 {catalogue.version} 版：{counts}", "运行 content load data")


def _calendar(application: Application, now: datetime) -> Finding:
    today = local_date(now)
    years = [year for year in (today.year, today.year + 1) if application.calendar.known(today.replace(year, 1, 1))]
    known = "、".join(map(str, years)) or "没有"
    return Finding(
        "放假安排",
        today.year in years,
        f"有 {known} 年的",
        "把国务院办公厅的放假通知写成 holidays 表，运行 content load",
    )


def _templates(settings: Settings) -> Finding:
    empty = [
        title for name, title in _TEMPLATES.items() if getattr(settings, name) == Settings.model_fields[name].default
    ]
    told = f"没有填：{'、'.join(empty)}" if empty else "都填了"
    return Finding("通知模板", not empty, told, "在公众号后台申请，编号写进环境文件的 template_…，再部署")


def _verification(settings: Settings, now: datetime) -> Finding:
    until = settings.verified_until
    if until is None:
        return Finding("公众号认证", True, "没有填到期日，只靠平台通知（wechat_verified_until）")
    left = (until - local_date(now)).days
    told = f"{until} 到期" if left >= 0 else f"{until} 已经到期"
    return Finding("公众号认证", left > VERIFICATION_DAYS, told, "到公众号后台年审，再改 wechat_verified_until")


def _token(application: Application) -> str:
    return "已取得" if application.wechat_client.access_token else "空"


def _quotas(application: Application) -> str:
    """What was used of the day's calls. Raises Refusal where one is used up."""
    found = {name: application.wechat_client.openapi.quota(path) for name, path in _CALLS.items()}
    told = "今日" + "，".join(f"{name} {quota.used}/{quota.daily_limit}" for name, quota in found.items())
    if any(quota.remain <= 0 for quota in found.values()):
        raise Refusal(told)
    return told


def _schedules(application: Application, now: datetime) -> Finding:
    """Jobs that the clock should have started. A daily one that never ran may wait for its first morning."""
    resting = INSTEAD_OF.values() if application.settings.province else INSTEAD_OF
    late, first = [], []
    for job in (job for name, job in JOBS.items() if name not in resting):
        row = last_run(application.store, job.name)
        began = row.started_at if row else None
        if began is None and not isinstance(job.schedule, Every):
            first.append(job.name)
        elif began is None or now - began > _patience(job):
            late.append(f"{job.name}（{chinese_time(began) if began else '没有运行过'}）")
    told = f"没有按时运行：{'、'.join(late)}" if late else "按时"
    waits = f"；还没到第一次：{'、'.join(first)}" if first else ""
    return Finding("定时任务", not late, told + waits, "看函数 scheduled 的日志；先运行一次 run JOB --stage NAME")


def _patience(job: Job) -> timedelta:
    return timedelta(hours=1) if isinstance(job.schedule, Every) else RESTED


def _nights(application: Application, now: datetime) -> Finding:
    """A province is matched once a day, on columns that somebody exports for that day."""
    book = NightBook(application.store)
    night = book.last()
    if night is None:
        return Finding(
            "全省匹配", False, "还没有匹配过", "按 docs/operations.md 第 12 步导出企业列，再运行 province-match"
        )
    results = book.results(night.day)
    told = sentence(night, results)
    if len(results) < night.shards:
        return Finding("全省匹配", False, told, "运行 run province-match：只做没有做完的分片")
    age = (local_date(now) - datetime.fromisoformat(night.day).date()).days
    return Finding(
        "全省匹配", age <= 1, told, f"已有 {age} 天没有匹配：导出当天的企业列（docs/operations.md 第 12 步）"
    )


def _dead_letters(application: Application) -> Finding:
    dead = {name: len(application.queue.dead(name)) for name in NAMES}
    told = "，".join(f"{name} {count}" for name, count in dead.items() if count) or "没有"
    return Finding("死信", not any(dead.values()), told, "用 queue dead 看，修好后 queue redrive")


def _sending(application: Application, now: datetime) -> Finding:
    paused = application.notices.paused(now)
    told = "；".join(pause.told for pause in paused) or "没有暂停"
    return Finding("发送", not paused, told, "处理原因后等它到期，或联系平台")


def _try(what: str, probe: Callable[[], str], advice: str) -> Finding:
    try:
        return Finding(what, True, probe())
    except Exception as error:
        told = explain(error)
        return Finding(what, False, told[0] if told else type(error).__name__, advice)
