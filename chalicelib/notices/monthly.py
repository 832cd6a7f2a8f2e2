"""政策月报: one article a month to everybody who follows, as a mass message (群发) that two people stand for.

One makes the draft, looks at it on their own phone, and another sends it. The ledger row says ``sending`` before the
platform is called, and each month has one ``clientmsgid``: a repeat within the platform's 24 hours is answered with the
first job, and after that nobody sends it again. Row ``monthly``/``{month}``.

Limits of the platform (群发接口): a follower gets at most four mass messages a calendar month, and one to all may go
out once a day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from pydantic import ConfigDict

from chalicelib.errors import BadInput, Refusal
from chalicelib.ports import Conflict, Outcome, Reaction, Record, Store
from chalicelib.shape import Shape
from chalicelib.times import local_date

A_MONTH = 4
REPEAT_WITHIN = timedelta(hours=23, minutes=30)
"""The platform looks for a ``clientmsgid`` among the jobs of 24 hours; what is left is for the way there."""

_PK = "monthly"
_MONTH = re.compile(r"20\d{2}-(0[1-9]|1[0-2])")


class MonthlyRefused(Refusal):
    """The text is the sentence to show to an operator."""


class MonthlyState(StrEnum):
    DRAFTED = "drafted"
    PREVIEWED = "previewed"
    SENDING = "sending"
    SUBMITTED = "submitted"
    FINISHED = "finished"
    FAILED = "failed"

    @property
    def chinese(self) -> str:
        return _CHINESE[self]


_CHINESE = {
    MonthlyState.DRAFTED: "草稿已建",
    MonthlyState.PREVIEWED: "已预览",
    MonthlyState.SENDING: "正在提交",
    MonthlyState.SUBMITTED: "平台已接收",
    MonthlyState.FINISHED: "已群发",
    MonthlyState.FAILED: "未发出",
}
_CHANGEABLE = frozenset({MonthlyState.DRAFTED, MonthlyState.PREVIEWED, MonthlyState.FAILED})
_GONE_OUT = frozenset({MonthlyState.SENDING, MonthlyState.SUBMITTED, MonthlyState.FINISHED})


class Monthly(Shape):
    """One month's digest. ``media_id`` names the draft on the platform, ``job_id`` the mass job; ``sent`` is the
    platform's count of people, ``outcome`` its last word."""

    model_config = ConfigDict(frozen=True)

    month: str
    title: str
    media_id: str
    state: MonthlyState = MonthlyState.DRAFTED
    made_by: str
    made_at: datetime
    confirmed_by: str | None = None
    sending_at: datetime | None = None
    job_id: str | None = None
    sent: int | None = None
    outcome: str = ""

    @property
    def client_id(self) -> str:
        """``clientmsgid``: at most 64 bytes, the same however often it is sent."""
        return f"monthly-{self.month}"


@dataclass(frozen=True, slots=True)
class Article:
    """What goes into the draft box (草稿箱). ``html`` carries no links: the platform strips those to other sites;
    ``link`` is where 阅读原文 leads. ``cover`` is the media id of a permanent picture."""

    title: str
    summary: str
    html: str
    link: str
    cover: str


class MassSender(Protocol):
    """The platform's mass messages. Never raises for what the platform or the network does: that is an Outcome."""

    def draft(self, article: Article) -> Outcome:
        """``message_id`` is the draft's media id."""
        ...

    def preview(self, media_id: str, wechat_id: str) -> Outcome:
        """To one follower by their 微信号."""
        ...

    def send(self, media_id: str, client_id: str) -> Outcome:
        """``message_id`` is the job's id, of the first one where this ``client_id`` was sent before."""
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    digest: Monthly
    version: int


