"""Passive replies (被动回复): exactly one document in answer to a push, sender and receiver swapped.

Over-long text or broken XML shows the person "该公众号提供的服务出现故障" and tells us nothing, so what is rendered
here keeps the limits by construction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from chalicelib.wechat.codec import SUCCESS
from chalicelib.wechat.messages import Inbound

__all__ = ["SUCCESS", "TEXT_BUDGET", "Article", "cut", "image", "news", "text", "transfer_to_staff"]

TEXT_BUDGET = 2000
"""Bytes of UTF-8. Sources disagree over 2047 or 2048; this keeps clear of both."""

_SENTENCE_ENDS = "。！？；!?;\n"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 §2.2 leaves out; the other way round, as that section has it, it takes 8 ms to compile."""
_LINK = re.compile(r"<a\b.*?</a>", re.DOTALL | re.IGNORECASE)
_OPEN_LINK = re.compile(r"<(?:a\b(?:(?!</a>).)*)?\Z", re.DOTALL | re.IGNORECASE)
"""A link that was cut through, be it right after its ``<``."""


@dataclass(frozen=True, slots=True)
class Article:
    """One picture-and-text entry (图文). ``picture_url`` may be empty."""

    title: str
    description: str
    url: str
    picture_url: str = ""


def text(inbound: Inbound, content: str, now: datetime, more: str = "…") -> str:
    """A text of at most TEXT_BUDGET bytes; longer content is cut and ends in ``more`` (see ``cut``)."""
    return _document(inbound, now, "text", _leaf("Content", cut(content, TEXT_BUDGET, more)))


def image(inbound: Inbound, media_id: str, now: datetime) -> str:
    return _document(inbound, now, "image", f"<Image>{_leaf('MediaId', media_id)}</Image>")


def news(inbound: Inbound, article: Article, now: datetime) -> str:
    """One article: since 2018-10-12 a reply to a person's message may not hold more."""
    leaves = (
        _leaf("Title", article.title)
        + _leaf("Description", article.description)
        + _leaf("PicUrl", article.picture_url)
        + _leaf("Url", article.url)
    )
    return _document(inbound, now, "news", f"<ArticleCount>1</ArticleCount><Articles><item>{leaves}</item></Articles>")


def transfer_to_staff(inbound: Inbound, now: datetime, account: str | None = None) -> str:
    """Hand the conversation to the staff console (客服), to one ``account`` when it is given."""
    whom = f"<TransInfo>{_leaf('KfAccount', account)}</TransInfo>" if account else ""
    return _document(inbound, now, "transfer_customer_service", whom)


def cut(content: str, budget: int = TEXT_BUDGET, more: str = "…") -> str:
    """``content`` within ``budget`` bytes of UTF-8, cut deliberately where it is longer: after a sentence if one ends
    in the second half, else after a character; never inside a link; and ``more`` says that there is more."""
    if len(content.encode()) <= budget:
        return content
    ending = _first_bytes(more, budget)
    kept = _first_bytes(content, budget - len(ending.encode()))
    kept = _OPEN_LINK.sub("", kept)
    prose = _LINK.sub(lambda link: " " * len(link[0]), kept)
    sentence = max(prose.rfind(end) for end in _SENTENCE_ENDS) + 1
    if sentence > len(kept) // 2:
        kept = kept[:sentence]
    return kept.rstrip("\n") + ending


def _first_bytes(content: str, budget: int) -> str:
    """The longest beginning that fits; a code point is taken whole or not at all."""
    return content.encode()[:budget].decode(errors="ignore")


def _document(inbound: Inbound, now: datetime, kind: str, body: str) -> str:
    return (
        f"<xml>{_leaf('ToUserName', inbound.openid)}{_leaf('FromUserName', inbound.account)}"
        f"<CreateTime>{int(now.timestamp())}</CreateTime>{_leaf('MsgType', kind)}{body}</xml>"
    )


def _leaf(name: str, value: str) -> str:
    """CDATA that cannot be broken out of: ``]]>`` is split over two sections, what XML cannot hold is left out."""
    clean = _NOT_XML.sub("", value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{clean}]]></{name}>"
