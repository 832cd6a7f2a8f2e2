"""The top floor: notices, the conversation, pages, partners, and what a person may have told or deleted."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.work import Work
from chalicelib.dialogue.desk import Desk

if TYPE_CHECKING:
    from chalicelib.dialogue.inbox import Inbox
    from chalicelib.dialogue.service import DialogueService
    from chalicelib.dialogue.talk import Talk
    from chalicelib.notices.monthly import MonthlyService
    from chalicelib.notices.service import NoticeService
    from chalicelib.pages.limits import PageLimits
    from chalicelib.partners.service import PartnerService
    from chalicelib.ports import JsonObject
    from chalicelib.privacy.erasure import ErasureService
    from chalicelib.privacy.own_copy import OwnCopyService
    from chalicelib.wechat.share_tickets import ShareTickets


class Application(Work, Desk):
    """Every service of one stage."""

    patience: float | None = None
    """Seconds after which an answer is late; None: dialogue.inbox.PATIENCE. Longer where a slow machine tests it."""

    @cached_property
    def notices(self) -> NoticeService:
        from chalicelib.notices.kinds import NoticeKind
        from chalicelib.notices.limits import SendLimits
        from chalicelib.notices.quiet import QuietHours
        from chalicelib.notices.service import NoticeService

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

    # ---------------------------------------------------------------------------------------------- conversation

    @property
    def desk(self) -> Desk:
        """As much of it as the skills may reach."""
        return self

    @cached_property
    def dialogue(self) -> DialogueService:
        from chalicelib.dialogue.service import DialogueService

        return DialogueService(self.desk)

    @cached_property
    def inbox(self) -> Inbox:
        from chalicelib.dialogue.inbox import Inbox

        return Inbox(self.store, self.clock.now, ahead=self.catalogue_reader)

    @cached_property
    def talk(self) -> Talk:
        from chalicelib.dialogue.talk import Talk

        return Talk(self.inbox, self.dialogue)

    # --------------------------------------------------------------------------------------- pages and partners

    @cached_property
    def page_limits(self) -> PageLimits:
        from chalicelib.pages.limits import PageLimits

        return PageLimits(self.store, self.settings.session_secret.get_secret_value())

    @cached_property
    def share_tickets(self) -> ShareTickets:
        from chalicelib.notices.kinds import QUEUES, Priority
        from chalicelib.wechat.share_tickets import ShareTickets

        def send(message: JsonObject) -> None:
            self.queue.send(QUEUES[Priority.URGENT], [message])

        return ShareTickets(lambda: self.wechat_client.tickets, self.store, send)

    @cached_property
    def partners(self) -> PartnerService:
        from chalicelib.partners.service import PartnerService

        secret, *former = self.settings.session_secrets
        return PartnerService(
            self.store,
            secret,
            former=former,
            cases=self.cases,
            loans=self.loans,
            enterprises=self.enterprises,
        )

    # --------------------------------------------------------------------------------------------------- privacy

    @cached_property
    def erasure(self) -> ErasureService:
        from chalicelib.privacy.erasure import ErasureService

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
