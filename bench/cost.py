"""What a callback, a notice and a match ask of AWS, in calls and request units: ``python -m bench cost``.

Counted on the real requests over moto. Units by DynamoDB's rules (Developer Guide, "Read/write capacity mode"): a write
unit is 1 KB or part of it of an item, double in a transaction, and as much again for each index it stands in; a read
unit is 4 KB read consistently, half of one otherwise. Prices are in ``prices.csv``, as far as anybody has read them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench import prices
from bench.report import Section, table

COUNTED = ("write units", "read units", "SQS sends", "S3 reads")
UNITS = (*COUNTED, "API calls", "Lambda runs", "Lambda GB-s")
STORED = "GB stored"
OPERATIONS = ("question", "own loans asked", "notice placed and delivered", "enterprise matched (nightly)")

SIZES = {"county": 5_000, "city": 200_000, "province": 5_000_000}
A_MONTH = {
    "question": 0.5,
    "own loans asked": 0.2,
    "notice placed and delivered": 2.0,
    "enterprise matched (nightly)": 30.0,
}
"""Assumed for one enterprise; nobody has measured a county yet. Change them here."""

NEWS_A_NIGHT = 0.01
"""Assumed for a province: the share of enterprises with news, whom alone its night looks at one by one."""

RUNS: dict[str, tuple[int, float, float]] = {
    "question": (1, 1, 0.2),
    "own loans asked": (1, 1, 0.2),
    "notice placed and delivered": (0, 0.2, 0.5),
    "enterprise matched (nightly)": (0, 0.001, 20),
}
"""API calls, runs of a function, and seconds a run: assumed, for nothing here can run on Lambda. A run delivers several
notices and matches many enterprises. GB-s are seconds times MEMORY_GB."""

MEMORY_GB = 1.0
"""Of the functions that people wait for (.chalice/config.json)."""


_OF_THE_POLLERS = ("ReceiveMessage", "DeleteMessageBatch", "GetQueueUrl")
"""Lambda's event sources receive and delete by themselves; an address is asked for once a process."""


class Meter:
    """Counts what is asked of moto's services."""

    def __init__(self) -> None:
        self.units: dict[str, float] = dict.fromkeys(COUNTED, 0)
        self.calls = 0
        self._halved = False

    def over(self, client: Any) -> Any:
        client.meta.events.register("after-call", self._called)
        client.meta.events.register("before-parameter-build", self._asked)
        return client

    def _asked(self, params: Any, model: Any, **_: Any) -> None:
        self.calls += model.name not in _OF_THE_POLLERS
        self._halved = "IndexName" in params
        if model.name in ("SendMessageBatch", "GetObject"):
            self.units["SQS sends" if model.name == "SendMessageBatch" else "S3 reads"] += 1
        elif model.name == "TransactWriteItems":
            self.units["write units"] += sum(_write(next(iter(one.values())), 2) for one in params["TransactItems"])
        elif model.name in ("PutItem", "UpdateItem", "DeleteItem"):
            self.units["write units"] += _write(params, 1)

    def _called(self, parsed: Any, model: Any, **_: Any) -> None:
        if model.name == "GetItem":
            self.units["read units"] += max(1, math.ceil(_size(parsed.get("Item", {})) / 4096))
        elif model.name == "BatchGetItem":
            found = [item for items in parsed.get("Responses", {}).values() for item in items]
            self.units["read units"] += sum(max(1, math.ceil(_size(item) / 4096)) for item in found)
        elif model.name == "Query":
            units = max(1, math.ceil(sum(map(_size, parsed.get("Items", []))) / 4096))
            self.units["read units"] += units / 2 if self._halved else units


def _write(asked: Any, times: int) -> int:
    """Units of one write. A row that moves within an index costs one more there, which is not counted."""
    values = asked.get("Item") or asked.get("ExpressionAttributeValues") or {}
    kilobytes = max(1, math.ceil(_size(values) / 1024))
    indexes = sum(any(name.lstrip(":") == f"{index}pk" for name in values) for index in ("gsi1", "gsi2"))
    return kilobytes * (times + indexes)


def _size(item: Any) -> int:
    return len(json.dumps(item, ensure_ascii=False).encode())


