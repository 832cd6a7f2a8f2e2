"""A process that serves the partner routes from one SQLite file, on the machine's clock: ``serve_partners.py DB``.

Prints one JSON line, {"url", "keys": {partner: [id, secret]}}, and ends when its stdin does.
"""

from __future__ import annotations

import json
import sys
import threading

from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.sqlite_store import SqliteStore
from jobs.embedded.server import make_server
from tests.functional.partners.county_app import install
from tests.unit.partners.caller import BANK_A, OFFICE, County

SLOW_OFFICE = OFFICE.model_copy(update={"id": "slow-office", "per_second": 1})
FLOODER = OFFICE.model_copy(update={"id": "flooder", "per_second": 5})
BUSY_BANK = BANK_A.model_copy(update={"per_second": 100, "per_minute": 6000})


def main() -> None:
    clock = SystemClock()
    county = County(SqliteStore(sys.argv[1], clock))
    keys = {}
    for partner in (OFFICE, SLOW_OFFICE, FLOODER, BUSY_BANK):
        county.partners.register(partner)
        key = county.partners.issue_key(partner.id, clock.now())
        keys[partner.id] = [key.id, key.secret]
    server = make_server(install(county, clock), "127.0.0.1", 0, None)
    threading.Thread(target=server.server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server.server_address[1]}"
    sys.stdout.write(json.dumps({"url": url, "keys": keys}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
