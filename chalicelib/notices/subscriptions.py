"""The subscription ledger (订阅台账): who let us send which template, as the platform's events told us.

The platform cannot be asked how many one-time permissions are left, so we count them; where the count is wrong, its
answer at sending (43101) puts it right. Row: ``person#{openid}``/``channel#subscription#{template}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from pydantic import ConfigDict

from chalicelib.once import Once
from chalicelib.ports import Conflict, JsonObject, Put, Record, Store, Write
from chalicelib.shape import Shape

SUBSCRIPTION = "channel#subscription#"
_TRIES = 8


class Subscription(Shape):
    """``once`` unused one-time permissions, ``always`` the long-term one, ``refused`` until the person agrees again.
    ``opened``, ``closed``: when by the platform's clock they last agreed, and last refused or took it back."""

    model_config = ConfigDict(frozen=True)

    template: str
    once: int = 0
    always: bool = False
    refused: bool = False
    opened: datetime | None = None
    closed: datetime | None = None
    updated: datetime | None = None


class SubscriptionLedger:
    """``long_term`` names the templates that the platform granted as long-term (长期订阅); all others are one-time.

    ``happened`` is an event's own time: one that is worked on late does not change what came after it.
    """

    def __init__(self, store: Store, long_term: Sequence[str] = ()) -> None:
        self._store = store
        self._long_term = frozenset(long_term)
        self._once = Once(store)

    def get(self, openid: str, template: str) -> Subscription:
        record = self._store.get(f"person#{openid}", _sk(template))
        return Subscription.model_validate(record.body) if record else Subscription(template=template)

    def accepted(
        self, openid: str, template: str, now: datetime, message: str = "", happened: datetime | None = None
    ) -> None:
        """The person tapped 允许 (``subscribe_msg_popup_event`` accept); counted once for a ``message`` (``once``)."""

        def granted(s: Subscription) -> Subscription:
            if _before(happened, s.closed):
                return s
            s = s.model_copy(update={"opened": _later(s.opened, happened)})
            if template in self._long_term:
                return s.model_copy(update={"always": True, "refused": False})
            return s.model_copy(update={"once": s.once + 1, "refused": False})

        self._change(openid, template, now, granted, message)

    def rejected(
        self, openid: str, template: str, now: datetime, message: str = "", happened: datetime | None = None
    ) -> None:
        """The person tapped 取消, switched it off in the settings (``subscribe_msg_change_event``), or the platform
        refused a message for want of permission (43101)."""

        def refused(s: Subscription) -> Subscription:
            s = s.model_copy(update={"closed": _later(s.closed, happened)})
            if _before(happened, s.opened):
                return s
            return s.model_copy(update={"once": 0, "always": False, "refused": True})

        self._change(openid, template, now, refused, message)

    def withdrawn(self, openid: str, now: datetime, message: str = "", happened: datetime | None = None) -> None:
        """The person took the authorisation back (``user_authorization_revoke``): nothing is left of what they allowed;
        what they refused stays refused."""

        def nothing(s: Subscription) -> Subscription:
            s = s.model_copy(update={"closed": _later(s.closed, happened)})
            if _before(happened, s.opened):
                return s
            return s.model_copy(update={"once": 0, "always": False})

        for record in list(self._rows(openid)):
            template = record.sk.removeprefix(SUBSCRIPTION)
            self._change(openid, template, now, nothing, message and f"{message} {template}")

    def forget(self, openid: str) -> None:
        """The person unfollowed (``unsubscribe``): the platform forgets with us what they had refused."""
        for record in list(self._rows(openid)):
            self._store.delete(record.pk, record.sk)

    def _rows(self, openid: str) -> Iterator[Record]:
        page: str | None = None
        while True:
            got = self._store.query(f"person#{openid}", prefix=SUBSCRIPTION, page=page)
            yield from got.records
            page = got.next
            if page is None:
                return

    def spent(self, openid: str, template: str, now: datetime) -> Put | None:
        """The write that takes one one-time permission off the count, to go with the row of what was sent.

        None when there is nothing to take. It conflicts when the count changed meanwhile: read and ask again.
        """
        record = self._store.get(f"person#{openid}", _sk(template))
        if record is None:
            return None
        subscription = Subscription.model_validate(record.body)
        if subscription.always or subscription.once == 0:
            return None
        less = subscription.model_copy(update={"once": subscription.once - 1, "updated": now})
        return Put(_record(openid, less), if_version=record.version)

    def _change(
        self,
        openid: str,
        template: str,
        now: datetime,
        change: Callable[[Subscription], Subscription],
        message: str,
    ) -> None:
        def write() -> tuple[JsonObject, list[Write]]:
            record = self._store.get(f"person#{openid}", _sk(template))
            before = Subscription.model_validate(record.body) if record else Subscription(template=template)
            after = _record(openid, change(before).model_copy(update={"updated": now}))
            return {}, [Put(after, if_version=record.version) if record else Put(after, if_absent=True)]

        for _ in range(_TRIES):
            try:
                self._once.do(message, f"subscription {template}", now, write)
            except Conflict:
                continue
            return
        raise Conflict([(f"person#{openid}", _sk(template))])


def _before(happened: datetime | None, other: datetime | None) -> bool:
    return happened is not None and other is not None and happened < other


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


def _sk(template: str) -> str:
    return SUBSCRIPTION + template


def _record(openid: str, subscription: Subscription) -> Record:
    return Record(f"person#{openid}", _sk(subscription.template), subscription.model_dump(mode="json"))
