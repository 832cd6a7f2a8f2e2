"""What sounds or looks alike in 芦溪 (近音、形近): typing by sound and speech recognition mix these up.

``sounds.txt`` holds one group of characters a line, made from the readings of pypinyin (see ``folded_syllable``; the
command that makes it is ``python -m bench.make_sounds``). Folding writes every character as the first of its group, so
two texts that sound alike become the same text. Far too coarse to search with alone; it is a second chance.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("sounds.txt")

SHAPES = (
    "己已巳 末未 土士 券卷 侯候 帐账 拨拔 折拆 晴睛 祟崇 陷馅 竟竞 撤撒 戍戌戊 茶荼 免兔 籍藉 洽恰 辩辨辫 遣谴 幅副"
)
"""Characters that are taken for one another by eye."""

_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("p", "b"))
_LIPS = {
    "fei": "hui",
    "fen": "hun",
    "feng": "hong",
    "fu": "hu",
    "fo": "huo",
    "fa": "hua",
    "fan": "huan",
    "fang": "huang",
}
_FINALS = (("ing", "in"), ("eng", "en"))


def folded_syllable(syllable: str) -> str:
    """A toneless pinyin syllable with the differences of this dialect levelled.

    zh/z ch/c sh/s, n/l, f/hu (飞 灰), b/p, in/ing, en/eng.
    """
    syllable = _LIPS.get(syllable, syllable)
    for written, said in _INITIALS:
        if syllable.startswith(written) and syllable != written:
            syllable = said + syllable[len(written) :]
            break
    for written, said in _FINALS:
        if syllable.endswith(written):
            return syllable[: -len(written)] + said
    return syllable


def fold(text: str) -> str:
    """Normalised text with every character as the first of those it is mixed up with."""
    return text.translate(_groups())


@cache
def _groups() -> dict[int, str]:
    firsts = {ord(one): group[0] for group in TABLE.read_text(encoding="utf-8").split() for one in group}
    for group in SHAPES.split():
        for one in group:
            firsts[ord(one)] = firsts.get(ord(group[0]), group[0])
    return firsts
