"""Going back and correcting (返回、更正): what people say when the last answer was not what they meant."""

from __future__ import annotations

import re

_WRONG = r"(?:不对|不是(?:这个|的|啦|哦)?|错了|搞错了|说错了|弄错了|打错了|你理解错了)"
_MEANT = r"(?:我(?:是)?(?:要|想)?(?:问|说|办)的?(?:是|不是这个)?|我指的是|应该是|是(?:问|说)?|改成|换成)"
_CORRECTION = re.compile(rf"^{_WRONG}[,，。.!！、\s]*{_MEANT}?[,，:：\s]*(?P<rest>.*)$")
_NOT_BUT = re.compile(r"^(?:我说的)?不是(?P<wrong>[^,，是]{1,12})[,，\s]*(?:而?是|要)(?P<rest>.+)$")


def corrected(text: str) -> str | None:
    """What was meant, where a text corrects the answer before it: 不对，我问的是公司 → 公司.

    Empty where it only says that something is wrong; None for any other text (不是…吗 is a question).
    """
    if text.endswith(("吗", "么", "吧", "?", "？")) and not text.startswith(("不对", "错了", "搞错")):
        return None
    for pattern in (_NOT_BUT, _CORRECTION):
        found = pattern.match(text)
        if found:
            return found["rest"].strip("，,。.!！ ")
    return None
