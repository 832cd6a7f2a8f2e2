"""Short ways to write a loan down in tests. Times are China's wall clock; amounts 万元 in, 分 kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib import money
from chalicelib.finance.life import LoanLife, live
from chalicelib.finance.model import Loan, LoanEvent, LoanHead
from chalicelib.times import SHANGHAI

ID = "LN-2026-0001"
USCC = "91360323MAXX000312"
_TOLD_BY = {"DEMAND": "企业", "RECOMMENDED": "部门", "WITHDRAWN": "企业", "DRAW_REQUESTED": "企业"}


def wall(text: str) -> datetime:
    """wall("11-16 09:20") in 2026, or with a year."""
    full = text if text.startswith("20") else f"2026-{text}"
    return datetime.fromisoformat(full if " " in full else f"{full} 09:00").replace(tzinfo=SHANGHAI)


def event(state: str, at: str, wan: int | None = None, event_id: str | None = None, **more: Any) -> LoanEvent:
    fields = {
        "id": event_id or f"{state}@{at}",
        "loan_id": ID,
        "state": state,
        "at": wall(at),
        "source": _TOLD_BY.get(state, "银行"),
        "amount": None if wan is None else money.wan(wan),
    }
    return LoanEvent.model_validate(fields | more)


def loan(*events: LoanEvent, **more: Any) -> Loan:
    fields = {"prov": ("R",), "id": ID, "uscc": USCC, "bank": "示例银行", "product": "科贷通"}
    return Loan(head=LoanHead.model_validate(fields | more), events=events, updated=wall("11-22"))


def life(*events: LoanEvent, **more: Any) -> LoanLife:
    return live(loan(*events, **more))


UP_TO_LINE = (
    event("DEMAND", "11-16", 2000),
    event("RECOMMENDED", "11-17", 2000),
    event("ACCEPTED", "11-20 15:00"),
    event("DUE_DILIGENCE", "11-20 18:00"),
    event("REVIEWING", "11-21 09:00"),
    event("APPROVED", "11-21 11:00", reply_days=3),
    event("LINE_GRANTED", "11-21 12:00", 2000),
)
PAID = (*UP_TO_LINE, event("SIGNED", "11-21 20:00", 2000), event("PAID_OUT", "11-22 10:00", 1200))
