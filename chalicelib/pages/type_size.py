"""字号: three sizes of type, and 长辈版, which also sets things under each other and makes every target larger
(facts §6.7, MIIT 移动互联网应用适老化通用设计规范)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TypeSize:
    """``value`` is what the address and the cookie hold; ``css`` the class of the page."""

    value: str
    name: str
    css: str


STANDARD = TypeSize("0", "标准", "")
ELDER = TypeSize("1", "长辈版", "big")
SIZES = (STANDARD, TypeSize("2", "大", "large"), TypeSize("3", "特大", "huge"))
"""What is offered side by side; 长辈版 has a place of its own."""

_BY_VALUE = {size.value: size for size in (*SIZES, ELDER)}


def type_size(value: str) -> TypeSize | None:
    return _BY_VALUE.get(value)
