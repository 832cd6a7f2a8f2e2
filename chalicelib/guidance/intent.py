"""Which part of a guide a question asks for (问的是哪一部分), by hints in its words."""

from __future__ import annotations

import re
from enum import StrEnum


class Facet(StrEnum):
    """A part of a guide. PROGRESS is not in any guide: it is about a case of the asker's own."""

    MATERIALS = "materials"  # 材料
    TIME = "time"  # 时限
    FEE = "fee"  # 收费
    PLACE = "place"  # 在哪里办
    FORM = "form"  # 怎么办、怎么填
    CONDITION = "condition"  # 条件
    BASIS = "basis"  # 依据
    PROGRESS = "progress"  # 办到哪一步


_HINTS: tuple[tuple[Facet, str], ...] = (
    (
        Facet.PROGRESS,
        r"[到在]哪一步|进度|[办搞弄审批]到哪|[办搞弄批]好了?(?:没|吗)|(?:下来|到账)了?没|还没(?:到|收到|批|办)|没收到",
    ),
    (Facet.FEE, r"多少钱|多少费|(?:要不?要?|花)钱|收不?收?费|费用|免费|工本费|几块钱|价格|贵不贵|钱(?:不|吗|么)$"),
    (
        Facet.MATERIALS,
        r"(?:要|该|需要)?(?:带|交|准备|提供)(?:些|哪些|什么)|带什么|材料(?![款费钱商])|资料|证件|要(?:哪些|什么)(?:手续|东西|表)?(?:$|[?,])",
    ),
    (Facet.TIME, r"多久|几天|多长时间|几个工作日|多少天|时限|什么时候(?:能|可以|发|到|拿|下)|几时|要等|能拿到|能下来"),
    (
        Facet.PLACE,
        r"(?:在|到|去|往)?哪(?:里|儿|个地方|个窗口|个部门)(?:办|刻|交|领|弄|取|申请)?|在哪|找谁|地址|网点|窗口在",
    ),
    (
        Facet.FORM,
        r"怎么填|填表|表格|不会填|流程|步骤|怎么(?:办理?|弄|搞|申请|申报|注销|登记|取|提|加|停|改|补|换|续)|如何|网上(?:怎么|能)",
    ),
    (Facet.CONDITION, r"条件|资格|门槛|符合"),
    (Facet.BASIS, r"依据|哪条(?:法|规定)|什么(?:法|规定)|文件"),
)
_PATTERNS = [(facet, re.compile(pattern)) for facet, pattern in _HINTS]
_POINTING = re.compile(r"[那这它该办要带还也就先得去个件事证呢吗么呀啊的了,?!。 ]+")
_ANY = re.compile("|".join(f"(?:{pattern})" for _, pattern in _HINTS))


def facet(text: str) -> Facet | None:
    """The first part asked for in a normalised question, the most telling hint first; None for a general question."""
    return next((facet for facet, pattern in _PATTERNS if pattern.search(text)), None)


def names_no_subject(text: str) -> bool:
    """Whether a question only asks for a part and leaves what it is about to the talk before: 那要多少钱."""
    return bool(_ANY.search(text)) and not _POINTING.sub("", _ANY.sub("", text))


def subject(text: str) -> str:
    """The question without the words that only say which part is asked for: 换法人要带什么 → 换法人."""
    left = _ANY.sub(" ", text)
    return left if _POINTING.sub("", left) else text
