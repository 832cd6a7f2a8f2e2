"""The JS-SDK's ticket for pages (分享卡片) that must not call the platform themselves.

The platform's IP whitelist knows only the addresses of the functions that deliver (infra/network.py). A page that
fetched a ticket, and the access token for it, from another address would be refused (40164), and the refusal would be
held for everybody: deliveries would stop. So a page takes the ticket that is there, or asks those who may for one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.ports import Conflict, JsonObject, Record, Store
from chalicelib.wechat.errors import ApiError, NotSent, Unclear
from chalicelib.wechat.tokens import Token

log = logging.getLogger(__name__)

ASKED = timedelta(minutes=1)
"""Asked once, nobody asks again for so long."""

MESSAGE: JsonObject = {"ticket": "jsapi"}


class Keeper(Protocol):
    """``tokens.TokenKeeper`` of the JS-SDK's ticket."""

    def ready(self) -> Token | None: ...
    def get(self) -> Token: ...


class ShareTickets:
    """``send`` puts a message into the queue of those who may call the platform; they answer it by ``renew``."""

    def __init__(self, keeper: Callable[[], Keeper], store: Store, send: Callable[[JsonObject], None]) -> None:
        self._keeper = keeper
        self._store = store
        self._send = send

    def ready(self, now: datetime) -> str | None:
        """The ticket; None where there is none by now. Raises NotSent where the store is too busy to tell."""
        ticket = self._keeper().ready()
        if ticket is None:
            self._ask(now)
        return ticket.value if ticket else None

    def renew(self) -> None:
        """Fetch the ticket unless it is there. What the platform refuses is logged: a page will ask again."""
        try:
            self._keeper().get()
        except (ApiError, NotSent, Unclear):
            log.warning("no share cards: the platform gave no ticket", exc_info=True)

    def _ask(self, now: datetime) -> None:
        row = Record("wechat#ticket", "asked", {}, expires_at=int((now + ASKED).timestamp()))
        try:
            self._store.put(row, if_absent=True)
        except Conflict:
            return  # somebody has, just now
        self._send(MESSAGE)