class MonthlyService:
    def __init__(self, store: Store, sender: MassSender) -> None:
        self._store = store
        self._sender = sender

    def show(self, month: str) -> Monthly:
        """Raises MonthlyRefused when there is no draft of that month."""
        return self._held(month).digest

    def every(self) -> list[Monthly]:
        """The newest first."""
        rows = self._store.query(_PK, reverse=True, limit=100).records
        return [Monthly.model_validate(row.body) for row in rows]

    def draft(self, month: str, article: Article, by: str, now: datetime) -> Monthly:
        """Put the article into the draft box; a draft that was not sent yet is replaced. Raises MonthlyRefused."""
        row = self._store.get(_PK, _month(month))
        if row is not None and Monthly.model_validate(row.body).state not in _CHANGEABLE:
            raise MonthlyRefused(f"{month} 的月报已经提交群发，不能再改。用 notice monthly show {month} 查看。")
        media_id = _taken(self._sender.draft(article), "草稿没有建成")
        digest = Monthly(month=month, title=article.title, media_id=media_id, made_by=by, made_at=now)
        return self._write(digest, row.version if row else None)

    def preview(self, month: str, wechat_id: str) -> Monthly:
        """Send the draft to one person, to be looked at. Raises MonthlyRefused."""
        held = self._held(month)
        if held.digest.state not in _CHANGEABLE:
            raise MonthlyRefused(f"{month} 的月报已经提交群发，不用再预览。")
        _taken(self._sender.preview(held.digest.media_id, wechat_id), "预览没有发出")
        return self._write(held.digest.model_copy(update={"state": MonthlyState.PREVIEWED}), held.version)

    def send(self, month: str, by: str, now: datetime) -> Monthly:
        """Send it to everybody who follows, once. Called again after a doubtful answer it asks the platform for the
        same job. Raises MonthlyRefused, with nothing sent, when something is missing or forbidden."""
        held = self._held(month)
        if held.digest.state is not MonthlyState.SENDING:
            self._check(held.digest, by, now)
            marked = {"state": MonthlyState.SENDING, "confirmed_by": by, "sending_at": now}
            self._write(held.digest.model_copy(update=marked), held.version)
        elif held.digest.sending_at is None or now >= held.digest.sending_at + REPEAT_WITHIN:
            raise MonthlyRefused(
                f"{month} 的月报提交过，结果不明，已过平台去重的 24 小时，不能自动再发。请到公众号后台“发表记录”核对。"
            )
        held = self._held(month)
        return self._settled(held, self._sender.send(held.digest.media_id, held.digest.client_id))

    def finished(self, job_id: str, status: str, sent: int) -> Monthly | None:
        """The platform's report (MASSSENDJOBFINISH); None for a job that is not ours."""
        found = next((one for one in self.every() if one.job_id == job_id), None)
        if found is None or found.state is not MonthlyState.SUBMITTED:
            return None
        state = MonthlyState.FINISHED if status == "send success" else MonthlyState.FAILED
        held = self._held(found.month)
        return self._write(
            held.digest.model_copy(update={"state": state, "sent": sent, "outcome": status}), held.version
        )

    def _check(self, digest: Monthly, by: str, now: datetime) -> None:
        if digest.state in _GONE_OUT:
            raise MonthlyRefused(f"{digest.month} 的月报{digest.state.chinese}，不会发第二次。")
        if digest.state is not MonthlyState.PREVIEWED:
            raise MonthlyRefused(f"还没有预览。请先 notice monthly preview {digest.month} --to 微信号，看过再发。")
        if digest.made_by == by:
            raise MonthlyRefused(f"草稿是 {by} 建的，群发要由另一个人确认。请换人运行这条命令。")
        today = local_date(now)
        days = [local_date(one.sending_at) for one in self.every() if one.sending_at and one.state in _GONE_OUT]
        if today in days:
            raise MonthlyRefused("今天已经群发过一次，平台一天只允许一次。请明天再发。")
        if sum((day.year, day.month) == (today.year, today.month) for day in days) >= A_MONTH:
            raise MonthlyRefused("本月已经群发 4 次，用户收不到第 5 次。请下个月再发。")

    def _settled(self, held: _Held, outcome: Outcome) -> Monthly:
        if outcome.reaction is Reaction.ACCEPTED:
            accepted = {"state": MonthlyState.SUBMITTED, "job_id": outcome.message_id, "outcome": "平台已接收"}
            return self._write(held.digest.model_copy(update=accepted), held.version)
        if outcome.reaction is Reaction.AMBIGUOUS:  # stays ``sending``
            raise MonthlyRefused(f"平台没有给出明确结果：{outcome.detail}。请在 24 小时内再运行一次，不会重复发。")
        failed = {"state": MonthlyState.FAILED, "outcome": outcome.detail, "sending_at": None}
        self._write(held.digest.model_copy(update=failed), held.version)
        raise MonthlyRefused(f"平台没有接收，没有发出：{outcome.detail}。改好后重新预览，再发。")

    def _held(self, month: str) -> _Held:
        row = self._store.get(_PK, _month(month))
        if row is None:
            raise MonthlyRefused(f"还没有 {month} 的月报草稿。请先 notice monthly draft {month}。")
        return _Held(Monthly.model_validate(row.body), row.version)

    def _write(self, digest: Monthly, over: int | None) -> Monthly:
        record = Record(_PK, digest.month, digest.model_dump(mode="json"))
        try:
            self._store.put(record, if_absent=over is None, if_version=over)
        except Conflict:
            raise MonthlyRefused(f"{digest.month} 的月报刚刚有别人在改，请用 notice monthly show 看过再试。") from None
        return digest


def month_days(text: str) -> tuple[date, date]:
    """The first and the last day of ``2026-11``. Raises BadInput."""
    year, number = map(int, _month(text).split("-"))
    return date(year, number, 1), date(year, number, monthrange(year, number)[1])


def _month(text: str) -> str:
    if not _MONTH.fullmatch(text):
        raise BadInput(f"月份要写成 2026-11 这样，写的是“{text}”。")
    return text


def _taken(outcome: Outcome, failed: str) -> str:
    if outcome.reaction is not Reaction.ACCEPTED:
        raise MonthlyRefused(f"{failed}：{outcome.detail}。")
    return outcome.message_id or ""
