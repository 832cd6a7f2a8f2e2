"""A notice (通知) for one person about one change of one subject, its states, and which state may follow which."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from pydantic import ConfigDict, Field

from chalicelib.errors import BadInput, Refusal
from chalicelib.notices.kinds import Channel, KindRules, NoticeKind, Priority, rules
from chalicelib.shape import Shape
from chalicelib.times import local_date

ID_LENGTH = 32
"""Long enough never to collide, short enough for ``client_msg_id``, whose limit the platform does not document."""

NO_RECEIPT_AFTER = timedelta(hours=24)
_HISTORY = 60
"""Lines kept besides the first and the newest: a long outage must not grow the row without end."""

_EXEMPT_EVENTS = frozenset({"paid", "deadline_T-1"})


class NoticeError(Refusal):
    """The text is the sentence to show to an operator."""


class UnknownNotice(NoticeError, BadInput):
    """There is no notice with this id: the id is wrong, not the moment."""


class UnreadableNotice(NoticeError):
    """There is a row with this id, and it is not a notice as this release knows it."""


class NoticeState(StrEnum):
    CREATED = "created"
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    HELD = "held"
    DELIVERED = "delivered"
    FAILED_FOR_NOW = "failed_for_now"
    FAILED_FOR_GOOD = "failed_for_good"
    MAYBE_SENT = "maybe_sent"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    INBOX = "inbox"


_S = NoticeState

WAITING = frozenset({_S.CREATED, _S.QUEUED, _S.FAILED_FOR_NOW})
"""May be sent. ``created`` is one of them: its queue message can arrive before the row is marked ``queued``."""

WITH_PLATFORM = frozenset({_S.ACCEPTED, _S.HELD})
"""The platform has it and will report; never sent again by us."""

UNCERTAIN = frozenset({_S.SENDING, _S.HELD, _S.MAYBE_SENT, _S.FAILED_FOR_NOW})
"""A receipt with an id we do not know may belong to one of these."""

FINAL = frozenset({_S.DELIVERED, _S.FAILED_FOR_GOOD, _S.EXPIRED, _S.CANCELLED, _S.INBOX})
"""Nothing more happens by itself. ``maybe_sent`` is not among them: it waits for an operator or a late receipt."""

RETRYABLE = frozenset({_S.FAILED_FOR_GOOD, _S.MAYBE_SENT, _S.INBOX})
"""What an operator may put back by hand."""

CHINESE: Mapping[NoticeState, str] = {
    _S.CREATED: "已登记",
    _S.QUEUED: "排队中",
    _S.SENDING: "正在发送",
    _S.ACCEPTED: "平台已接收",
    _S.HELD: "平台审核中",
    _S.DELIVERED: "已送达",
    _S.FAILED_FOR_NOW: "待重试",
    _S.FAILED_FOR_GOOD: "发送失败",
    _S.MAYBE_SENT: "可能已发出",
    _S.EXPIRED: "已过期",
    _S.CANCELLED: "已取消",
    _S.INBOX: "仅收件箱",
}

_STOPPED = frozenset({_S.CANCELLED, _S.EXPIRED, _S.INBOX, _S.FAILED_FOR_GOOD, _S.MAYBE_SENT})

TRANSITIONS: Mapping[NoticeState, frozenset[NoticeState]] = {
    _S.CREATED: frozenset({_S.QUEUED, _S.SENDING}) | _STOPPED,
    _S.QUEUED: frozenset({_S.QUEUED, _S.FAILED_FOR_NOW, _S.SENDING}) | _STOPPED,
    _S.SENDING: frozenset(
        {_S.ACCEPTED, _S.HELD, _S.DELIVERED, _S.FAILED_FOR_NOW, _S.FAILED_FOR_GOOD, _S.MAYBE_SENT, _S.QUEUED, _S.INBOX}
    ),
    # A worker slower than its lease may still bring the platform's yes: hence accepted, held and delivered here.
    _S.FAILED_FOR_NOW: frozenset({_S.QUEUED, _S.FAILED_FOR_NOW, _S.SENDING, _S.ACCEPTED, _S.HELD, _S.DELIVERED})
    | _STOPPED,
    _S.ACCEPTED: frozenset({_S.DELIVERED, _S.FAILED_FOR_GOOD, _S.QUEUED, _S.MAYBE_SENT}),
    _S.HELD: frozenset({_S.DELIVERED, _S.FAILED_FOR_GOOD, _S.QUEUED, _S.MAYBE_SENT}),
    _S.MAYBE_SENT: frozenset({_S.QUEUED, _S.ACCEPTED, _S.HELD, _S.DELIVERED, _S.FAILED_FOR_GOOD, _S.CANCELLED}),
    _S.FAILED_FOR_GOOD: frozenset({_S.QUEUED, _S.DELIVERED}),
    _S.INBOX: frozenset({_S.QUEUED}),
    _S.EXPIRED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.DELIVERED: frozenset(),
}


class _Frozen(Shape):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Change(_Frozen):
    """One line of a notice's history (状态记录): cause in Chinese, for operators."""

    at: datetime
    state: NoticeState
    cause: str


