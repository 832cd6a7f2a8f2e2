"""脱敏: what may be seen of a name, a number or an address where it must be shown, sent or logged.

One function a field (rules of 个人信息保护法 §6 minimisation as this county applies them), and ``scrub`` for free text
before it is logged, stored for long or handed to any model. Every function accepts junk and never reveals more for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from hashlib import sha256

HIDDEN_AMOUNT = "金额请点击查看"
"""Stands for an amount in a push: a lock screen shows it to whoever passes by."""

_COMPOUND_SURNAMES = frozenset(
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 "
    "皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 "
    "子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 "
    "段干 百里 呼延 东郭 南门 羊舌 微生 公户 公玉 公仪 梁丘 公仲 公上 公门 公山 公坚 "
    "左丘 公伯 西门 公祖 第五 公乘 贯丘 公皙 南荣 东里 东宫 仲长 子书 子桑 即墨 达奚 "
    "褚师 完颜 纳兰 淳于 单于 叱干".split()
)
_TOWN = re.compile(r"[^\d\n]{1,30}?(?:[镇乡](?!市)|街道)")  # 萍乡市 is not a 乡


def name(text: str) -> str:
    """姓名: the surname stays, of two characters where it is a compound one: 张三丰 → 张**, 欧阳修 → 欧阳*."""
    text = text.strip()
    kept = 2 if len(text) > 2 and text[:2] in _COMPOUND_SURNAMES else 1
    return text[:kept] + "*" * (len(text) - kept) if len(text) > 1 else "*" * len(text)


def mobile(number: str) -> str:
    """手机: 13812345678 → 138****5678."""
    return _ends(number, 3, 4) if len(number) == 11 else _ends(number, 0, 4)


def landline(number: str) -> str:
    """座机, area code and last four: 0799-7551234 → 0799-***1234."""
    area, hyphen, rest = number.rpartition("-")
    return area + hyphen + _ends(rest, 0, 4) if hyphen else _ends(number, 0, 4)


def id_card_self(number: str) -> str:
    """身份证 on its owner's own page: 360***********001X."""
    return _ends(number, 3, 4)


def id_card(number: str) -> str:
    """身份证 everywhere else, pushes and logs included: **************001X."""
    return _ends(number, 0, 4)


def uscc(code: str) -> str:
    """统一社会信用代码 in logs: 913603********015C. Pages show it whole, it is public."""
    return _ends(code, 6, 4)


def bank_account(number: str) -> str:
    """银行账号: 6222021234567890123 → ***************0123."""
    return _ends(number, 0, 4)


def address(text: str) -> str:
    """地址 down to the town: 芦溪县上埠镇工业路8号 → 芦溪县上埠镇****. Without a town nothing is shown."""
    town = _TOWN.match(text)
    return (town.group() if town else "") + "****"


def email(text: str) -> str:
    """邮箱: zhang@x.com → z****@x.com; the length is hidden too."""
    user, at, domain = text.rpartition("@")
    return f"{user[:1]}****@{domain}" if at and user else "****"


def openid(text: str) -> str:
    """The pseudonym that stands for an openid in logs and reports: 12 hex digits of its SHA-256."""
    return sha256(text.encode()).hexdigest()[:12]


def _ends(text: str, head: int, tail: int) -> str:
    """Too short a text to keep both ends and hide something is hidden whole."""
    hidden = len(text) - head - tail
    return text[:head] + "*" * hidden + text[len(text) - tail :] if hidden > 0 else "*" * len(text)


# ------------------------------------------------------------------------------------------------------------ free text

_DIGITS = {
    **dict(zip("０１２３４５６７８９", "0123456789", strict=True)),
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    **dict(zip("〇壹贰叁肆伍陆柒捌玖", "0123456789", strict=True)),
    **dict(zip("○幺Ｘｘ＠．－＋（）", "01Xx@.-+()", strict=True)),
    **dict.fromkeys("\u3000\u00a0\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff", " "),
}
_PLAIN = str.maketrans(_DIGITS)  # one character for one: a place in the plain text is the same place in the original

_GAP = r"[\s\-\u2010-\u2015\u2212.·_/]{0,2}"
_NOT_INSIDE = r"(?<!\d)"
_NOT_AHEAD = r"(?!\d)"


def _spaced(*digits: str) -> str:
    return _GAP.join(digits)


_EMAIL = r"(?<![A-Za-z0-9._%+\-])[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+"
_BIRTH = ("(?:1[89]|20)", r"\d", r"\d", r"(?:0\d|1[0-2])", r"[0-3]\d")
_ID_CARD = _NOT_INSIDE + _spaced("[1-9]", *[r"\d"] * 5, *_BIRTH, r"\d", r"\d", r"\d", r"[\dXx]") + _NOT_AHEAD
_LONG = r"\d{12,}[Xx]?"
_CARD_GROUPS = _NOT_INSIDE + r"[3-9]\d{3}(?:[\s\-]\d{4}){2,3}(?:[\s\-]\d{1,4})?" + _NOT_AHEAD
_SINGLES = _NOT_INSIDE + r"\d(?:[\s\-.·]\d){11,}" + _NOT_AHEAD
_MOBILE = _NOT_INSIDE + _spaced("1", "[3-9]", *[r"\d"] * 9) + _NOT_AHEAD
_LANDLINE = _NOT_INSIDE + r"(?:\(0\d{2,3}\)|0\d{2,3})[\s\-]{0,2}\d{7,8}" + _NOT_AHEAD

_SENSITIVE = re.compile(
    f"(?P<email>{_EMAIL})|(?P<number>{_ID_CARD}|{_LONG}|{_CARD_GROUPS}|{_SINGLES})"
    f"|(?P<mobile>{_MOBILE})|(?P<landline>{_LANDLINE})",
    re.ASCII,
)


def scrub(text: str, keep: Collection[str] = ()) -> str:
    """Free text with mobiles, landlines, ID and bank numbers and e-mail addresses masked, however they are spaced.

    Full-width and Chinese digits count (一三八…). A run of 12 digits or more is masked whatever it may be; ``keep``
    lists the digits of those that must stay readable, such as the case number that the text is about.
    """

    def masked(found: re.Match[str]) -> str:
        digits = re.sub(r"[^0-9Xx]", "", found.group())
        if found.lastgroup == "email":
            return email(found.group())
        if digits in keep:
            return text[found.start() : found.end()]
        if found.lastgroup == "landline":
            return landline(f"{digits[:-7]}-{digits[-7:]}" if "-" in found.group() else digits)
        return mobile(digits) if found.lastgroup == "mobile" else bank_account(digits.upper())

    plain = text.translate(_PLAIN)
    pieces, done = [], 0
    for found in _SENSITIVE.finditer(plain):
        pieces += [text[done : found.start()], masked(found)]
        done = found.end()
    return "".join(pieces) + text[done:]
