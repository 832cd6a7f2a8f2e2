"""A county on a memory store with enterprises whose reward is certain, and the people who move a round on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.enterprises.uscc import check_character
from chalicelib.policies.awards.life import EntryState, RoundLife, entry_life, round_life
from chalicelib.policies.awards.model import PayeeAccount, Round
from chalicelib.policies.awards.service import AwardService
from chalicelib.policies.model import Policy, State
from chalicelib.ports import Store

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # Monday 09:00 in China
TODAY = date(2026, 11, 23)
VERIFIED = {"prov": ["F1"], "verified_at": "2026-11-01", "verified_by": "test"}
ANN, BOB = "ann", "bob"
POOL = "工业发展专项资金"
PREMIUM = 39_030.99
"""元; × 0.6 is 23,418.59 元 (facts §3.5)."""


def uscc(number: int) -> str:
    body = f"91360323MAXX{number:05}"
    return body + check_character(body)


def policy(policy_id: str = "P90", **more: Any) -> Policy:
    """60 % of the unemployment premium for whom insures for 12 months, without application."""
    row = {
        "id": policy_id,
        "state": State.PUBLISHED,
        "name": "测试返还",
        "short": "测试返还",
        "level": "县",
        "dept": "县人社局",
        "section": "政策直达",
        "category": "奖补",
        "target": "企业",
        "condition": {"all": [{"fact": "unemp_months_paid", "op": ">=", "value": 12}]},
        "mode": "AUTO",
        "benefit": {"kind": "rate", "fact": "unemp_premium_last_year", "rate": 0.6},
        "benefit_text": "60%",
        "pool": POOL,
        **VERIFIED,
        **more,
    }
    return Policy.model_validate(row)


def fact(value: object, source: str | None = "人社", as_of: str | None = "2025-12-31", **more: Any) -> dict[str, Any]:
    return {"value": value, "source": source, "as_of": as_of, **more}


def enterprise(number: int = 1, **more: Any) -> Enterprise:
    """Certain in every respect, unless ``more`` says otherwise; ``facts`` are added to the usual ones."""
    facts = {
        "unemp_months_paid": fact(24),
        "unemp_premium_last_year": fact(PREMIUM, "税务", unit="元"),
        **more.pop("facts", {}),
    }
    row = {
        "uscc": uscc(number),
        "name": f"芦溪第{number}电瓷有限公司",
        "reg_status": "存续",
        "facts": facts,
        "records": {"credit_flags": []},
        **VERIFIED,
        **more,
    }
    return Enterprise.model_validate(row)


def account(firm: Enterprise, **more: str) -> PayeeAccount:
    given = {"name": firm.name, "bank": "示例银行芦溪支行", "number": "6222021234567890128", **more}
    return PayeeAccount.model_validate(given)


class County:
    def __init__(self, *firms: Enterprise, rule: Policy | None = None, demo: bool = False, store: Any = None) -> None:
        self.clock = FixedClock(NOW)
        self.store: Store = store or MemoryStore(self.clock)
        chosen = rule or policy()
        self.policies = {chosen.id: chosen}
        self.enterprises = EnterpriseService(self.store)
        self.bindings = BindingService(self.store)
        self.awards = AwardService(self.store, lambda: self.policies, demo=demo)
        self.firms = firms
        for firm in firms:
            self.enterprises.save(firm, NOW)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def days_later(self, days: int) -> None:
        self.clock.set(self.clock.now() + timedelta(days=days))

    def listed(self) -> Round:
        return self.awards.open("P90", 2026, ANN, self.now)

    def public(self, days: int = 5) -> Round:
        id_ = self.listed().id
        self.awards.confirm(id_, BOB, self.now)
        return self.awards.publicise(id_, ANN, TODAY, days, self.now)

    def payable(self, *without: Enterprise, pool: int = 100_000_000) -> Round:
        """The notice is over, every account confirmed but those of ``without``, the pool filled."""
        round_ = self.public()
        for firm in self.firms:
            if firm not in without:
                self.awards.record_account(round_.id, firm.uscc, account(firm), ANN, self.now)
        self.days_later(5)
        self.awards.set_pool(POOL, 2026, pool, ANN, "年度预算", self.now)
        return self.awards.round(round_.id)

    def member(self, openid: str, firm: Enterprise, role: Role) -> None:
        self.bindings.redeem(openid, self.bindings.issue_code(firm.uscc, role, "op", self.now).code, self.now)

    def state(self, id_: str, firm: Enterprise) -> EntryState:
        return entry_life(self.awards.entry(id_, firm.uscc)).state

    def course(self, id_: str) -> RoundLife:
        return round_life(self.awards.round(id_))

    def receipts(self, id_: str, result: str = "成功", reason: str = "") -> bytes:
        """A receipts file that says the same of every payment of the newest payment file."""
        rows = self.awards.payment_file(id_).data.decode("utf-8-sig").splitlines()[1:-1]
        cells = [row.split(",") for row in rows]
        lines = [f"{cell[1]},{cell[6]},{result},2026-11-30,{reason}" for cell in cells]
        return "\r\n".join(["支付编号,金额（元）,结果,日期,原因", *lines, ""]).encode()
