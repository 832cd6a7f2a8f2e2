"""What 法人 and 财务 hear of a financing demand (融资需求): a list of banks to agree to, an offer, a last day gone by.

Lock-screen safe as every word of a loan: no amount, no rate, no bank's name (facts §5.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256

from chalicelib.finance.demands import Demand, DemandService, DemandState
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from jobs.core import JobContext, When
from jobs.wording import field_time

_TELL_WITHIN = timedelta(days=7)


def demand_drafts(context: JobContext, when: When) -> list[Draft]:
    """Drafts of all demands that wait for somebody; each is placed once, by its key."""
    demands = DemandService(context.store).listed(DemandState.PROPOSED, DemandState.LISTED)
    asked = (demand for demand in demands if when.enterprise in (None, demand.uscc))
    return [draft for demand in asked for draft in _drafts(demand, when)]


def _drafts(demand: Demand, when: When) -> Iterator[Draft]:
    if demand.state is DemandState.PROPOSED:
        banks = sha256("、".join(demand.banks).encode()).hexdigest()[:12]
        yield _draft(demand, when, "proposed", banks, "待您确认", "推荐银行名单已提出，请确认是否同意", when.now)
    for answer in demand.answers:
        if answer.is_offer and when.now - answer.at < _TELL_WITHIN:
            version = f"{sha256(answer.bank.encode()).hexdigest()[:8]}-{answer.at:%Y%m%d%H%M%S}"
            yield _draft(demand, when, "offer", version, "有新方案", "收到一家银行的方案，可以查看比较", answer.at)
    if demand.silent(when.on):
        text = "银行答复期已过，还有银行没有答复，已请县工信局催办"
        yield _draft(demand, when, "silent", str(demand.reply_by), "催办中", text, when.now)


def _draft(demand: Demand, when: When, event: str, version: str, status: str, text: str, at: datetime) -> Draft:
    return Draft(
        uscc=demand.uscc,
        kind=NoticeKind.LOAN_PROGRESS,
        subject=f"demand#{demand.id}",
        version=version,
        event=event,
        title=f"融资需求：{status}",
        lines=(f"您的融资需求 {demand.id}：{text}。", "回复“我的融资需求”查看。"),
        fields={"thing1": "融资需求", "phrase2": status, "time3": field_time(at)},
        path="/h5/inbox",
        expires_at=when.now + _TELL_WITHIN,
        why=f"融资需求 {demand.id}：{text}",
        sample=demand.is_sample,
    )
