"""大字: the way to the pages in 长辈版, which stay large from then on (facts §6.7)."""

from __future__ import annotations

import re

from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.model import Reply, Turn
from chalicelib.dialogue.skill import Skill
from chalicelib.dialogue.wording import plain

_ASKED = re.compile(
    r"(我要|请|换成?|用|打开|有没有)?(大字|长辈|老人|老年|大号)(体|版|模式|字体|的)*(吗|吧|呢)?|字(太小|小了|放大|大一?点).{0,4}"
)


class LargeType(Skill):
    """Leads to 溪小办 on a page: large type, buttons for the next steps, and a voice where the phone has one."""

    name = "large_type"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def claims(self, turn: Turn) -> bool:
        return _ASKED.fullmatch(plain(turn.text)) is not None

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
