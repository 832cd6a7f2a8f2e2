"""What kinds of notice (推送) there are: who may get them, on which channels and why, and which limits they obey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.enterprises.access import Right, holders
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope


class NoticeKind(StrEnum):
    POLICY_DIGEST = "policy_digest"
    POLICY_DEADLINE = "policy_deadline"
    CREDIT_REPAIR = "credit_repair"
    AWARD = "award"
    LOAN_PROGRESS = "loan_progress"
    CASE_PROGRESS = "case_progress"
    DEADLINE_REMINDER = "deadline_reminder"
    MONTHLY_DIGEST = "monthly_digest"
    WORK_REMINDER = "work_reminder"
    WORK_ESCALATION = "work_escalation"
    REPLY = "reply"


class Priority(StrEnum):
    """Each has its own queue and its own consumer: an answer somebody waits for never stands behind a reminder, and a
    small job never behind a digest to the whole county."""

    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"


QUEUES: Mapping[Priority, str] = {
    Priority.URGENT: "notices-urgent",
    Priority.NORMAL: "notices",
    Priority.BULK: "notices-bulk",
}


class Channel(StrEnum):
    """How a notice may reach a person. After the last rung comes the inbox (收件箱) on H5, which is always there."""

    TEMPLATE = "template"
    SUBSCRIPTION_LONG = "subscription_long"
    SUBSCRIPTION_ONCE = "subscription_once"
    CUSTOM = "custom"

    @property
    def knows_client_id(self) -> bool:
        """Only template messages take ``client_msg_id`` (platform document 模板消息): a repeat is harmless there."""
        return self is Channel.TEMPLATE

    @property
    def has_receipt(self) -> bool:
        """The platform reports the end of template and subscription messages, never of custom messages."""
        return self is not Channel.CUSTOM


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a channel ladder, with the reason it stands where it does."""

    channel: Channel
    why: str


@dataclass(frozen=True, slots=True)
class KindRules:
    """The rules of one kind. ``daily_digest``: at most one a day for an enterprise, whoever asks for it. ``scope`` is
    None, and ``roles`` empty, for what answers a person's own question: that is no push, needs no consent and no
    binding, and 退订 does not stop it."""

    title: str
    scope: Scope | None
    roles: frozenset[Role]
    ladder: tuple[Rung, ...]
    priority: Priority
    daily_digest: bool


_POLICY_HEARERS = holders(Right.HEAR_POLICIES)

_AFTER_TEMPLATE = Rung(Channel.CUSTOM, "模板不能用而 48 小时内说过话时，客服消息可以补上")
_OWN_BUSINESS = (
    Rung(Channel.TEMPLATE, "是本人已经发起的业务的结果，模板消息运营规范允许"),
    _AFTER_TEMPLATE,
)
_POLICY = (
    Rung(Channel.SUBSCRIPTION_LONG, "政策提示不是用户触发的，模板消息不允许；长期订阅开放给政务民生"),
    Rung(Channel.SUBSCRIPTION_ONCE, "用户点过一次“允许”，可以发一条"),
    Rung(Channel.CUSTOM, "48 小时内说过话时窗口开着，平台不收就只放收件箱"),
)
_REPLY = (Rung(Channel.CUSTOM, "本人问的，48 小时内说过话时窗口开着；过了就在“我的工单”里看"),)
_WORK = (
    Rung(Channel.SUBSCRIPTION_LONG, "工作提醒不是经办人触发的，模板消息不允许；长期订阅可以"),
    Rung(Channel.SUBSCRIPTION_ONCE, "经办人点过一次“允许”，可以发一条"),
    Rung(Channel.CUSTOM, "48 小时内说过话时窗口开着，否则放收件箱，督办台账里也有"),
)

RULES: Mapping[NoticeKind, KindRules] = {
    NoticeKind.POLICY_DIGEST: KindRules("政策提示", Scope.POLICY_PUSH, _POLICY_HEARERS, _POLICY, Priority.BULK, True),
    NoticeKind.POLICY_DEADLINE: KindRules(
        "政策截止提醒", Scope.POLICY_PUSH, _POLICY_HEARERS, _POLICY, Priority.NORMAL, True
    ),
    NoticeKind.CREDIT_REPAIR: KindRules(
        "信用修复提示", Scope.POLICY_PUSH, _POLICY_HEARERS, _POLICY, Priority.NORMAL, True
    ),
    NoticeKind.AWARD: KindRules(
        "免申即享进度", Scope.POLICY_PUSH, holders(Right.HEAR_AWARDS), _POLICY, Priority.URGENT, False
    ),
    NoticeKind.LOAN_PROGRESS: KindRules(
        "融资进度", Scope.LOAN_ALERT, holders(Right.HEAR_LOANS), _OWN_BUSINESS, Priority.URGENT, False
    ),
    NoticeKind.CASE_PROGRESS: KindRules(
        "办件进度", Scope.CASE_ALERT, holders(Right.HEAR_CASES), _OWN_BUSINESS, Priority.URGENT, False
    ),
    NoticeKind.DEADLINE_REMINDER: KindRules(
        "补正期限提醒", Scope.CASE_ALERT, holders(Right.HEAR_CASES), _OWN_BUSINESS, Priority.URGENT, False
    ),
    # 月报 goes out as one mass draft (群发, at most 4 a month for a person) that an operator sends; here it only waits.
    NoticeKind.MONTHLY_DIGEST: KindRules("政策月报", Scope.POLICY_PUSH, _POLICY_HEARERS, (), Priority.BULK, True),
    NoticeKind.WORK_REMINDER: KindRules(
        "办理时限提醒", Scope.WORK_ALERT, holders(Right.HEAR_REMINDERS), _WORK, Priority.URGENT, False
    ),
    NoticeKind.WORK_ESCALATION: KindRules(
        "超时督办", Scope.WORK_ALERT, holders(Right.HEAR_ESCALATIONS), _WORK, Priority.URGENT, False
    ),
    NoticeKind.REPLY: KindRules("提问的答复", None, frozenset(), _REPLY, Priority.URGENT, False),
}


def rules(kind: NoticeKind) -> KindRules:
    return RULES[kind]
