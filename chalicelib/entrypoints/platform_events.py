"""Events about our own messages and account, not part of a conversation: receipts, permissions, verification."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.enterprises.scopes import Scope
from chalicelib.wechat import events
from chalicelib.wechat.inbound import dedupe_key
from chalicelib.wechat.messages import Inbound

if TYPE_CHECKING:
    from chalicelib.enterprises.consent import ConsentService
    from chalicelib.notices.monthly import MonthlyService
    from chalicelib.notices.service import NoticeService

log = logging.getLogger(__name__)


class PlatformEvents:
    def __init__(
        self,
        notices: Callable[[], NoticeService],
        monthly: Callable[[], MonthlyService],
        consents: Callable[[], ConsentService],
    ) -> None:
        """Each is made for an event of its own only: no message of a person needs them."""
        self._notices = notices
        self._monthly = monthly
        self._consents = consents

    def take(self, inbound: Inbound, now: datetime) -> bool:
        """Act on the event if it is one of these; False leaves it to the conversation."""
        key = dedupe_key(inbound)
        match inbound:
            case events.TemplateFinishEvent():
                self._notices().receipt(
                    inbound.openid, inbound.msg_id, inbound.delivered, inbound.status, now, None, key
                )
            case events.SubscriptionSentEvent():
                for number, sent in enumerate(inbound.sent):
                    self._notices().receipt(
                        inbound.openid,
                        sent.msg_id,
                        sent.delivered,
                        sent.error_status,
                        now,
                        sent.template_id,
                        f"{key} {number}",
                    )
            case events.SubscriptionPopupEvent() | events.SubscriptionChangeEvent():
                self._permissions(inbound, inbound.answers, now, key)
            case events.MassFinishEvent():
                self._monthly().finished(inbound.msg_id, inbound.status, inbound.sent)
            case events.PersonalDataEvent():
                self._personal_data(inbound, now, key)
            case events.VerificationEvent():
                _verification(inbound)
            case _:
                return False
        return True

    def _personal_data(self, inbound: events.PersonalDataEvent, now: datetime, key: str) -> None:
        """We keep no profile to change. A withdrawal (撤回授权) ends every consent, as 退订 does (docs/adr/0025)."""
        if inbound.event == events.REVOKED:
            person = inbound.subject or inbound.openid
            since = self._consents().withdraw(person, Scope, "wechat", now, key)
            self._notices().subscriptions.withdrawn(person, now, key, inbound.created_at)
            self._notices().cancel_for(person, None, now, since)

    def _permissions(
        self, event: events.Event, answers: list[events.SubscriptionAnswer], now: datetime, key: str
    ) -> None:
        subscriptions = self._notices().subscriptions
        for number, answer in enumerate(answers):
            change = subscriptions.accepted if answer.answer == "accept" else subscriptions.rejected
            change(event.openid, answer.template_id, now, f"{key} {number}", event.created_at)


def _verification(event: events.VerificationEvent) -> None:
    """Without verification (认证) template messages stop: the line of what went wrong, or is due, is what the alarm
    watches."""
    if event.event.endswith("_success"):
        log.info("account verification event", extra={"event": event.event})
    else:
        log.error("account verification event", extra={"event": event.event, "alarm": "verification"})
