"""Rows that hold, to be spoilt one field at a time."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
USCC = "91360323MAXX00015C"
USCC_2 = "91360323MAXX000237"


def item(id: str = "SX-01", **changes: Any) -> dict[str, Any]:
    row = {
        "id": id,
        "name": "食品经营许可",
        "section": "服务升级",
        "dept": "县市场监督管理局",
        "kind": "行政许可",
        "pt": "承诺件",
        "legal": {"n": 20, "unit": "wd", "prov": ["G"]},
        "promised": {"n": 5, "unit": "wd", "prov": ["R"]},
        "asks": ["开粉店要办什么证", "餐饮证怎么办"],
        "materials": [
            {"name": "申请书", "original": 1, "copies": 0, "form": "均可", "source": "填模板", "necessity": "必要"}
        ],
        "updated_at": "2026-11-22",
        "prov": ["G", "R"],
    }
    return deepcopy(row) | changes


def bundle(id: str = "B01", items: tuple[str, ...] = ("SX-01",), **changes: Any) -> dict[str, Any]:
    row = {
        "id": id,
        "name": "开餐饮店一件事",
        "section": "服务升级",
        "steps": [{"name": "办执照", "items": list(items)}, {"name": "刻章"}],
        "asks": ["开餐饮店"],
        "updated_at": "2026-11-22",
        "prov": ["R"],
    }
    return row | changes


def point(id: str = "PT01", **changes: Any) -> dict[str, Any]:
    return {"id": id, "name": "县政务服务大厅", "kind": "县大厅", "items": ["SX-01"], "prov": ["R"]} | changes


def enterprise(uscc: str = USCC, **changes: Any) -> dict[str, Any]:
    return {"uscc": uscc, "name": "芦溪示例电瓷有限公司", "prov": ["R"]} | changes
