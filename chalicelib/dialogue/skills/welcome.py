"""First contact, help, and the four sections of the brand (四大举措)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from chalicelib.dialogue.model import Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.dialogue.wording import plain

SECTIONS: dict[str, tuple[str, tuple[Option, ...]]] = {
    "服务升级": (
        "办事指南、办件进度、服务网点，直接说要办的事就行，比如“换法人要带什么”。",
        (
            Option(label="开公司要带什么", action="guide.item", args={"id": "SX-01"}),
            Option(label="查我的办件", action="case.mine"),
            Option(label="最近的服务点", action="points.ask"),
            Option(label="老房子缺材料能先办证吗", action="guide.item", args={"id": "SX-21"}),
        ),
    ),
    "创新赋能": (
        "电瓷电气产业的落地、建设、投产和成长，一条链上的事在这里。",
        (
            Option(label="电瓷电气产业链一件事", action="guide.item", args={"id": "B07"}),
            Option(label="专精特新申报", action="guide.item", args={"id": "SX-31"}),
            Option(label="转型金融入库", action="guide.item", args={"id": "SX-32"}),
            Option(label="产业一站式服务中心", action="points.point", args={"id": "PT10"}),
        ),
    ),
    "政策直达": (
        "看贵公司能享受什么、为什么能或不能、贷款走到哪一步。",
        (
            Option(label="我能享受什么", action="policy.mine"),
            Option(label="贷款进度", action="loan.mine"),
            Option(label="怎么申报兑现", action="guide.item", args={"id": "SX-30"}),
        ),
    ),
    "法治护航": (
        "立案、调解、执行、信用修复，先看指南再动身。",
        (
            Option(label="网上立案", action="guide.item", args={"id": "SX-34"}),
            Option(label="先行调解", action="guide.item", args={"id": "SX-35"}),
            Option(label="信用修复", action="guide.item", args={"id": "SX-33"}),
            Option(label="申请执行", action="guide.item", args={"id": "SX-36"}),
        ),
    ),
}
"""Section name → one sentence and its first steps. The names are the brand's own (report of 2025-10)."""

GREETING = "您好，我是芦溪县“溪心办”的溪小办，办事和政策都可以直接问我，比如“换法人要带什么”。"
PRIVACY = "绑定企业后，我会主动告诉您能享受的政策。回复“绑定”开始；随时回复“退订”停止推送。"
_WELCOME = "不客气，要办事随时问我。"
_COURTESY = re.compile(
    r"(好的?|嗯+|哦+|行|收到|知道|明白|晓得)*(了|啦|哩)?(谢谢|多谢|感谢|谢了|辛苦)?(你|您|啊|啦|了|哦)*(再见|拜拜)?"
)
_WHO = re.compile(
    r"你(是谁|叫什么|是什么|是机器人吗?|能(做|干|办|帮我)?(什么|哪些)(事)?|会(做|干)?什么|有什么(用|功能))"
)


def listens(said: str) -> bool:
    """Whether a ``plain`` text is for this skill. Here and not in ``listening``: no answer does without this file."""
    return said in SECTIONS or _COURTESY.fullmatch(said) is not None or _WHO.fullmatch(said) is not None


class Welcome(Skill):
    """Says who 溪小办 is and opens the sections; also answers what we can't read."""

    name = "welcome"

    def commands(self) -> Mapping[str, Callable[[Turn], Reply]]:
        return {"help": self.greet}

    def actions(self) -> Mapping[str, Action]:
        return {"section": lambda turn, args: self.section(args["name"]), "greet": lambda turn, args: self.greet(turn)}

    def answer(self, turn: Turn) -> Reply:
        said = plain(turn.text)
        if said in SECTIONS:
            return self.section(said)
        return self.greet(turn) if _WHO.fullmatch(said) else Reply((_WELCOME,), keeps_options=True)

    def greet(self, turn: Turn) -> Reply:
        labels = {
            "服务升级": "服务升级：办事指南、填表、网点",
            "创新赋能": "创新赋能：电瓷电气产业服务",
            "政策直达": "政策直达：我能享受什么、贷款进度",
            "法治护航": "法治护航：立案、调解、信用修复",
        }
        options = tuple(
            Option(label=label, action="welcome.section", args={"name": name}) for name, label in labels.items()
        )
        return Reply((GREETING,), options, footer=PRIVACY)

    def section(self, name: str) -> Reply:
        sentence, options = SECTIONS[name]
        return Reply((f"{name}：{sentence}",), options)


def unreadable() -> Reply:
    """For pictures, stickers and the like: we don't recognise them and say so (身份证照片也不要发)."""
    return Reply(
        ("我看不了图片、视频和表情，请打字或用语音说。", "请不要在这里发身份证照片。"),
        footer="要人工答复请回复“人工”。",
    )
