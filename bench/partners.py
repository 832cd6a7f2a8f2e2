"""One partner's flood beside another's work (合作单位限流): what the other waits, and whether anything is lost.

The embedded server as ``python -m jobs serve`` runs it, on one SQLite file with synchronous=FULL. Two partners send
RATE signed calls a second in all for SECONDS, each call at its own moment whether or not those before it were answered,
over a new connection as the published client makes them. A call's time counts from the moment it was to be sent.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from socket import socket
from typing import Any

from bench.report import Section, table
from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.cases.service import CaseService
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.partners.signing import canonical, sign

SECONDS, RATE = 60, 200
WORKING, FLOODING = "working", "flooding"
SHARE = {WORKING: 50, FLOODING: 150}
"""Calls a second: the flooding one stays at the limits that every partner has by default, 20 a second, 600 a minute."""
PROMISE = 0.25
"""Seconds that 99 in 100 of the working partner's calls take at most."""

_LIMITS = {WORKING: ("--per-second", "100", "--per-minute", "6000"), FLOODING: ()}
_SENDERS = 48
_LEAD = 2.0
_ROOT = Path(__file__).resolve().parent.parent
_USCC = "91360323MAXX00015C"


@dataclass(frozen=True, slots=True)
class Call:
    """One report of one new case with its first event; ``at`` is seconds after the start."""

    at: float
    partner: str
    no: str
    body: bytes


@dataclass(slots=True)
class Told:
    """How the calls of one partner were answered: ``seconds`` of each that was taken and of each that was refused."""

    taken: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)
    wrong: Counter[str] = field(default_factory=Counter)


def section() -> Section:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        db = Path(folder) / "partners.db"
        with _server(db) as port:
            keys = {partner: _registered(partner, db) for partner in SHARE}
            told = _sent(port, keys, planned(SHARE, SECONDS))
        held = _held(db, told)
    lost = {partner: len(told[partner].accepted - held[partner]) for partner in SHARE}
    slipped = {partner: len(held[partner] - told[partner].accepted) for partner in SHARE}
    worst = percentile(told[WORKING].taken, 0.99)
    clean = not any((*lost.values(), *slipped.values(), *(one.wrong.total() for one in told.values())))
    whole = not told[WORKING].refused and bool(told[FLOODING].refused)
    rows = [_row(partner, told[partner], lost[partner]) for partner in SHARE]
    head = ["partner", "calls", "taken", "429", "lost", "p50, ms", "p99, ms", "worst, ms", "429: p99, ms"]
    text = (
        f"`python -m jobs serve`, {RATE} signed calls a second for {SECONDS} s over new connections, each with a new "
        f"case and its first event; a call's time counts from when it was to be sent.\n\n{table(head, rows)}\n\n"
        f"Every 429 has Retry-After and its error body and changed nothing; answers of any other kind: "
        f"{_others(told)}. Server and caller ran at nice {os.nice(0)}.\n\nPromised: "
        f"the working partner's p99 under {PROMISE * 1000:.0f} ms, nothing accepted lost."
    )
    return Section("Partners: one floods, one works", text, clean and whole and worst < PROMISE)


