"""Half a province is not matched, and what does not apply, which columns do not know, loses nobody their news."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.enterprises.model import Enterprise
from chalicelib.policies.facts import MAY_NOT_APPLY, fact_sheet
from chalicelib.policies.tree import NOT_APPLICABLE
from jobs.core import JobError
from jobs.province.files import Source, put_source
from jobs.province.rules import rules_of
from tests.unit.jobs.support import TODAY, policy
from tests.unit.jobs.test_province_job import SHARDS, Province


def test_columns_that_are_not_all_there_are_not_matched() -> None:
    world, day = Province(policy("P90")), TODAY + timedelta(days=3)
    world.export(day)
    put_source(world.blobs, day.isoformat(), Source("01-a", "2026-11-25T18:00:00+00:00", SHARDS + 1, 4))
    with pytest.raises(JobError, match="企业列还没有写完"):
        world.run("province-match", as_of=day)


@pytest.mark.parametrize(
    ("condition", "open_ended"),
    [
        ({"fact": "rd_ratio", "op": ">=", "value": 0.03}, False),
        ({"none": [{"fact": "rd_ratio", "op": ">=", "value": 0.03}]}, True),
        ({"none": [{"fact": "revenue", "op": ">=", "value": 3}]}, False),
        ({"any": [{"manual": "一事一议"}, {"fact": "layoff_rate", "op": "!=", "value": 0}]}, True),
    ],
)
def test_who_may_match_counts_where_not_applying_is_a_yes(condition: dict[str, Any], open_ended: bool) -> None:
    assert rules_of({"P90": policy("P90", condition=condition)}, TODAY)[0].open_ended is open_ended


def test_the_facts_that_may_not_apply_are_known() -> None:
    nothing = {"insured_avg": 0, "employees_on_payroll": 0, "revenue": 0, "vat_status": "小规模"}
    row = {"uscc": "91360323MA00000001", "uscc_confirmed": True, "name": "示例", "prov": ["S"], "facts": nothing}
    sheet = fact_sheet(Enterprise.model_validate(row | {"entity_kind": "个体工商户"}), date(2026, 11, 23))
    assert {name for name, value in sheet.values.items() if value is NOT_APPLICABLE} == MAY_NOT_APPLY
