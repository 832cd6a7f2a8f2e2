"""Terms (名词解释): what a word of the trade means, for「什么是容缺」. Content like any other, with its source."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated

from pydantic import Field

from chalicelib.guidance.aliases import normalise
from chalicelib.guidance.model import ItemId
from chalicelib.provenance import Provenanced


class Term(Provenanced):
    """名词. ``meaning`` is the whole answer, in one or two sentences."""

    id: Annotated[str, Field(pattern=r"^MC\d{2,4}$", title="名词编号")]
    name: str = Field(min_length=2, max_length=20, title="名词")
    says: tuple[Annotated[str, Field(min_length=2, max_length=20)], ...] = Field(default=(), title="别的叫法")
    meaning: str = Field(min_length=4, max_length=200, title="解释")
    basis: tuple[str, ...] = Field(default=(), title="依据")
    items: tuple[ItemId, ...] = Field(default=(), title="相关事项")
    updated_at: date = Field(title="更新日期")


_ASKS = (
    re.compile(
        r"^(?:请问|那|你说的|这个)?(?:(?:什么|啥)(?:是|叫做?)|何为|解释(?:一下|下)?)(?P<word>.+?)(?:呢|呀|啊|的意思)?$"
    ),
    re.compile(
        r"^(?:请问|那|你说的|这个)?(?P<word>.+?)(?:是|有|指)?(?:的是|的)?(?:什么|啥)(?:意思|东西|概念)?(?:呢|呀|啊)?$"
    ),
)
_END = "?!。,. "


def asked_term(text: str, terms: Iterable[Term]) -> Term | None:
    """The term whose meaning a normalised question asks for, and nothing else: 什么是容缺, 免申即享是什么意思."""
    for pattern in _ASKS:
        found = pattern.match(text.strip(_END))
        word = found["word"].strip("“”\"'《》 ") if found else ""
        for term in terms:
            if word and word in map(normalise, (term.name, *term.says)):
                return term
    return None
