"""国民经济行业分类 (GB/T 4754-2017): four digits, or a name that means one class (domain facts §2.3)."""

from __future__ import annotations

import re
import unicodedata

from chalicelib.forms.problems import ValueProblem

CLASSES = {
    "1019": "粘土及其他土砂石开采",
    "2643": "工业颜料制造",
    "2672": "焰火、鞭炮产品制造",
    "2921": "塑料薄膜制造",
    "3073": "特种陶瓷制品制造",
    "3089": "耐火陶瓷制品及其他耐火材料制造",
    "3099": "其他非金属矿物制品制造",
    "3546": "玻璃、陶瓷和搪瓷制品生产专用设备制造",
    "3591": "环境保护专用设备制造",
    "3823": "配电开关控制设备制造",
    "3834": "绝缘制品制造",
    "3841": "锂离子电池制造",
    "5211": "百货零售",
    "5212": "超级市场零售",
    "5213": "便利店零售",
    "5431": "普通货物道路运输",
    "6210": "正餐服务",
    "6220": "快餐服务",
    "6291": "小吃服务",
    "7010": "房地产开发经营",
    "7263": "劳务派遣服务",
    "7320": "工程和技术研究和试验发展",
    "7514": "节能技术推广服务",
    "7861": "名胜风景区管理",
    "8040": "理发及美容服务",
}
"""Classes that are often named here, so that they can be said by name and are shown with it; any other four digits of
a division are taken as they are."""

_CODE = re.compile(r"(?P<code>\d{4})(?:\s*(?P<name>.*))?")
_DIVISIONS = frozenset(f"{number:02}" for number in range(1, 98))


def read(text: str) -> str:
    """The four digits. Raises ValueProblem."""
    said = unicodedata.normalize("NFKC", text).strip()
    found = _CODE.fullmatch(said)
    if found and found["code"][:2] in _DIVISIONS:
        return found["code"]
    named = [code for code, name in CLASSES.items() if name == said]
    named = named or [code for code, name in CLASSES.items() if len(said) >= 2 and said in name]
    if len(named) == 1:
        return named[0]
    raise ValueProblem("请写行业代码 4 位数字，或行业名称，例如 3073 或 特种陶瓷制品制造。")


def show(code: str) -> str:
    return f"{code} {CLASSES[code]}" if code in CLASSES else code
