"""What stands in 政策月报: the measures that are open or ended in the month, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from chalicelib.notices.monthly import Article

TITLE_LENGTH = 64
SUMMARY_LENGTH = 120
"""Characters that the draft box takes (新增草稿)."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One 政策事项 as the digest tells it; ``until`` is the last day to apply, None where there is none."""

    name: str
    dept: str
    benefit: str
    until: date | None
    is_sample: bool = False


def article(month: str, measures: Sequence[Measure], link: str, cover: str) -> Article:
    """Those that end first stand first."""
    ordered = sorted(measures, key=lambda one: (one.until is None, one.until or date.max, one.name))
    year, number = month.split("-")
    title = f"{year}年{int(number)}月惠企政策月报（{len(ordered)} 项）"
    summary = "、".join(one.name for one in ordered)
    short = summary if len(summary) <= SUMMARY_LENGTH else summary[: SUMMARY_LENGTH - 1] + "…"
    items = "".join(f"<p><strong>{n}. {_line(one)}</p>" for n, one in enumerate(ordered, 1))
    html = f"<p>能不能享受，在公众号里回复“我能享受什么”，或点“阅读原文”。</p>{items}"
    return Article(title[:TITLE_LENGTH], short, html, link, cover)


def _line(one: Measure) -> str:
    until = f"申报截止 {one.until.month}月{one.until.day}日。" if one.until else "长期有效。"
    sample = "（示例数据）" if one.is_sample else ""
    return f"{escape(one.name)}</strong>{sample}<br/>{escape(one.benefit)}<br/>{escape(one.dept)}，{until}"
