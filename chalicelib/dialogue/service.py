"""One turn of the conversation, from an incoming message to a reply."""

from __future__ import annotations

from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.model import Incoming, Reply, Session, Turn
from chalicelib.dialogue.router import Router
from chalicelib.dialogue.skills.award_progress import AwardProgress
from chalicelib.dialogue.skills.bind import Bind
from chalicelib.dialogue.skills.case_next import CaseNext
from chalicelib.dialogue.skills.case_progress import CaseProgress
from chalicelib.dialogue.skills.concern import ConcernSkill
from chalicelib.dialogue.skills.financing import Financing
from chalicelib.dialogue.skills.form_filling import FormFilling
from chalicelib.dialogue.skills.guide import Guide
from chalicelib.dialogue.skills.handoff import Handoff
from chalicelib.dialogue.skills.join import Join
from chalicelib.dialogue.skills.large_type import LargeType
from chalicelib.dialogue.skills.leave import Leave
from chalicelib.dialogue.skills.loan_progress import LoanProgress
from chalicelib.dialogue.skills.members import Members
from chalicelib.dialogue.skills.own_data import OwnData
from chalicelib.dialogue.skills.points import Points
from chalicelib.dialogue.skills.policy_check import PolicyCheck
from chalicelib.dialogue.skills.policy_exam import PolicyExam
from chalicelib.dialogue.skills.policy_question import PolicyQuestion
from chalicelib.dialogue.skills.rating import RatingSkill
from chalicelib.dialogue.skills.tolerance import ToleranceSkill
from chalicelib.dialogue.skills.welcome import Welcome, unreadable

BIND_SCENE = "bind-"
"""Starts the scene of a QR code that binds who scans it, once (绑定二维码); a one-time text follows."""


class DialogueService:
    """Answers as 溪小办. Holds no state between messages: that is the Session's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._welcome = Welcome()
        self._points = Points(desk)
        self._bind = Bind(desk)
        self.router = Router(
            [
                self._welcome,
                Leave(desk),
                LargeType(desk),
                self._bind,
                Join(desk),
                Members(desk),
                OwnData(desk),
                Handoff(desk),
                ConcernSkill(desk),
                RatingSkill(desk),
                ToleranceSkill(desk),
                CaseNext(desk),
                CaseProgress(desk),
                AwardProgress(desk),
                Financing(desk),
                FormFilling(desk, lambda turn, besides: self.router.claimed(turn, besides)),
                LoanProgress(desk),
                PolicyExam(desk),
                PolicyCheck(desk),
                PolicyQuestion(desk),
                self._points,
                Guide(desk),
            ]
        )

    def answer(self, incoming: Incoming, session: Session) -> tuple[Reply | None, Session | None]:
        """The reply, None where nothing is to be said, and the session to keep, None where it is to be forgotten."""
        with self._desk.one_version():
            return self._answer(incoming, session)

    def _answer(self, incoming: Incoming, session: Session) -> tuple[Reply | None, Session | None]:
        turn = Turn(incoming, session, text=incoming.text.strip())
        match incoming.kind:
            case "unfollow":
                self._desk.erasure.leave(incoming.openid, incoming.at)
                return None, None
            case "follow":
                self._desk.followers.follow(incoming.openid, incoming.at)
                self._desk.notices.returned(incoming.openid)
                reply = self._scanned(turn) or self._welcome.greet(turn)
            case "scan":
                reply = self._scanned(turn) or self._welcome.greet(turn)
            case "location":
                reply = self._points.nearest(turn)
            case "menu":
                # A menu key is what the person would have typed.
                turn.text = incoming.key or ""
                return self.router.answer(turn), turn.session
            case "unreadable":
                reply = unreadable()
            case "silent":
                return None, turn.session
            case "text":
                return self.router.answer(turn) if turn.text else unreadable(), turn.session
        turn.session.options = list(reply.options)
        turn.session.updated_at = turn.now
        return reply, turn.session

    def _scanned(self, turn: Turn) -> Reply | None:
        scene = turn.incoming.key or ""
        return self._bind.scanned(turn, scene.removeprefix(BIND_SCENE)) if scene.startswith(BIND_SCENE) else None
