"""容缺办理 as it is offered for an item: what chat and page share. Rules and rows: ``cases.tolerance``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from chalicelib.cases.folding import tolerance_days
from chalicelib.cases.life import RULES
from chalicelib.cases.service import CaseService
from chalicelib.cases.tolerance import Commitment, CommitmentService, ToleranceRefused, words
from chalicelib.cases.workdays import Limit, Unit
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.guidance.model import Necessity, ServiceItem

_NOT_THEIRS = "您现在不能以这家企业的名义承诺。请回复“绑定”查看。"


@dataclass(frozen=True, slots=True)
class Offer:
    """Papers of an item that may come ``days`` working days after acceptance; none: nothing may be late."""

    item: ServiceItem
    materials: tuple[str, ...]
    days: int

    @property
    def text(self) -> str:
        """What the applicant commits to."""
        return words(self.item.name, self.materials, self.days)

    @property
    def mark(self) -> str:
        """Names the text: who agreed to another one has to see this one first."""
        return sha256(self.text.encode()).hexdigest()[:16]


def offer_of(item: ServiceItem) -> Offer:
    """Statutory papers may never be late, whatever the row says; days by the rule that counts the case's deadline."""
    later = (m.name for m in item.materials if m.necessity is Necessity.TOLERABLE and not m.is_statutory)
    promised = Limit(n=item.promised.n, unit=Unit(item.promised.unit.value))
    return Offer(item, tuple(later), tolerance_days(promised, RULES))


class ToleranceDesk:
    """Refuses or takes the commitment of an enterprise, from who may speak for it at the moment it is written."""

    def __init__(
        self,
        commitments: CommitmentService,
        cases: CaseService,
        enterprises: EnterpriseService,
        bindings: BindingService,
    ) -> None:
        self._commitments = commitments
        self._bindings = bindings
        self._cases = cases
        self._enterprises = enterprises

    def refusal(self, uscc: str, now: datetime) -> str | None:
        """有不良信用或者没有履行过承诺的，信用修复前不适用: the sentence to show, or None."""
        enterprise = self._enterprises.get(uscc)
        flags = (enterprise.records.credit_flags or ()) if enterprise else ()
        if any(flag.obligations_done is not True for flag in flags):
            return "有未修复的失信记录，暂不能容缺办理。信用修复后可以再申请。"
        if self._has_broken_one(uscc, now):
            return "以前的容缺承诺没有按期补齐，暂不能再容缺办理。请备齐材料申请。"
        return None

    def _has_broken_one(self, uscc: str, now: datetime) -> bool:
        cases = (self._cases.get(no) for no in self._commitments.cases_of(uscc))
        return any(self._cases.live(case, now).commitment_broken for case in cases if case and case.head.uscc == uscc)

    def agree(self, openid: str, uscc: str, offer: Offer, now: datetime) -> Commitment:
        """Raises ToleranceRefused. The same again is the commitment that was given before."""
        acting = self._bindings.acting(openid, uscc, Right.DO_FILL_FORMS)
        if acting is None:
            raise ToleranceRefused(_NOT_THEIRS)
        if refusal := self.refusal(uscc, now):
            raise ToleranceRefused(refusal)
        item = offer.item
        return self._commitments.give(openid, uscc, item.id, item.name, offer.materials, offer.days, now, acting.still)

    def held(self, uscc: str, offer: Offer, now: datetime) -> Commitment | None:
        """The enterprise's commitment for this item that still waits for its application."""
        return self._commitments.waiting(uscc, offer.item.id, now)
