"""Prices have a source or are none, and what has no price is said beside what has."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import prices
from bench.cost import STORED, UNITS

HEAD = "service,region,unit,price,currency,per,source_url,read_on,note\n"


def read(folder: Path, *rows: str) -> list[prices.Price]:
    path = folder / "prices.csv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return prices.read(path)


def test_our_own_file_names_every_unit_in_every_region_and_a_source_for_every_price() -> None:
    known = prices.read()
    for region in prices.regions(known):
        here = [each for each in known if each.region == region]
        assert sorted(each.unit for each in here) == sorted([*UNITS, STORED])
        assert len({each.currency for each in here}) == 1
    assert all("check before relying on it" in each.note for each in known if each.amount is not None)


def test_cost_is_exact_and_tells_what_is_left_out(tmp_path: Path) -> None:
    known = read(tmp_path, "S3,r,reads,0.0004,USD,1000,https://a,2026-11-23,", "SQS,r,sends,,USD,1000000,,,")
    assert prices.cost({"reads": 2_500_000}, known, "r") == "USD 1.00"
    assert prices.cost({"reads": 2_500_000, "sends": 0}, known, "r") == "USD 1.00"
    assert prices.cost({"reads": 2_500_000, "sends": 1, "runs": 1}, known, "r") == "USD 1.00 + 单价未填: sends, runs"
    assert prices.cost({"sends": 5}, known, "r") == prices.cost({"reads": 5}, known, "elsewhere") == "单价未填"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("S3,r,reads,dear,USD,1000,https://a,2026-11-23,", "row 2: price and per are numbers"),
        ("S3,r,reads,1,USD,,https://a,2026-11-23,", "row 2: price and per are numbers"),
        ("S3,r,reads,1,USD,1000,,2026-11-23,", "needs source_url and read_on"),
        ("S3,r,reads,1,USD,1000,https://a,,", "needs source_url and read_on"),
        ("S3,r,reads,-1,USD,1000,https://a,2026-11-23,", "not below zero"),
    ],
)
def test_a_price_without_a_source_is_refused(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(prices.PriceProblem, match=told):
        read(tmp_path, row)
