"""What an import stores is what the model would store, and the first import's guess that all is new harms nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.content.fact_import import BATCH, Counts, FactImport
from chalicelib.content.fact_mapping import BadCell, Columns, Mapped, RowFacts
from chalicelib.content.fact_merge import Merge
from chalicelib.content.problems import Place
from chalicelib.content.sources import RawRow
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.repository import EnterpriseRow
from chalicelib.enterprises.uscc import check_character

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
CODE = "91360323MAXX00015C"
MAPPED = Mapped.model_validate(
    {
        "as_of_column": "日期",
        "columns": {
            "名称": "name",
            "状态": "reg_status",
            "行业": "industry_code",
            "成立": "established_on",
            "产品": "main_products",
            "收入": {"fact": "revenue", "unit": "元", "source": "税务", "basis": "申报口径", "valid_days": 365},
            "占比": {"fact": "rd_ratio", "source": "科技"},
            "园区": "in_park",
            "资质": {"fact": "valid_quals", "source": "企业自填"},
            "入规": "above_scale_first_on",
        },
    }
)
CELLS: dict[str, list[Any]] = {
    "日期": ["2025/12/31", "2026-01-05", ""],
    "名称": ["甲公司", "  乙  公司", "甲公司"],
    "状态": ["存续", "注销", "不知道"],
    "行业": ["3073", 3073, "30"],
    "成立": ["2020-02-29", "2021/3/4"],
    "产品": ["电瓷；套管", ["电瓷"], ""],
    "收入": ["4,200,000", 12, 12.0, 0.5, "很多"],
    "占比": ["4.2%", 0.3, 3],
    "园区": ["是", True, False, "1"],
    "资质": ["HNTE、SRDI", [], "无"],
    "入规": ["2025-06-01", None],
}


def row_of(cells: dict[str, Any]) -> RowFacts:
    return Columns(MAPPED).read({"uscc": CODE, **cells})


@settings(max_examples=120, deadline=None)
@given(st.fixed_dictionaries({}, optional={name: st.sampled_from(cells) for name, cells in CELLS.items()}))
def test_it_reads_back_as_the_model_stores_it(cells: dict[str, Any]) -> None:
    merge = Merge("op", NOW, "数据.csv")
    try:
        row = row_of({"名称": "丙公司", **cells})
        made = merge.made(CODE, row)
    except (BadCell, ValidationError):
        return
    row_model = EnterpriseRow.model_validate(merge.body(made))
    assert row_model.model_dump(mode="json") == merge.body(made)
    assert list(made["facts"]) == list(row.facts)
    assert merge.merged(made, row) is made


@pytest.mark.parametrize(
    ("held", "fact", "news"),
    [
        (None, {}, True),
        ({}, {}, False),
        ({"value": 1}, {"value": True}, True),
        ({"value": 0}, {"value": False}, True),
        ({"value": 1}, {"value": 1.0}, True),
        ({"value": 1, "as_of": "2025-12-31"}, {"value": 2, "as_of": "2025-12-30"}, False),
        ({"value": 1, "as_of": "2025-12-31"}, {"value": 2, "as_of": "2025-12-31"}, True),
        ({"value": 1, "as_of": "2025-12-31"}, {"value": 2}, True),
        ({"value": 1, "source": "企业自填", "as_of": "2026-01-01"}, {"value": 2, "as_of": "2025-01-01"}, True),
        (
            {"value": 1, "source": "企业自填", "as_of": "2026-01-01"},
            {"source": "企业自填", "as_of": "2025-01-01"},
            False,
        ),
    ],
)
def test_what_is_news(held: dict[str, Any] | None, fact: dict[str, Any], news: bool) -> None:
    whole = {"value": 1, "unit": None, "source": "税务", "as_of": None, "valid_until": None, "basis": None}
    merge = Merge("op", NOW, "数据.csv")
    profile = merge.made(CODE, RowFacts(CODE, {"name": "甲"}, {} if held is None else {"revenue": whole | held}))
    row = RowFacts(CODE, {}, {"revenue": whole | fact})
    assert (merge.merged(profile, row) is not profile) is news


def test_a_field_that_the_model_refuses_is_named() -> None:
    with pytest.raises(ValidationError, match="reg_status"):
        Merge("op", NOW, "数据.csv").made(CODE, RowFacts(CODE, {"name": "甲", "reg_status": "不知道"}, {}))
    with pytest.raises(ValidationError, match="name"):
        Merge("op", NOW, "数据.csv").made(CODE, RowFacts(CODE, {"name": ""}, {}))


def test_one_that_is_there_after_all_is_found() -> None:
    """The first batch is new, so the second is taken for new too; half of it is not."""
    store = MemoryStore(FixedClock(NOW))
    bodies = [f"91360323MA{number:07}" for number in range(2 * BATCH)]
    rows = [
        RawRow(
            Place("数据.csv", row=n), {"uscc": body + check_character(body), "name": f"企业{n}", "assets": n}, text=True
        )
        for n, body in enumerate(bodies)
    ]

    def run(some: list[RawRow]) -> Counts:
        return FactImport(store, Columns(), "op", NOW, "数据.csv").run(iter(some), lambda *_: None)

    assert run(rows[BATCH : BATCH + BATCH // 2]).added == BATCH // 2
    counts = run(rows)
    assert (counts.added, counts.unchanged, counts.failed) == (BATCH + BATCH // 2, BATCH // 2, 0)
    held = store.get(f"enterprise#{rows[0].values['uscc']}", "profile")
    assert held is not None and Enterprise.model_validate(held.body["enterprise"]).name == "企业0"
