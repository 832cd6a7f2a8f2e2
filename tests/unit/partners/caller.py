"""A partner's side of a call, written from docs/partners.md and not with our own signing code."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.cases.service import CaseService
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.finance.service import LoanService
from chalicelib.partners.model import IssuedKey, Partner
from chalicelib.partners.service import Call, PartnerService, Reply
from chalicelib.ports import Store

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
"""2026-11-22 10:00 in China."""

OFFICE = Partner.model_validate(
    {"id": "lx-sjj", "name": "县政数局", "scopes": ["cases", "loans", "enterprises"], "per_second": 50}
)
BANK_A = Partner.model_validate({"id": "bank-a", "name": "甲银行", "scopes": ["loans"], "bank": "甲银行芦溪支行"})
BANK_B = Partner.model_validate({"id": "bank-b", "name": "乙银行", "scopes": ["loans"], "bank": "乙银行芦溪支行"})

CASE_NO = "3603232026112200123"
USCC = "91360323MAXX00015C"
_NONCES = itertools.count()


@dataclass
class Signed:
    """A call before it is sent: change a part of it and see what happens."""

    partner: str
    kind: str
    body: bytes
    headers: dict[str, str]
    method: str = "POST"

    def call(self, **more: Any) -> Call:
        fields = {"method": self.method, "partner": self.partner, "kind": self.kind, "body": self.body}
        return Call(**{**fields, "headers": self.headers, **more})


def signed(
    key: IssuedKey, kind: str, body: Any, now: datetime, *, partner: str | None = None, **headers: str
) -> Signed:
    """``body``: bytes as they are, anything else as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    partner = partner or key.partner
    stamp, nonce = str(int(now.timestamp())), f"nonce-{next(_NONCES):012}"
    text = f"POST\n/partners/{partner}/{kind}\n{stamp}\n{nonce}\n{hashlib.sha256(data).hexdigest()}"
    made = {
        "Content-Type": "application/json",
        "X-Xixinban-Key": key.id,
        "X-Xixinban-Timestamp": stamp,
        "X-Xixinban-Nonce": nonce,
        "X-Xixinban-Signature": hmac.new(key.secret.encode(), text.encode(), "sha256").hexdigest(),
    }
    return Signed(partner, kind, data, made | headers)


@dataclass
class County:
    """The registers of a county and the partners that report to it, all in memory unless a store is given."""

    store: Store | None = None
    clock: FixedClock = field(default_factory=lambda: FixedClock(START))

    def __post_init__(self) -> None:
        store = self.store = self.store or MemoryStore(self.clock)
        self.cases = CaseService(store, WorkCalendar())
        self.loans = LoanService(store)
        self.enterprises = EnterpriseService(store)
        self.partners = self.new_process()
        for partner in (OFFICE, BANK_A, BANK_B):
            self.partners.register(partner)
        self.office = self.partners.issue_key(OFFICE.id, START)
        self.bank_a = self.partners.issue_key(BANK_A.id, START)
        self.bank_b = self.partners.issue_key(BANK_B.id, START)

    def new_process(self) -> PartnerService:
        assert self.store is not None
        return PartnerService(
            self.store,
            "session-secret-for-tests",
            cases=self.cases,
            loans=self.loans,
            enterprises=self.enterprises,
        )

    def now(self) -> datetime:
        return self.clock.now()

    def send(self, key: IssuedKey, kind: str, body: Any, **headers: str) -> Reply:
        return self.partners.receive(signed(key, kind, body, self.now(), **headers).call(), self.now())

    def report(self, key: IssuedKey, kind: str, *rows: Any, events: Any = ()) -> dict[str, Any]:
        return self.send(key, kind, {"rows": list(rows), "events": list(events)}).body


def case_row(no: str = CASE_NO, **more: Any) -> dict[str, Any]:
    row = {"no": no, "uscc": USCC, "title": "食品经营许可（新办）", "dept": "县市场监督管理局"}
    return row | {"promised": {"n": 10, "unit": "wd"}} | more


def case_event(event_id: str, kind: str, at: str, **more: Any) -> dict[str, Any]:
    return {"id": event_id, "case_no": CASE_NO, "kind": kind, "at": f"2026-{at}", **more}


def loan_row(bank: Partner = BANK_A, loan_id: str = "LN-A-0001", **more: Any) -> dict[str, Any]:
    return {"id": loan_id, "uscc": USCC, "bank": bank.bank, "product": "科贷通"} | more


def loan_event(event_id: str, state: str, at: str, loan_id: str = "LN-A-0001", **more: Any) -> dict[str, Any]:
    return {"id": event_id, "loan_id": loan_id, "state": state, "at": f"2026-{at}", "source": "银行", **more}
