"""What the pages need of the application: it has all of this, and makes each part on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.cases.service import CaseService
    from chalicelib.cases.tolerance import CommitmentService
    from chalicelib.cases.workdays import WorkCalendar
    from chalicelib.content.catalogue import Catalogue
    from chalicelib.enterprises.binding import BindingService
    from chalicelib.enterprises.consent import ConsentService
    from chalicelib.enterprises.joining import JoinService
    from chalicelib.enterprises.service import EnterpriseService
    from chalicelib.finance.service import LoanService
    from chalicelib.forms.draft import Draft
    from chalicelib.forms.model import Compiled
    from chalicelib.forms.step import Input, Step
    from chalicelib.links import Links
    from chalicelib.notices.service import NoticeService
    from chalicelib.pages.limits import PageLimits
    from chalicelib.points.service import PointService
    from chalicelib.policies.awards.service import AwardService
    from chalicelib.policies.service import PolicyService
    from chalicelib.privacy.erasure import ErasureService
    from chalicelib.privacy.own_copy import OwnCopyService
    from chalicelib.settings import Settings
    from chalicelib.wechat.oauth import Identity


class SignsIn(Protocol):
    """Web authorisation (网页授权)."""

    def exchange(self, code: str) -> Identity: ...


class KnowsTickets(Protocol):
    """``wechat.share_tickets.ShareTickets``."""

    def ready(self, now: datetime) -> str | None: ...


class PlatformClient(Protocol):
    @property
    def sns(self) -> SignsIn: ...


class Spoken(Protocol):
    """What 溪小办 said, with links as in a chat, and the next steps that one may choose."""

    @property
    def text(self) -> str: ...
    @property
    def options(self) -> tuple[str, ...]: ...


class Talks(Protocol):
    """The conversation, one turn a call; a message that comes twice is answered the same."""

    def last(self, openid: str) -> Spoken | None: ...
    def say(self, openid: str, text: str, message: str, now: datetime) -> Spoken: ...


class FillsForms(Protocol):
    """``forms.service.FormService``. ``get`` raises a Refusal, the same for no such draft and for somebody else's."""

    def forms(self) -> Mapping[str, Compiled]: ...
    def begin(self, openid: str, form_id: str, uscc: str, now: datetime, message: str = "") -> Step: ...
    def open_drafts(self, openid: str, now: datetime) -> list[Draft]: ...
    def get(self, openid: str, draft_id: str, now: datetime) -> Draft: ...
    def act(self, openid: str, draft_id: str, given: Input, now: datetime) -> Step: ...


class HandsOutDocuments(Protocol):
    """``forms.submission.SubmissionService``: the document of a submitted draft. Raises a Refusal where it is gone."""

    def document(self, draft_id: str, kind: Literal["docx", "pdf"]) -> bytes: ...


class Services(Protocol):
    """The part of ``bootstrap.Application`` that is used here."""

    @property
    def settings(self) -> Settings: ...
    @property
    def links(self) -> Links: ...
    @property
    def calendar(self) -> WorkCalendar: ...
    @property
    def cases(self) -> CaseService: ...
    @property
    def commitments(self) -> CommitmentService: ...
    @property
    def loans(self) -> LoanService: ...
    @property
    def enterprises(self) -> EnterpriseService: ...
    @property
    def bindings(self) -> BindingService: ...
    @property
    def joining(self) -> JoinService: ...
    @property
    def own_copies(self) -> OwnCopyService: ...
    @property
    def erasure(self) -> ErasureService: ...
    @property
    def consents(self) -> ConsentService: ...
    @property
    def awards(self) -> AwardService: ...
    @property
    def notices(self) -> NoticeService: ...
    @property
    def forms(self) -> FillsForms: ...
    @property
    def submissions(self) -> HandsOutDocuments: ...
    @property
    def page_limits(self) -> PageLimits: ...
    @property
    def talk(self) -> Talks: ...
    @property
    def wechat_client(self) -> PlatformClient: ...
    @property
    def share_tickets(self) -> KnowsTickets: ...

    def catalogue(self) -> Catalogue: ...
    def points(self) -> PointService: ...
    def policies(self) -> PolicyService: ...
