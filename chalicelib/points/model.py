"""Service points (服务点): halls, town centres, post and bank counters that take the county's items."""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from chalicelib.points.towns import TOWNS
from chalicelib.provenance import Provenanced
from chalicelib.shape import Shape


class PointKind(StrEnum):
    """网点类型."""

    COUNTY_HALL = "县大厅"
    PARK = "园区服务点"
    POST = "邮政代办点"
    TOWN_CENTRE = "乡镇便民中心"
    SPECIAL_HALL = "专业大厅"
    COURT = "诉讼服务"
    INDUSTRY = "产业服务中心"
    BANK = "银行网点"


class ServiceMode(StrEnum):
    """服务方式: done on the spot, or taken in and handed on."""

    ON_THE_SPOT = "当场办"
    SELF_SERVICE = "自助办"
    ASSISTED = "帮办代办"
    HANDED_ON = "代收代办"


class Shift(Shape):
    """开放时段. ``days`` are ISO weekdays, 1 Monday to 7 Sunday; a lunch break is the gap between two shifts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(min_length=1, title="星期")
    opens: time = Field(title="开门")
    closes: time = Field(title="关门")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("开门时间要早于关门时间")
        return self


class ServicePoint(Provenanced):
    """服务点. What is not known (address, phone, hours) stays absent: nothing is made up."""

    id: Annotated[str, Field(pattern=r"^PT\d{2,6}$", title="网点编号")]
    name: str = Field(min_length=2, title="网点名称")
    kind: PointKind = Field(title="网点类型")
    town: str | None = Field(default=None, title="所在乡镇代码")
    serves: tuple[str, ...] = Field(default=(), title="服务乡镇代码")
    address: str | None = Field(default=None, title="地址")
    hours: tuple[Shift, ...] = Field(default=(), title="开放时间")
    items: tuple[str, ...] = Field(default=(), title="可办事项")
    bundles: tuple[str, ...] = Field(default=(), title="可办集成包")
    service_mode: ServiceMode | None = Field(default=None, title="服务方式")
    on_the_spot: tuple[str, ...] = Field(default=(), title="当场办结的事项")
    handed_on: tuple[str, ...] = Field(default=(), title="只收件转交的事项")
    phone: str | None = Field(default=None, title="电话")
    lat: float | None = Field(default=None, ge=-90, le=90, title="纬度")
    lng: float | None = Field(default=None, ge=-180, le=180, title="经度")
    note: str = Field(default="", title="备注")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for code in (*self.serves, *((self.town,) if self.town else ())):
            if code not in TOWNS:
                raise ValueError(f"乡镇代码 {code} 不在芦溪县十一个乡镇之内")
        if (self.lat is None) != (self.lng is None):
            raise ValueError("纬度和经度要么都填，要么都不填")
        taken = {*self.items, *self.bundles}
        if odd := [one for one in (*self.on_the_spot, *self.handed_on) if one not in taken]:
            raise ValueError(f"服务方式写了这里不办的：{'、'.join(odd)}")
        if both := set(self.on_the_spot) & set(self.handed_on):
            raise ValueError(f"不能既当场办结又只收件：{'、'.join(sorted(both))}")
        return self

    @property
    def is_local(self) -> bool:
        """Whether it serves some towns only, not the whole county."""
        return bool(self.serves)

    def mode_of(self, guide_id: str) -> str:
        """How this guide is handled here: 当场办 · 代收代办 · empty where nobody has said."""
        if guide_id in self.on_the_spot:
            return ServiceMode.ON_THE_SPOT.value
        if guide_id in self.handed_on:
            return ServiceMode.HANDED_ON.value
        return self.service_mode.value if self.service_mode else ""
