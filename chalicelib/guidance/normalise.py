"""Makes what people type comparable: width, case, traditional characters, fillers of speech.

Everything works on a copy; the text as typed is kept by the caller (names such as 乾 must survive as written).
Local words and hearing mistakes are in ``aliases.py``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

_UNIT = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?|[^\W_]")
_STRETCH = re.compile(r"[^\W_]+(?:\.[0-9]+)*")
_NOTE = re.compile(r"^[(（【\[](?:语音|图片|视频|文件)[)）】\]]")
_ARTICLE = re.compile(r"第[〇零一二三四五六七八九十百千0-9]+条(?:之[一二三四五六七八九十]+)?$")
_FILLERS = (
    "我想问一下 想问一下 我想问 请问一下 请问 想问 问一下 咨询一下 请教 麻烦 帮我 帮忙 你好 您好 那个 这个 就是 "
    "怎么样 怎么办理 怎么办 怎么弄 怎么 怎样 如何 为什么 什么时候 什么 哪些 哪里 哪个 哪 多少 "
    "是否 是不是 有没有 能不能 可不可以 嗯 呃 哈 "
    "能否 可以 需要 应该 应当 要不要 的话 吗 呢 啊 呀 吧 嘛 啦 哦 喂 的 了 咯 哩"
)
_FILLER = re.compile("|".join(sorted(map(re.escape, _FILLERS.split()), key=len, reverse=True)))


def plain(text: str) -> str:
    """NFKC width, lower case, simplified characters: 蘆溪ＡＢＣ → 芦溪abc."""
    return simplified(unicodedata.normalize("NFKC", text).lower())


def simplified(text: str) -> str:
    """Traditional to simplified characters (OpenCC t2s).

    GB 2312 holds no traditional forms, so text that fits it needs no conversion and does not load the tables.
    """
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return str(_converter().convert(text))
    return text


def heading(title: str) -> str:
    """A title without what a thousand titles share: 中华人民共和国民法典第五十四条 → 民法典."""
    return _ARTICLE.sub("", title.removeprefix("中华人民共和国")) or title


def core(text: str) -> str:
    """``plain`` text without the words every question has; the text itself when too little would be left."""
    left = _FILLER.sub(" ", _NOTE.sub("", text))
    return left if len(characters(left)) > 1 else text


def characters(text: str) -> list[str]:
    """The units that search counts: each Chinese character, each run of letters and digits; no punctuation."""
    return _UNIT.findall(text)


def runs(text: str) -> list[list[str]]:
    """``characters`` of each stretch between spaces and punctuation: no bigram should reach across a comma."""
    return [characters(stretch) for stretch in _STRETCH.findall(text)]


@cache
def _converter() -> OpenCC:
    from opencc import OpenCC  # loads 1 MB of tables: only for the few who type traditional characters

    return OpenCC("t2s")