@contextmanager
def _county(meter: Meter) -> Iterator[Any]:
    """The sample county on moto, metered from when it is furnished."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "cn-north-1")
    from chalicelib import bootstrap
    from chalicelib.metrics import Metrics
    from tests.functional.county import make_county
    from tests.houses import chosen

    stage = chosen.OnAws()
    stage.wrap(meter.over)
    chosen.choose(stage)
    stage.start()
    try:
        county = make_county()
        county.__dict__["metrics"] = Metrics("bench", None)  # what the cached property holds
        yield county
    finally:
        bootstrap.install(None)
        stage.stop()
        chosen.choose(chosen.InMemory())


Operation = tuple[int, dict[str, float]]
"""Calls and units."""


def measure() -> tuple[dict[str, Operation], float]:
    """One of each operation, and GB that are stored for one enterprise of the sample county, copies in indexes too."""
    from chalice.test import Client

    from app import app
    from chalicelib.enterprises.scopes import Scope
    from jobs.runner import run_by_name
    from tests.functional.county import E01
    from tests.functional.infra.test_followed_to_delivery import place
    from tests.functional.support import Person, work_off

    meter = Meter()
    found: dict[str, Operation] = {}

    @contextmanager
    def counting(name: str, of: int = 1) -> Iterator[None]:
        calls, before = meter.calls, dict(meter.units)
        yield
        spent = {unit: float(math.ceil((meter.units[unit] - before[unit]) / of)) for unit in COUNTED}
        found[name] = (math.ceil((meter.calls - calls) / of), spent | _ran(name))

    with _county(meter) as county, Client(app) as client:
        person = Person(client, county, "cost")
        person.say(f"绑定 {county.bindings.issue_code(E01, '法人', 'op', county.clock.now()).code}")
        county.consents.grant(person.openid, list(Scope), "v1", "page", county.clock.now())
        person.say("帮助")
        with counting("question"):
            person.say("换法人要带什么")
        with counting("own loans asked"):
            person.say("贷款进度")
        enterprises = len(list(county.enterprises.all()))
        with counting("enterprise matched (nightly)", enterprises):
            run_by_name("policy-push", dry_run=True)
        first = county.notices.show(place(county))  # the first one reads the pauses and takes a block of tokens
        work_off(county, client)
        again = first.model_copy(update={"id": "bench0000000000000000000", "subject": "loan#2"})
        with counting("notice placed and delivered"):
            assert county.notices.place([again], county.clock.now()) == 1
            assert work_off(county, client) == 1
        stored = _stored(county) / enterprises
    return found, stored


def _ran(name: str) -> dict[str, float]:
    calls, runs, seconds = RUNS[name]
    return {"API calls": calls, "Lambda runs": runs, "Lambda GB-s": runs * seconds * MEMORY_GB}


def _stored(county: Any) -> float:
    """GB of the whole table; an item stands once more in each index that it has keys of."""
    import boto3

    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=county.settings.table)
    items = [item for page in pages for item in page["Items"]]
    return sum(_size(item) * (1 + sum(f"{index}pk" in item for index in ("gsi1", "gsi2"))) for item in items) / 1e9


def section() -> Section:
    """Units an operation and a month, for three sizes, and what they cost where a price is known."""
    found, stored = measure()
    known = prices.read()
    rows = [[name, found[name][0], *(f"{found[name][1][unit]:g}" for unit in UNITS)] for name in OPERATIONS]
    months = {size: _month(size, found, stored) for size in SIZES}
    amounts = [
        [f"{size}, {SIZES[size]:,}", *(f"{units[unit] / 1e6:,.3f}" for unit in UNITS), f"{units[STORED]:,.2f}"]
        for size, units in months.items()
    ]
    regions = prices.regions(known)
    costs = [[size, *(prices.cost(units, known, region) for region in regions)] for size, units in months.items()]
    sources = [
        [each.service, each.region, each.unit, _priced(each), each.read_on, each.source_url, each.note]
        for each in known
    ]
    often = ", ".join(f"{count:g} × {name}" for name, count in A_MONTH.items())
    text = (
        "`python -m bench cost`. One operation: calls and the first four units counted on the requests (what Lambda's "
        "own pollers ask of the queues is not among them), the last three assumed (`RUNS`), for nothing here runs on "
        "Lambda:\n\n"
        + table(["operation", "calls", *UNITS], rows)
        + f"\n\nA month, in million units, if for one enterprise there are {often} (assumed, not measured; change "
        f"`A_MONTH`); of a province's night only the {NEWS_A_NIGHT:.0%} with news are matched one by one (assumed), "
        "and its shards, about a hundred GB-s a night, are left out. Stored is what the sample county's rows come to "
        "for an enterprise:\n\n"
        + table(["size", *UNITS, "GB stored"], amounts)
        + "\n\nWhat that costs a month, by `bench/prices.csv`, without free tiers, logs, alarms, NAT gateway, traffic "
        "and tax. Check every price on its region's page before relying on it; fill in your region's in the file:\n\n"
        + table(["size", *regions], costs)
        + "\n\n"
        + table(["service", "region", "unit", "price", "read on", "source", "note"], sources)
    )
    return Section("Cost: calls, request units and prices", text, found["question"][0] <= 6)


def _month(size: str, found: dict[str, Operation], stored: float) -> dict[str, float]:
    often = {**A_MONTH}
    if size == "province":
        often["enterprise matched (nightly)"] *= NEWS_A_NIGHT
    units = {unit: sum(often[name] * SIZES[size] * found[name][1][unit] for name in OPERATIONS) for unit in UNITS}
    return {**units, STORED: stored * SIZES[size]}


def _priced(price: prices.Price) -> str:
    return prices.UNFILLED if price.amount is None else f"{price.currency} {price.amount} / {price.per:,}"


def main() -> None:
    print(section().text)


if __name__ == "__main__":
    main()
