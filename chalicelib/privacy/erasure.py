"""删除权: everything of a person is deleted at their word, but for what must be kept, under a pseudonym (个人信息保护法
article 47; ``terms.KEPT_AFTER_ERASURE`` says what stays and why)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.repository import SESSION
from chalicelib.notices.service import NoticeService

Forget = Callable[[str], object]
"""Takes an openid out of what a room keeps and must go on keeping (tickets, requests)."""


class ErasureService:
    """For who leaves (取消关注) and for who stays and wants a clean sheet. Both may be cut short and called again."""

    def __init__(self, notices: NoticeService, followers: FollowerService, others: Sequence[Forget]) -> None:
        self._notices = notices
        self._followers = followers
        self._others = others

    def leave(self, openid: str, now: datetime, happened: datetime | None = None) -> None:
        """The person unfollowed: nothing is sent any more, what is kept loses its name, their rows go. ``happened`` as
        in ``followers``: a late copy of an older event changes nothing."""
        mark = self._followers.shut(openid, now, happened)
        if mark is not None:
            self._nameless(openid, now)
            self._followers.forget(openid, mark)

    def come(self, openid: str, now: datetime, scene: str | None = None, happened: datetime | None = None) -> None:
        """The person follows; a leave that was cut short is finished first."""
        if self._followers.is_leaving(openid):
            self._nameless(openid, now)
        self._followers.follow(openid, now, scene, happened)

    def erase(self, openid: str, now: datetime, in_conversation: bool = False) -> None:
        """Everything goes at the person's own word; they go on following, as somebody new.

        ``in_conversation``: the answer that is being given writes a new session over the old one. Were the row gone
        by then, the answer would be taken for one to a session of before, and be made again.
        """
        came = self._followers.came(openid)
        mark = self._followers.shut(openid, now)
        if mark is not None:
            self._nameless(openid, now)
            self._followers.forget(openid, mark, (SESSION,) if in_conversation else ())
        self._followers.follow(openid, now, happened=came)

    def _nameless(self, openid: str, now: datetime) -> None:
        self._notices.forget(openid, now)
        for forget in self._others:
            forget(openid)
