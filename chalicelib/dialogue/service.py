"""One turn of the conversation, from an incoming message to a reply."""

from __future__ import annotations

from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.model import Incoming, Reply, Session, Turn
from chalicelib.dialogue.router import Router
from chalicelib.dialogue.skills.welcome import unreadable

BIND_SCENE = "bind-"
"""Starts the scene of a QR code that binds who scans it, once (绑定二维码); a one-time text follows."""


class DialogueService:
    """Answers as 溪小办. Holds no state between messages: that is the Session's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.router = Router(desk)

    def answer(self, incoming: Incoming, session: Session) -> tuple[Reply | None, Session | None]:
        """The reply, None where nothing is to be said, and the session to keep, None where it is to be forgotten."""
        with self._desk.one_version():
            return self._answer(incoming, session)

    def _answer(self, incoming: Incoming, session: Session) -> tuple[Reply | None, Session | None]:
        turn = Turn(incoming, session, text=incoming.text.strip())
        match incoming.kind:
            case "unfollow":
                self._desk.erasure.leave(incoming.openid, incoming.at, incoming.happened)
                return None, None
            case "follow":
                self._desk.erasure.come(incoming.openid, incoming.at, happened=incoming.happened)
                self._desk.notices.returned(incoming.openid)
                reply = self._scanned(turn)
            case "scan":
                reply = self._scanned(turn)
            case "location":
                reply = self.router.run(turn, "points.nearest", {})
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

    def _scanned(self, turn: Turn) -> Reply:
        scene = turn.incoming.key or ""
        if scene.startswith(BIND_SCENE):
            return self.router.run(turn, "bind.scanned", {"scene": scene.removeprefix(BIND_SCENE)})
        return self.router.run(turn, "welcome.greet", {})
