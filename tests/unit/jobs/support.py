"""A small county with the real services on memory twins: enterprises, people, policies, loans and cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryBlobs, MemoryQueue, MemoryStore
from chalicelib.cases.model import CaseRow
from chalicelib.cases.service import CaseService
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.content.catalogue import Catalogue
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.finance.model import LoanRow
from chalicelib.finance.service import LoanService
from chalicelib.links import Links
from chalicelib.notices.kinds import QUEUES, NoticeKind
from chalicelib.notices.limits import SendLimits
from chalicelib.notices.service import NoticeService
from chalicelib.policies.model import Policy, State
from jobs.core import Job, JobContext, RunResult, run
from jobs.registry import JOBS
from tests.unit.notices.support import DyingStore, FakePlatform

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # Monday 09:00 in China
TODAY = date(2026, 11, 23)
E01, E09, E11, E12 = "91360323MAXX00015C", "91360323MAXX000905", "91360323MAXX00111M", "91360323MAXX0012XD"
VERIFIED = {"prov": ["F1"], "verified_at": "2026-11-01", "verified_by": "test"}
RESULT_KEYS = {"job", "run_id", "as_of", "dry_run", "planned", "queued", "skipped", "failed"}


def policy(policy_id: str = "P90", **more: Any) -> Policy:
    """Published, verified, for every enterprise whose revenue is at least 1,000 万元, unless ``more`` says so."""
    row = {
        "id": policy_id,
        "state": State.PUBLISHED,
        "name": f"测试政策{policy_id}",
        "short": f"政策{policy_id}",
        "level": "县",
        "dept": "县工信局",
        "section": "政策直达",
        "category": "奖补",
        "target": "企业",
        "condition": {"all": [{"fact": "revenue", "op": ">=", "value": 1000}]},
        "mode": "APPLY",
        "benefit": {"kind": "words", "text": "奖励"},
        "benefit_text": "奖励",
        **VERIFIED,
        **more,
    }
    return Policy.model_validate(row)


def enterprise(uscc: str, name: str = "芦溪溪华电瓷有限公司", revenue: float | None = 9800, **more: Any) -> Enterprise:
    facts = {"revenue": {"value": revenue, "unit": "万元"}}
    return Enterprise.model_validate({"uscc": uscc, "name": name, "facts": facts, **VERIFIED, **more})


class JobWorld:
    def __init__(self, *policies: Policy, demo: bool = False, per_second: int = 10_000) -> None:
        self.clock = FixedClock(NOW)
        self.memory = MemoryStore(self.clock)
        self.store = DyingStore(self.memory)
        self.queue = MemoryQueue(self.clock)
        self.platform = FakePlatform(self.clock)
        self.bindings = BindingService(self.memory)
        self.consents = ConsentService(self.memory)
        self.followers = FollowerService(self.memory)
        self.enterprises = EnterpriseService(self.memory)
        self.calendar = WorkCalendar()
        self.cases = CaseService(self.memory, self.calendar)
        self.loans = LoanService(self.memory)
        self.policies = {each.id: each for each in policies}
        self.notices = NoticeService(
            self.store,
            self.queue,
            self.platform,
            bindings=self.bindings,
            consents=self.consents,
            followers=self.followers,
            links=Links("https://example.test", "s" * 32),
            templates={kind: f"tmpl-{kind}" for kind in NoticeKind},
            limits=SendLimits(self.store, per_second=per_second),
        )
        self.blobs = MemoryBlobs()
        self.context = JobContext(
            store=self.store,
            clock=self.clock,
            enterprises=self.enterprises,
            catalogue=lambda: Catalogue(version=1, policies=self.policies),
            cases=self.cases,
            loans=self.loans,
            notices=self.notices,
            calendar=self.calendar,
            demo=demo,
            blobs=self.blobs,
        )

    def add(self, *enterprises: Enterprise) -> None:
        for each in enterprises:
            self.enterprises.save(each, self.clock.now())

    def person(self, openid: str, uscc: str, role: Role = Role.LEGAL, *scopes: Scope) -> None:
        """Somebody who follows, is bound and agreed to ``scopes`` (none given: to all pushes)."""
        now = self.clock.now()
        self.followers.follow(openid, now)
        self.bindings.redeem(openid, self.bindings.issue_code(uscc, role, "op", now).code, now)
        self.consents.grant(openid, scopes or tuple(Scope), "v1", "page", now)

    def run(self, job: str | Job, **more: Any) -> RunResult:
        return run(JOBS[job] if isinstance(job, str) else job, self.context, **more)

    def demo(self) -> None:
        self.context = replace(self.context, demo=True)

    def deliver(self) -> None:
        while batch := [(q, m) for q in QUEUES.values() for m in self.queue.receive(q, limit=10)]:
            for queue, message in batch:
                self.notices.deliver(str(message.body["notice"]), self.clock.now())
                self.queue.ack(queue, message.receipt)

    def texts(self, openid: str) -> list[str]:
        """What the person was sent, as text of a chat or values of a template."""
        sent = [call for call in self.platform.calls if call.openid == openid]
        return [call.text or " · ".join(call.fields.values()) for call in sent]


def loan_row(*events: dict[str, Any], loan_id: str = "LN-2026-0001", uscc: str = E01, **more: Any) -> LoanRow:
    row = {"id": loan_id, "uscc": uscc, "bank": "示例银行", "events": list(events), **VERIFIED, **more}
    return LoanRow.model_validate(row)


def case_row(*events: dict[str, Any], no: str = "3603232026112200123", **more: Any) -> CaseRow:
    row = {
        "no": no,
        "uscc": E01,
        "title": "食品经营许可（新办）",
        "dept": "县市场监管局",
        "legal": {"n": 20, "unit": "wd"},
        "promised": {"n": 5, "unit": "wd"},
        "events": list(events),
        **VERIFIED,
        **more,
    }
    return CaseRow.model_validate(row)
