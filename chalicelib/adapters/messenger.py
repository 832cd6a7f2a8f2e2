"""A Messenger that loads the platform client with the first message: the callback, which only answers, never pays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.ports import Messenger, Outbound, Outcome

if TYPE_CHECKING:
    from chalicelib.wechat.client import PlatformClient


class LazyMessenger:
    def __init__(self, client: Callable[[], PlatformClient]) -> None:
        self._client = client
        self._messenger: Messenger | None = None

    def send(self, message: Outbound) -> Outcome:
        if self._messenger is None:
            from chalicelib.adapters.wechat_messenger import WechatMessenger

            self._messenger = WechatMessenger(self._client())
        return self._messenger.send(message)