def planned(share: dict[str, int], seconds: int) -> list[Call]:
    """Each partner's calls at random moments, as many a second as its share."""
    chance = Random(1)
    calls = []
    for place, (partner, rate) in enumerate(share.items()):
        for number in range(rate * seconds):
            no = f"36032320261120{place}{number:04}"
            event = {"id": f"{no}-1", "case_no": no, "kind": "SUBMITTED", "at": "2026-11-20T09:30:00+08:00"}
            row = {"no": no, "uscc": _USCC, "title": "食品经营许可（新办）", "dept": "县市场监督管理局"}
            entry = {"rows": [row | {"promised": {"n": 10, "unit": "wd"}}], "events": [event]}
            body = json.dumps(entry, ensure_ascii=False).encode()
            calls.append(Call(number // rate + chance.random(), partner, no, body))
    return sorted(calls, key=lambda call: call.at)


def percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] if seconds else 0.0


def _row(partner: str, told: Told, lost: int) -> list[object]:
    count = len(told.taken) + len(told.refused) + told.wrong.total()
    times = (*(percentile(told.taken, share) for share in (0.5, 0.99, 1)), percentile(told.refused, 0.99))
    return [partner, count, len(told.taken), len(told.refused), lost, *(f"{one * 1000:.0f}" for one in times)]


def _others(told: dict[str, Told]) -> str:
    wrong = sum((one.wrong for one in told.values()), Counter[str]())
    return "、".join(f"{count} × {what}" for what, count in wrong.items()) or "none"


# ------------------------------------------------------------------------------------------------------------- sending


def _sent(port: int, keys: dict[str, tuple[str, str]], calls: list[Call]) -> dict[str, Told]:
    start = time.time() + _LEAD
    signed = iter([(call, _headers(keys[call.partner], call, int(start + call.at))) for call in calls])
    told = {partner: Told() for partner in keys}
    taking, keeping = threading.Lock(), threading.Lock()

    def work() -> None:
        while True:
            with taking:
                call, headers = next(signed, (None, {}))
            if call is None:
                return
            time.sleep(max(0.0, start + call.at - time.time()))
            answer = _answer(port, call, headers)
            took = time.time() - start - call.at
            with keeping:
                _keep(told[call.partner], call, answer, took)

    threads = [threading.Thread(target=work) for _ in range(_SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def _keep(told: Told, call: Call, answer: tuple[int, str, Any], took: float) -> None:
    status, retry_after, body = answer
    if status == 200 and body["counts"] == {"accepted": 2, "unchanged": 0, "errors": 0, "aside": 0}:
        told.taken.append(took)
        told.accepted.add(call.no)
    elif status == 429 and retry_after.isdigit() and body["error"]["code"] == "too_many_requests":
        told.refused.append(took)
    else:
        told.wrong[f"{status} {str(body)[:80]}"] += 1


def _headers(key: tuple[str, str], call: Call, stamp: int) -> dict[str, str]:
    nonce, digest = secrets.token_urlsafe(18), sha256(call.body).hexdigest()
    text = canonical("POST", _path(call), stamp, nonce, digest)
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": call.no,
        "X-Xixinban-Key": key[0],
        "X-Xixinban-Timestamp": str(stamp),
        "X-Xixinban-Nonce": nonce,
        "X-Xixinban-Signature": sign(key[1], text),
    }


def _path(call: Call) -> str:
    return f"/partners/{call.partner}/cases"


def _answer(port: int, call: Call, headers: dict[str, str]) -> tuple[int, str, Any]:
    """Status, Retry-After and body; status 0 for a connection that broke."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", _path(call), call.body, headers)
        response = connection.getresponse()
        return response.status, response.headers.get("Retry-After", ""), json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        return 0, "", repr(error)
    finally:
        connection.close()


# -------------------------------------------------------------------------------------------------------------- server


@contextmanager
def _server(db: Path) -> Iterator[int]:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with (db.parent / "server.log").open("w") as log:
        words = [sys.executable, "-m", "jobs", "serve", "--port", str(port), "--db", str(db)]
        process = subprocess.Popen(words, cwd=_ROOT, env=_environment(db), stdout=subprocess.DEVNULL, stderr=log)
        try:
            _wait(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
        if process.poll() is not None:
            break
    raise RuntimeError("the server did not start")


def _registered(partner: str, db: Path) -> tuple[str, str]:
    """The partner's key and its secret, by the operators' commands."""
    _jobs(db, "partner", "add", partner, "--name", partner, "--scope", "cases", *_LIMITS[partner])
    issued = json.loads(_jobs(db, "partner", "issue-key", partner, "--json"))
    return issued["key"], issued["secret"]


def _jobs(db: Path, *words: str) -> str:
    command = [sys.executable, "-m", "jobs", *words]
    done = subprocess.run(command, cwd=_ROOT, env=_environment(db), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout


def _environment(db: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("XIXINBAN_")}
    secrets_of_run = {"XIXINBAN_SESSION_SECRET": "bench-session-secret", "XIXINBAN_WECHAT_TOKEN": "benchtoken"}
    return own | secrets_of_run | {"XIXINBAN_DB": str(db), "XIXINBAN_STAGE": "local"}


def _held(db: Path, told: dict[str, Told]) -> dict[str, set[str]]:
    """Numbers of the cases that are in the store with their event, by who reported them."""
    store = SqliteStore(db, SystemClock())
    try:
        cases = CaseService(store, WorkCalendar())
        found = {case.no: case for call in planned(SHARE, SECONDS) if (case := cases.get(call.no)) is not None}
    finally:
        store.close()
    kept = {no for no, case in found.items() if len(case.events) == 1}
    place = {partner: str(number) for number, partner in enumerate(told)}
    return {partner: {no for no in kept if no[14] == place[partner]} for partner in told}


if __name__ == "__main__":
    sys.stdout.write(section().text + "\n")
