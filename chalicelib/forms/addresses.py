"""Addresses as people say them (地址): 上埠镇老街12号 → 芦溪县上埠镇老街12号."""

from __future__ import annotations

import re
import unicodedata

from chalicelib.forms.problems import ValueProblem
from chalicelib.points.towns import TOWNS

EXAMPLE = "上埠镇老街12号"
COUNTY = "芦溪县"

_HOME = re.compile(r"^(?:中国)?(?:江西省?)?(?:萍乡市?)?(?:芦溪县|芦溪(?!镇))?")
_LEAD = re.compile(r"^(?:就?在|位于|住在?|地址是?|是)+")
_AWAY = re.compile(r"^[\u4e00-\u9fff]{2,8}?(?:省|自治区|特别行政区|市|自治州|州|县|旗|区)")
_SPOKEN = {name[:-1]: name for name in TOWNS.values() if name != "芦溪镇"} | {"县城": "芦溪镇", "张家坊": "张佳坊乡"}
_ROAD = ("大道", "路", "街", "桥", "大厦", "小区", "广场", "花园", "大酒店", "中学", "小学", "村")
_ENDS = re.compile(r"[\s。，,;；！!、]+$")
_SHORTEST_REST = 2


def read(text: str) -> str:
    """The address from the county down; one that is elsewhere stays as it was said. Raises ValueProblem."""
    said = _ENDS.sub("", _LEAD.sub("", _half_width(text)))
    rest = _HOME.sub("", said)
    at_home = rest != said
    town, rest = _town(rest)
    if town:
        if len(rest) < _SHORTEST_REST:
            raise ValueProblem(f"请写到村或门牌号，例如 {EXAMPLE}。")
        return COUNTY + town + rest
    if at_home and "萍乡" in said[: len(said) - len(rest)] and _AWAY.match(rest):
        return said  # 萍乡市 and another district of it
    if at_home or not _AWAY.match(said):
        return COUNTY + _placed(rest)
    if len(said) < len(COUNTY) + _SHORTEST_REST:
        raise ValueProblem(f"请写到村或门牌号，例如 {EXAMPLE}。")
    return said


def _placed(rest: str) -> str:
    """What has no town is enough where it names a park, a road or a building with its number."""
    if re.search(r"工业园|园区|产业园", rest) or (any(road in rest for road in _ROAD) and re.search(r"\d|栋|楼", rest)):
        return rest
    raise ValueProblem(f"请写清乡镇和门牌号，例如 {EXAMPLE}。")


def _town(rest: str) -> tuple[str, str]:
    """The town at the start, and what follows it. 宣风路 is a road, no town."""
    for name in TOWNS.values():
        if rest.startswith(name):
            return name, rest[len(name) :]
    for said, name in _SPOKEN.items():
        if rest.startswith(said) and not rest[len(said) :].startswith(_ROAD):
            return name, re.sub(r"^[镇乡]", "", rest[len(said) :])
    return "", rest


def _half_width(text: str) -> str:
    """Digits and letters in half width, no spaces; Chinese punctuation inside an address stays."""
    return "".join(
        unicodedata.normalize("NFKC", each) if unicodedata.category(each) in ("Nd", "Lu", "Ll") else each
        for each in text
        if not each.isspace()
    )
