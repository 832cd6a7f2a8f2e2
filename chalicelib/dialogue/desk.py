"""What the skills can reach of the application: the services of the capabilities."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.cases.model import Case
    from chalicelib.cases.ratings import RatingService
    from chalicelib.cases.service import CaseService
    from chalicelib.cases.tolerance import CommitmentService
    from chalicelib.cases.workdays import WorkCalendar
    from chalicelib.concerns.service import ConcernService
    from chalicelib.content.catalogue import Catalogue
    from chalicelib.dialogue.tickets import TicketService
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


class Desk(Protocol):
    """Each service is made when a skill first asks for it (``bootstrap``).

    Those that stand on published content are methods: they follow the newest version.
    """

    def catalogue(self) -> Catalogue: ...

    def one_version(self) -> AbstractContextManager[None]:
        """Within it published content is read once."""
        ...

    def guide(self) -> GuideService: ...

    def points(self) -> PointService: ...

    def policies(self) -> PolicyService: ...

    @property
    def cases(self) -> CaseService: ...

    @property
    def ratings(self) -> RatingService: ...

    @property
    def commitments(self) -> CommitmentService: ...

    @property
    def concerns(self) -> ConcernService: ...

    @property
    def demands(self) -> DemandService: ...

    @property
    def bundles(self) -> BundleService: ...

    @property
    def loans(self) -> LoanService: ...

    @property
    def awards(self) -> AwardService: ...

    @property
    def enterprises(self) -> EnterpriseService: ...

    @property
    def bindings(self) -> BindingService: ...

    @property
    def joining(self) -> JoinService: ...

    @property
    def consents(self) -> ConsentService: ...

    @property
    def followers(self) -> FollowerService: ...

    @property
    def notices(self) -> NoticeService: ...

    @property
    def tickets(self) -> TicketService: ...

    @property
    def forms(self) -> FormService: ...

    @property
    def questions(self) -> QuestionBook: ...

    @property
    def erasure(self) -> ErasureService: ...

    @property
    def links(self) -> Links: ...

    @property
    def calendar(self) -> WorkCalendar: ...

    def enterprise_name(self, uscc: str) -> str:
        """The name to show; the code where the profile is not there."""
        enterprise = self.enterprises.get(uscc)
        return enterprise.name if enterprise else uscc

    def own_case(self, openid: str, no: str) -> Case | None:
        """The case if it belongs to an enterprise that this person is bound to, now."""
        from chalicelib.enterprises.access import Right

        bindings = self.bindings.of_person(openid, Right.SEE_CASES)
        theirs = any(self.cases.belongs(no, binding.uscc) for binding in bindings)
        return self.cases.get(no) if theirs else None

    def enterprises_of(self, openid: str) -> list[Enterprise]:
        """The profiles of the enterprises whose policies this person may see."""
        from chalicelib.enterprises.access import Right

        bindings = self.bindings.of_person(openid, Right.SEE_POLICIES)
        found = (self.enterprises.get(binding.uscc) for binding in bindings)
        return [enterprise for enterprise in found if enterprise is not None]
