"""What a callback, a notice and a match ask of AWS, in calls and request units: ``python -m bench cost``.

Counted on the real requests over moto. Units by DynamoDB's rules (Developer Guide, "Read/write capacity mode"): a write
unit is 1 KB or part of it of an item, double in a transaction, and as much again for each index it stands in; a read
unit is 4 KB read consistently, half of one otherwise. Prices are not ours to state: ``--price UNIT=VALUE`` gives one.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.report import Section, table

UNITS = ("write units", "read units", "SQS sends", "S3 reads")
OPERATIONS = ("question", "own loans asked", "notice placed and delivered", "enterprise matched (nightly)")

SIZES = {"county": 5_000, "city": 200_000, "province": 5_000_000}
A_MONTH = {
    "question": 0.5,
    "own loans asked": 0.2,
    "notice placed and delivered": 2.0,
    "enterprise matched (nightly)": 30.0,
}
"""Assumed for one enterprise; nobody has measured a county yet. Change them here."""


_OF_THE_POLLERS = ("ReceiveMessage", "DeleteMessageBatch", "GetQueueUrl")
"""Lambda's event sources receive and delete by themselves; an address is asked for once a process."""


class Meter:
    """Counts what is asked of moto's services."""

    def __init__(self) -> None:
        self.units: dict[str, float] = dict.fromkeys(UNITS, 0)
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


def measure() -> dict[str, tuple[int, dict[str, int]]]:
    """Calls and units of one of each operation."""
    from chalice.test import Client

    from app import app
    from chalicelib.enterprises.scopes import Scope
    from jobs.runner import run_by_name
    from tests.functional.county import E01
    from tests.functional.infra.test_followed_to_delivery import place
    from tests.functional.support import Person, work_off

    meter = Meter()
    found: dict[str, tuple[int, dict[str, int]]] = {}

    @contextmanager
    def counting(name: str, of: int = 1) -> Iterator[None]:
        calls, before = meter.calls, dict(meter.units)
        yield
        spent = {unit: math.ceil((meter.units[unit] - before[unit]) / of) for unit in UNITS}
        found[name] = (math.ceil((meter.calls - calls) / of), spent)

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
    return found


def section(prices: dict[str, float] | None = None) -> Section:
    """Units an operation and a month, for three sizes."""
    found = measure()
    rows = [[name, found[name][0], *(found[name][1][unit] for unit in UNITS)] for name in OPERATIONS]
    months = []
    for size, enterprises in SIZES.items():
        units = {unit: sum(A_MONTH[name] * enterprises * found[name][1][unit] for name in OPERATIONS) for unit in UNITS}
        cost = _cost(units, prices or {})
        months.append([f"{size}, {enterprises:,}", *(f"{units[unit] / 1e6:,.2f}" for unit in UNITS), cost])
    often = ", ".join(f"{count:g} × {name}" for name, count in A_MONTH.items())
    text = (
        "`python -m bench cost`. One operation, counted on the requests; what Lambda's own pollers ask of the queues "
        "is not among them:\n\n"
        + table(["operation", "calls", *UNITS], rows)
        + f"\n\nA month, in million units, if for one enterprise there are {often} (assumed, not measured; change "
        "`A_MONTH`). A province is matched by column shards instead (see there), which leaves only enterprises with "
        "news of the nightly line:\n\n"
        + table(["size", *UNITS, "price"], months)
        + "\n\nPrices differ by region and change; none was at hand, so none is written here. Take them from the "
        "region's own pages (aws.amazon.com or www.amazonaws.cn: DynamoDB on demand, SQS, S3, Lambda, NAT gateway), "
        "write page and day beside them, and give them for a million of each unit: "
        "`python -m bench.cost --price 'write units=…' …`."
    )
    return Section("Cost: calls and request units", text, found["question"][0] <= 6)


def _cost(units: dict[str, float], prices: dict[str, float]) -> str:
    if set(UNITS) - set(prices):
        return "not given"
    return f"{sum(units[unit] / 1e6 * prices[unit] for unit in UNITS):,.2f}"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--price", action="append", default=[], metavar="UNIT=VALUE", help="for a million of the unit")
    asked = words.parse_args()
    prices = {name: float(value) for name, _, value in (each.partition("=") for each in asked.price)}
    print(section(prices).text)


if __name__ == "__main__":
    main()
