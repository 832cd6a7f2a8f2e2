"""大字: the way to the pages in 长辈版, which stay large from then on (facts §6.7)."""

from __future__ import annotations

from chalicelib.dialogue.model import Reply, Turn
from chalicelib.dialogue.skill import Skill


class LargeType(Skill):
    """Leads to 溪小办 on a page: large type, buttons for the next steps, and a voice where the phone has one."""

    name = "large_type"

    def answer(self, turn: Turn) -> Reply:
        link = self._desk.links.page("/h5/talk", turn.openid, turn.now)
        return Reply(
            (
                "长辈版字大、按钮大，可以接着问，也能读给您听：",
                f'<a href="{link}&big=1">打开长辈版</a>',
                "打开一次，以后的页面都是大字。想听人说，直接拨 12345。",
            ),
            keeps_options=True,
        )
