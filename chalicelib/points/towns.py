"""The eleven towns (乡镇) of 芦溪县, by the statistical division codes of 2022-10-31."""

from __future__ import annotations

import re

COUNTY = "360323"

TOWNS = {
    "360323101": "芦溪镇",
    "360323102": "宣风镇",
    "360323103": "上埠镇",
    "360323104": "南坑镇",
    "360323105": "银河镇",
    "360323106": "麻田镇",
    "360323200": "源南乡",
    "360323201": "长丰乡",
    "360323202": "张佳坊乡",
    "360323203": "新泉乡",
    "360323204": "万龙山乡",
}

_SPOKEN = {name[:-1]: code for code, name in TOWNS.items() if name != "芦溪镇"} | {
    "芦溪镇": "360323101",
    "县城": "360323101",
    "张家坊": "360323202",
    "武功山": "360323106",
}
"""What people say, without 镇 or 乡. 芦溪 alone is the county, so only 芦溪镇 is the town. 麻田 and 万龙山 are looked
after by 武功山风景名胜区管委会 (uncertain, to be checked)."""
_ANY = re.compile(rf"(?:在|到|去|从)?(?:{'|'.join(_SPOKEN)})[镇乡]?(?:那边|这边|这里|那里)?")


def town_in(text: str) -> str | None:
    """The code of the first town named in ``text`` (simplified characters), or None."""
    found = [(text.index(name), code) for name, code in _SPOKEN.items() if name in text]
    return min(found)[1] if found else None


def without_town(text: str) -> str:
    """The text without its town and the 镇 or 乡 after it: where one stands says nothing about what one needs."""
    return _ANY.sub("", text)


def town_name(code: str) -> str | None:
    """宣风镇 for 360323102; None for a code that is not a town of the county."""
    return TOWNS.get(code)
