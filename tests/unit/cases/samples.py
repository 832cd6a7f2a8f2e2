"""Short ways to write a case down in tests. Times are China's wall clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib.cases.folding import live
from chalicelib.cases.life import Life, Rules
from chalicelib.cases.model import Case, CaseEvent, CaseHead
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.times import SHANGHAI

NO = "3603232026112200123"
USCC = "91360323MAXX00015C"
CALENDAR = WorkCalendar()


def wall(text: str) -> datetime:
    """wall("11-16 09:20") in 2026, or with a year."""
    full = text if text.startswith("20") else f"2026-{text}"
    return datetime.fromisoformat(full if " " in full else f"{full} 09:00").replace(tzinfo=SHANGHAI)


def event(kind: str, at: str, event_id: str | None = None, **more: Any) -> CaseEvent:
    return CaseEvent.model_validate(
        {"id": event_id or f"{kind}@{at}", "case_no": NO, "kind": kind, "at": wall(at), **more}
    )


def head(**more: Any) -> CaseHead:
    fields = {"prov": ("R",), "no": NO, "uscc": USCC, "title": "食品经营许可（新办）", "dept": "县市场监督管理局"}
    limits = {"legal": {"n": 20, "unit": "wd"}, "promised": {"n": 10, "unit": "wd"}}
    return CaseHead.model_validate({**fields, **limits, **more})


def case(*events: CaseEvent, **more: Any) -> Case:
    return Case(head=head(**more), events=events, updated=wall("11-22"))


def life(*events: CaseEvent, now: str, rules: Rules | None = None, **more: Any) -> Life:
    return live(case(*events, **more), wall(now), CALENDAR, rules or Rules())