class Notice(_Frozen):
    """One message for one person; ``uscc`` is empty where it is about no enterprise.

    ``lines`` is the text for a chat bubble and the page, ``fields`` the values of the template's fields by key,
    ``path`` the page (``/h5/…``) to open. ``wake_at`` is when the sweep must look at the row again if nothing else
    happened to it. ``few``: it is of a small run, and never stands behind one to the whole county. ``attempts`` counts
    calls of the platform, ``failures`` those that ended in "try again", ``outages`` the last ones if it took nothing
    then, whatever it was. ``unsure_since`` is the start of the earliest attempt that may have reached the person.
    """

    id: str
    uscc: str
    openid: str
    kind: NoticeKind
    subject: str
    subject_version: str
    event: str
    title: str
    lines: tuple[str, ...] = ()
    fields: dict[str, str] = Field(default_factory=dict)
    path: str = "/h5/inbox"
    sample: bool = False
    few: bool = False
    created_at: datetime
    not_before: datetime | None = None
    expires_at: datetime

    state: NoticeState = NoticeState.CREATED
    changed_at: datetime
    wake_at: datetime
    attempts: int = 0
    failures: int = 0
    outages: int = 0
    channel: Channel | None = None
    tried: tuple[Channel, ...] = ()
    unsure_since: datetime | None = None
    template_id: str | None = None
    message_id: str | None = None
    history: tuple[Change, ...] = ()

    @property
    def rules(self) -> KindRules:
        return rules(self.kind)

    @property
    def priority(self) -> Priority:
        """Of its kind; what goes out in bulk by its kind goes with the others where it is one of a few."""
        by_kind = self.rules.priority
        return Priority.NORMAL if self.few and by_kind is Priority.BULK else by_kind

    @property
    def counts_as_digest(self) -> bool:
        """Whether the one-digest-a-day rule holds for it (facts: except ``paid`` and ``deadline_T-1``)."""
        return is_digest(self.kind, self.event)

    def tried_on(self, day: date) -> bool:
        """Whether it was sent, or meant to be, on this day in China."""
        return any(line.state is NoticeState.SENDING and local_date(line.at) == day for line in self.history)

    def moved(self, state: NoticeState, at: datetime, cause: str, **changes: object) -> Notice:
        """The notice in its next state. Raises NoticeError for a step that TRANSITIONS does not list."""
        if state not in TRANSITIONS[self.state]:
            raise NoticeError(f"通知 {self.id} 现在是“{CHINESE[self.state]}”，不能改为“{CHINESE[state]}”。")
        history = (*self.history[:1], *self.history[1:][-_HISTORY:], Change(at=at, state=state, cause=cause))
        update = {"state": state, "changed_at": at, "wake_at": at, "history": history, **changes}
        return self.model_copy(update=update)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be told about one subject, before it is known to whom. ``why`` is for the operator's dry run; ``only``
    is the one member whom it concerns (openid), empty for all who may hear of it."""

    uscc: str
    kind: NoticeKind
    subject: str
    version: str
    event: str
    title: str
    lines: tuple[str, ...]
    fields: Mapping[str, str]
    path: str
    expires_at: datetime
    why: str
    sample: bool = False
    only: str = ""


def is_digest(kind: NoticeKind, event: str) -> bool:
    return rules(kind).daily_digest and event not in _EXEMPT_EVENTS


def notice_id(uscc: str, subject: str, version: str, event: str, openid: str) -> str:
    """Deterministic: the same change for the same person is the same notice, however often it is planned."""
    digest = sha256("\n".join((uscc, subject, version, event, openid)).encode()).digest()
    return b32encode(digest).decode().lower()[:ID_LENGTH]


def address(draft: Draft, openid: str, now: datetime, not_before: datetime | None = None) -> Notice:
    """The draft as a notice for this person."""
    return Notice(
        id=notice_id(draft.uscc, draft.subject, draft.version, draft.event, openid),
        uscc=draft.uscc,
        openid=openid,
        kind=draft.kind,
        subject=draft.subject,
        subject_version=draft.version,
        event=draft.event,
        title=draft.title,
        lines=draft.lines,
        fields=dict(draft.fields),
        path=draft.path,
        sample=draft.sample,
        created_at=now,
        not_before=not_before,
        expires_at=draft.expires_at,
        changed_at=now,
        wake_at=now,
        history=(Change(at=now, state=NoticeState.CREATED, cause=draft.why),),
    )
