"""The client of docs/ against a real server on this machine, and one partner's flood beside another's work."""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.cases.service import CaseService
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.finance.service import LoanService
from chalicelib.partners.model import Partner
from tests.functional.partners.serve_partners import BUSY_BANK, FLOODER, SLOW_OFFICE
from tests.unit.partners.caller import OFFICE, case_row, loan_row

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "docs" / "partner_client.py"
PAST = "2026-01-05T09:00:00+08:00"


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("partner_client", PROGRAM)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


client_module = _load()


class Served:
    """A server in a process of its own, and the registers of its SQLite file."""

    def __init__(self, path: Path) -> None:
        words = [sys.executable, "-m", "tests.functional.partners.serve_partners", str(path)]
        self._process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.url: str = told["url"]
        self.keys: dict[str, list[str]] = told["keys"]
        self.store = SqliteStore(path, SystemClock())
        self.cases = CaseService(self.store, WorkCalendar())
        self.loans = LoanService(self.store)

    def client(self, partner: Partner) -> Any:
        key_id, secret = self.keys[partner.id]
        return client_module.PartnerClient(self.url, partner.id, key_id, secret)

    def close(self) -> None:
        self._process.communicate("")
        self.store.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("partners") / "test.db")
    yield served
    served.close()


def test_the_client_reports_and_reads_the_answer(served: Served) -> None:
    client, no = served.client(OFFICE), case_row()["no"]
    events = [{"id": "e1", "case_no": no, "kind": "已申请", "at": PAST}]
    answer = client.send("cases", {"rows": [case_row()], "events": events}, "job-1")
    assert answer["counts"] == {"accepted": 2, "unchanged": 0, "errors": 0, "aside": 0}
    assert client.send("cases", {"rows": [case_row()], "events": events}, "job-1") == answer
    case = served.cases.get(no)
    assert case is not None and case.events[0].id == "e1"


def test_the_client_says_what_was_refused(served: Served) -> None:
    client = served.client(OFFICE)
    client.send("cases", {"rows": [case_row()]}, "job-2")
    with pytest.raises(client_module.CallRefused, match="409 idempotency_conflict"):
        client.send("cases", {"rows": [case_row("3603232026112200131")]}, "job-2")
    client.secret = "wrong"
    with pytest.raises(client_module.CallRefused, match="401 unauthorised"):
        client.send("cases", {"rows": [case_row()]})


def test_the_client_waits_when_it_is_told_to(served: Served) -> None:
    client = served.client(SLOW_OFFICE)
    answers = [client.send("cases", {"rows": [case_row()]}) for _ in range(3)]
    assert [answer["counts"]["errors"] for answer in answers] == [0, 0, 0]


def test_the_client_as_a_program(served: Served, tmp_path: Path) -> None:
    key_id, office_secret = served.keys[OFFICE.id]
    file = tmp_path / "rows.json"

    def run(kind: str, body: Any, secret: str = office_secret) -> subprocess.CompletedProcess[str]:
        file.write_text(json.dumps(body), encoding="utf-8")
        words = ["--url", served.url, "--partner", OFFICE.id, "--key", key_id, kind, str(file)]
        environment = {**os.environ, "XIXINBAN_PARTNER_SECRET": secret, "PYTHONIOENCODING": "utf-8"}
        return subprocess.run([sys.executable, str(PROGRAM), *words], capture_output=True, text=True, env=environment)

    good, bad = run("cases", {"rows": [case_row("3603232026112200158")]}), run("cases", {"rows": [{}]})
    assert (good.returncode, json.loads(good.stdout)["counts"]["accepted"]) == (0, 1)
    assert (bad.returncode, json.loads(bad.stdout)["counts"]["errors"]) == (1, 1)
    refused = run("cases", {"rows": [case_row()]}, "wrong")
    assert refused.returncode == 2 and "401 unauthorised" in refused.stderr


def test_one_partners_flood_does_not_slow_another(served: Served) -> None:
    """Every report of the bank arrives, and soon: by the median, which a slow machine moves little."""
    seconds, tries = 4.0, Counter[int]()
    flooding, bank = served.client(FLOODER), served.client(BUSY_BANK)
    body = json.dumps({"rows": [case_row(f"36032320261122{n:05}") for n in range(5)]}).encode()
    over = time.monotonic() + seconds

    def flood() -> None:
        while time.monotonic() < over:
            status, _, _ = flooding._post(f"/partners/{FLOODER.id}/cases", body, f"flood-{time.monotonic_ns()}")
            tries[status] += 1

    threads = [threading.Thread(target=flood) for _ in range(2)]
    for thread in threads:
        thread.start()
    took: list[float] = []
    while time.monotonic() < over:
        started = time.monotonic()
        answer = bank.send("loans", {"rows": [loan_row(loan_id=f"LN-A-{len(took):04}")]})
        took.append(time.monotonic() - started)
        assert answer["counts"]["accepted"] == 1
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert set(tries) == {200, 429} and tries[429] > tries[200]
    assert all(served.loans.get(f"LN-A-{n:04}") is not None for n in range(len(took)))
    assert statistics.median(took) < 0.25, sorted(took)[-5:]
