"""What a line of free text is besides an answer (修复): a command of the form, a question to somebody else."""

from __future__ import annotations

import re
from typing import Literal

Command = Literal["back", "skip", "help", "show", "cancel", "submit", "forward"]

_NOISE = re.compile(r"[\s，。！？、；：,.!?;:~…“”\"'（）()]+")
_WORDS: dict[Command, str] = {
    "back": "上一步 上一题 上一问 返回 返回上一步 回到上一步 后退 回去",
    "skip": "跳过 先跳过 跳过这个 跳过这题 不填这项 没有就跳过",
    "help": "怎么填 怎么写 帮助 不会填 这个怎么填 不知道怎么填 help 什么意思 看不懂",
    "show": "看 看看 核对 看一下 看已填 看填了什么 填了哪些 我填了什么",
    "cancel": "取消 不填了 算了 退出 不办了 取消填表",
    "submit": "提交 确认提交 提交吧 确定提交 可以提交",
    "forward": "下一步 下一题 下一问 不改 不用改 继续 没错 对的",
}
_COMMANDS = {word: command for command, words in _WORDS.items() for word in words.split()}
_YES = frozenset("是 是的 对 嗯 好 好的 确定 确认 取消 要取消 要 可以".split())
_NO = frozenset("不 不是 不要 否 不取消 接着填 继续 继续填 先不 不取消了".split())
_QUESTION = re.compile(
    r"[?？]\s*$|(吗|呢|么)\s*[。.]?$|多少钱|好多钱|多久|几天|要带(什么|么里|哪些)|怎么|怎样|如何|咋|在哪|哪里(办|可以)|收费|"
    r"^(等一?下|等等|问一?下|请问|我想问|对了)"
)
"""A line that asks is no answer, however freely the field takes text (rasa: an aside must not fill the slot)."""


def plain(text: str) -> str:
    return _NOISE.sub("", text).lower()


def command(text: str) -> Command | None:
    """上一步 · 跳过 · 帮助 · 看 · 取消 · 提交 · 下一步; None for everything else."""
    return _COMMANDS.get(plain(text))


def yes_or_no(text: str) -> bool | None:
    word = plain(text)
    return True if word in _YES else False if word in _NO else None


def asks(text: str) -> bool:
    """Whether this is a question to 溪小办 rather than an answer to it."""
    return bool(_QUESTION.search(text.strip()))
