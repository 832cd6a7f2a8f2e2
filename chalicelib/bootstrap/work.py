"""What is being worked on: cases, 诉求, loans and projects, tickets, and forms being filled in."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.published import Published

if TYPE_CHECKING:
    from chalicelib.cases.ratings import RatingService
    from chalicelib.cases.service import CaseService
    from chalicelib.cases.tolerance import CommitmentService
    from chalicelib.cases.workdays import WorkCalendar
    from chalicelib.concerns.service import ConcernService
    from chalicelib.dialogue.tickets import TicketService
    from chalicelib.finance.bundles import BundleService
    from chalicelib.finance.demands import DemandService
    from chalicelib.finance.library import ProjectService
    from chalicelib.finance.reminders import ReminderService
    from chalicelib.finance.service import LoanService
    from chalicelib.forms.documents.kept import Documents
    from chalicelib.forms.measure import FormMeasure
    from chalicelib.forms.service import FormService
    from chalicelib.forms.submission import SubmissionService


class Work(Published):
    @cached_property
    def calendar(self) -> WorkCalendar:
        from chalicelib.adapters.stored_calendar import StoredCalendar

        return StoredCalendar(self.store, self.clock)

    @cached_property
    def cases(self) -> CaseService:
        from chalicelib.cases.service import CaseService

        return CaseService(self.store, self.calendar)

    @cached_property
    def ratings(self) -> RatingService:
        from chalicelib.cases.ratings import RatingService

        return RatingService(self.store, self.calendar)

    @cached_property
    def commitments(self) -> CommitmentService:
        from chalicelib.cases.tolerance import CommitmentService

        return CommitmentService(self.store)

    @cached_property
    def concerns(self) -> ConcernService:
        from chalicelib.concerns.service import ConcernService

        return ConcernService(self.store, self.calendar)

    @cached_property
    def tickets(self) -> TicketService:
        from chalicelib.dialogue.tickets import TicketService

        return TicketService(self.store)

    # --------------------------------------------------------------------------------------------------- finance

    @cached_property
    def loans(self) -> LoanService:
        from chalicelib.finance.service import LoanService

        return LoanService(self.store)

    @cached_property
    def loan_reminders(self) -> ReminderService:
        from chalicelib.finance.reminders import ReminderService

        return ReminderService(self.store)

    @cached_property
    def projects(self) -> ProjectService:
        from chalicelib.finance.library import ProjectService

        return ProjectService(self.store)

    @cached_property
    def demands(self) -> DemandService:
        from chalicelib.finance.demands import DemandService

        return DemandService(self.store)

    @cached_property
    def bundles(self) -> BundleService:
        from chalicelib.finance.bundles import BundleService

        return BundleService(self.store)

    # ----------------------------------------------------------------------------------------------------- forms

    @cached_property
    def forms(self) -> FormService:
        from chalicelib.forms.service import FormService

        return FormService(
            self.store,
            self.catalogue,
            secret=self.settings.session_secret.get_secret_value(),
            enterprises=self.enterprises,
            bindings=self.bindings,
            consents=self.consents,
            submissions=lambda: self.submissions,
            measure=self.form_measure,
        )

    @cached_property
    def documents(self) -> Documents:
        """Printed by LibreOffice where this machine has it; Lambda has not, and draws its PDFs."""
        from chalicelib.adapters.libreoffice import LibreOffice
        from chalicelib.forms.documents.kept import Documents

        secret, *former = self.settings.session_secrets
        return Documents(lambda: self.blobs, secret, self.settings.public_url, LibreOffice.installed, former)

    @cached_property
    def submissions(self) -> SubmissionService:
        from chalicelib.forms.submission import SubmissionService

        return SubmissionService(self.store, self.cases, self.documents, lambda: self.catalogue().items)

    @cached_property
    def form_measure(self) -> FormMeasure:
        from chalicelib.forms.measure import FormMeasure

        return FormMeasure(self.store)
