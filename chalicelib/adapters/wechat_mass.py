"""MassSender on the WeChat platform (草稿箱, 群发预览, 群发)."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.adapters.wechat_messenger import attempted
from chalicelib.notices.monthly import Article
from chalicelib.ports import Outcome, Reaction
from chalicelib.wechat.client import PlatformClient


class WechatMass:
    """``client`` is made with the first call."""

    def __init__(self, client: Callable[[], PlatformClient]) -> None:
        self._client = client

    def draft(self, article: Article) -> Outcome:
        body = {
            "title": article.title,
            "digest": article.summary,
            "content": article.html,
            "content_source_url": article.link,
            "thumb_media_id": article.cover,
            "need_open_comment": 0,
        }
        client = self._client()
        return attempted(lambda: client.drafts.add([body]), client.clock)

    def preview(self, media_id: str, wechat_id: str) -> Outcome:
        client = self._client()
        return attempted(lambda: client.message.preview_mass_draft(media_id, wechat_id), client.clock)

    def send(self, media_id: str, client_id: str) -> Outcome:
        client = self._client()
        return attempted(
            lambda: client.message.send_mass_draft(media_id, client_id), client.clock, busy=Reaction.AMBIGUOUS
        )
