"""What the skills can reach: the services of the capabilities, handed in by bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from chalicelib.cases.model import Case
from chalicelib.cases.ratings import RatingService
from chalicelib.cases.service import CaseService
from chalicelib.cases.tolerance import CommitmentService
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.concerns.service import ConcernService
from chalicelib.content.catalogue import Catalogue
from chalicelib.dialogue.tickets import TicketService
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.joining import JoinService
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.finance.bundles import BundleService
from chalicelib.finance.demands import DemandService
from chalicelib.finance.service import LoanService
from chalicelib.forms.service import FormService
from chalicelib.guidance.questions import QuestionBook
from chalicelib.guidance.service import GuideService
from chalicelib.links import Links
from chalicelib.notices.service import NoticeService
from chalicelib.points.service import PointService
from chalicelib.policies.awards.service import AwardService
from chalicelib.policies.service import PolicyService
from chalicelib.privacy.erasure import ErasureService


@dataclass(frozen=True, slots=True)
class Desk:
    """Those that stand on published content are functions: they follow the newest version."""

    catalogue: Callable[[], Catalogue]
    guide: Callable[[], GuideService]
    points: Callable[[], PointService]
    policies: Callable[[], PolicyService]
    cases: CaseService
    ratings: RatingService
    commitments: CommitmentService
    concerns: ConcernService
    demands: DemandService
    bundles: BundleService
    loans: LoanService
    awards: AwardService
    enterprises: EnterpriseService
    bindings: BindingService
    joining: JoinService
    consents: ConsentService
    followers: FollowerService
    notices: NoticeService
    tickets: TicketService
    forms: FormService
    questions: QuestionBook
    erasure: ErasureService
    links: Links
    calendar: WorkCalendar

    one_version: Callable[[], AbstractContextManager[None]] = nullcontext
    """Within it published content is read once."""

    def enterprise_name(self, uscc: str) -> str:
        """The name to show; the code where the profile is not there."""
        enterprise = self.enterprises.get(uscc)
        return enterprise.name if enterprise else uscc

    def own_case(self, openid: str, no: str) -> Case | None:
        """The case if it belongs to an enterprise that this person is bound to, now."""
        bindings = self.bindings.of_person(openid, Right.SEE_CASES)
        theirs = any(self.cases.belongs(no, binding.uscc) for binding in bindings)
        return self.cases.get(no) if theirs else None

    def enterprises_of(self, openid: str) -> list[Enterprise]:
        """The profiles of the enterprises whose policies this person may see."""
        bindings = self.bindings.of_person(openid, Right.SEE_POLICIES)
        found = (self.enterprises.get(binding.uscc) for binding in bindings)
        return [enterprise for enterprise in found if enterprise is not None]
