"""How a typed line is recognised as a command, whatever its width, spaces and punctuation."""

from __future__ import annotations

import re
import unicodedata

from chalicelib.guidance.normalise import simplified

_NOISE = re.compile(r"[\s，。！？、；：,.!;:~～…“”\"'（）()【】\[\]]+")

COMMANDS: dict[str, str] = {
    word: command
    for command, words in {
        "leave": "退订 td 取消订阅 别发了 莫发哩 莫发了 不要发了 不要再发 别再发了 不想收到 停止推送 不要推送 不再接收",
        "only_case": "只收办件",
        "only_loan": "只收贷款",
        "person": "人工 转人工 人工客服 找人工 客服",
        "cancel": "取消 算了 退出 不办了 不填了",
        "help": "帮助 help 菜单 开始 ? 怎么用 你好 您好 你好呀 在吗 hi hello",
        "back": "返回 返回上一步 上一步 回到上一步 后退 回去",
        "useful": "有用 有帮助 有用的 很有用",
        "useless": "没用 没有用 没帮助 没有帮助 没用的 不管用 答非所问",
        "repeat": "再说一遍 重复 重复一遍 没看清",
        "more": "更多 看下文 继续",
        "bind": "绑定 绑定企业 我要绑定",
        "unbind": "解绑 解除绑定 取消绑定",
        "join": "申请加入 加入企业 申请绑定 申请加入企业",
        "members": "成员 成员管理 管理成员 成员名单 企业成员",
        "agree": "同意 同意接收 订阅 重新订阅 恢复订阅 恢复提醒 恢复推送 开启提醒 打开提醒 接收提醒 继续提醒我",
        "inbox": "消息 收件箱 我的消息",
        "tickets": "我的工单 工单 查工单",
        "privacy": "我的数据 我的授权 隐私 导出我的数据",
        "erase": "删除我的数据 删除我的信息 删除数据",
    }.items()
    for word in words.split()
}

_LEAVE = re.compile(
    r"(请|麻烦)?(你们?|您)?(以后)?(不要|别|莫|不用|不想)(再|老是|老)?(给我)?(发|推送?|打扰|收到?)(消息|信息|通知|短信|广告|推送)*(给?我)?[了啦哩]?"
    r"|(请|麻烦|帮我|给我|我要|我想|全部|都)*(退订|取消订阅|停止推送|取消推送)(全部|推送|消息|通知|服务|吧|了|td)*"
)
_CHOICE = re.compile(r"(?:我?选择?|回复|数字|编号|第)*(?P<number>[1-9一二三四五六七八九])(?:个|项|号|条)?")


def plain(text: str) -> str:
    """The text in simplified characters, without width, case, spaces and punctuation: what commands are compared in."""
    folded = simplified(unicodedata.normalize("NFKC", text).casefold())
    return _NOISE.sub("", folded) or folded.strip()


def command(text: str) -> str | None:
    """The command that this line is, and nothing but; None for everything else."""
    word = plain(text)
    if found := COMMANDS.get(word):
        return found
    return "leave" if _LEAVE.fullmatch(word) else None


def choice(text: str) -> int | None:
    """1 for「1」「１」「1.」「第一个」「选2」…; None when the line is more than a choice."""
    found = _CHOICE.fullmatch(plain(text))
    if found is None:
        return None
    number = found["number"]
    return int(number) if number.isascii() else "一二三四五六七八九".index(number) + 1
