"""Time taken for a case that is somebody else's, beside one that there is not: can a stranger tell them apart?

The same signed-in stranger opens ``/h5/case/{no}`` on one machine's store (SQLite file), the two kinds in random order.
The figure is the chance that of two answers the slower one is the case that exists: 0.5 is blind guessing.
"""

from __future__ import annotations

import random
import tempfile
import time
from bisect import bisect_left, bisect_right
from pathlib import Path
from statistics import median

from bench.report import Section, table
from chalicelib.bootstrap import Application
from chalicelib.cases.model import CaseRow
from chalicelib.pages import site
from chalicelib.pages.cookies import SESSION
from chalicelib.pages.http import PageRequest
from chalicelib.pages.session import Sessions
from chalicelib.settings import Settings

TRIES, WARM_UP = 1000, 100
PROMISE = 0.05
"""How far from blind guessing the figure may lie: with 1,000 tries of each, chance alone stays within 0.026 nineteen
times of twenty."""

_SECRET = "benchsecret"
_USCC = "91360323MAXX00015C"


def section() -> Section:
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        application = _county(Path(folder))
        spent: dict[bool, list[float]] = {True: [], False: []}
        asked = [there for there in (True, False) for _ in range(TRIES + WARM_UP)]
        chance.shuffle(asked)
        for there in asked:
            number = chance.randrange(TRIES) + (0 if there else 50_000)
            spent[there].append(_seconds(application, _no(number)))
    theirs, absent = spent[True][WARM_UP:], spent[False][WARM_UP:]
    slower = _chance_slower(theirs, absent)
    rows = [
        ["not there", f"{median(absent) * 1e6:.0f}", "1.00"],
        ["somebody else's", f"{median(theirs) * 1e6:.0f}", f"{median(theirs) / median(absent):.2f}"],
    ]
    words = f"Chance that the slower of two is the one that exists: {slower:.3f} (blind guessing 0.5)."
    text = f"{table(['case asked for', 'median, µs', 'of not there'], rows)}\n\n{words} Promised: within {PROMISE}."
    return Section("Not found and not yours", text, abs(slower - 0.5) <= PROMISE)


def _county(folder: Path) -> Application:
    settings = {"wechat_token": "t", "wechat_app_id": "wx0123456789abcdef", "wechat_app_secret": "s"}
    key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    application = Application(
        Settings(**settings, wechat_aes_key=key, session_secret=_SECRET, db=folder / "county.db")  # type: ignore[arg-type]
    )
    now = application.clock.now()
    event = {"id": "e1", "kind": "RECEIVED", "at": "2026-11-16 10:12"}
    for number in range(TRIES):
        row = {"no": _no(number), "uscc": _USCC, "title": "示例", "dept": "示例", "prov": "R", "events": [event]}
        application.cases.save_row(CaseRow.model_validate({**row, "promised": {"n": 5, "unit": "wd"}}), now)
    return application


def _seconds(application: Application, no: str) -> float:
    now = application.clock.now()
    # Somebody new each time: who asks for many that are not theirs is soon told to wait, whatever they ask for.
    cookie = Sessions(_SECRET).cookie(f"oStranger{no}", now)
    request = PageRequest(page="case", key=no, now=now, cookies={SESSION: cookie})
    start = time.perf_counter()
    response = site.answer(request, application)
    spent = time.perf_counter() - start
    assert response.status == 404
    return spent


def _no(number: int) -> str:
    return f"36032320261116{number:05d}"


def _chance_slower(ones: list[float], others: list[float]) -> float:
    """The share of pairs in which the one is slower, ties counted half (Mann and Whitney's U)."""
    ranked = sorted(others)
    beaten = sum((bisect_left(ranked, one) + bisect_right(ranked, one)) / 2 for one in ones)
    return beaten / (len(ones) * len(others))
