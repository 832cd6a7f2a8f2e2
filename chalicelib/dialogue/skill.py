"""What every skill (技能) is: one intent, one file in ``skills/``, one line in ``roster``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.model import Flow, Reply, Turn

Action = Callable[[Turn, Mapping[str, str]], Reply]
Claimed = Callable[[Turn, str], bool]
"""Whether another skill than the one of this name would take a free text as its own."""


class Skill:
    """One thing 溪小办 can do. ``name`` also prefixes its actions: ``guide.materials``.

    ``takes``: protected words that its open question understands first: 上一步 within a form is a step of the form.
    """

    name: str = ""
    takes: frozenset[str] = frozenset({"back"})

    def __init__(self, desk: Desk, claimed: Claimed) -> None:
        self._desk = desk
        self._claimed = claimed

    def commands(self) -> Mapping[str, Callable[[Turn], Reply]]:
        """Protected words (see ``wording.COMMANDS``) that this skill answers, at any moment."""
        return {}

    def actions(self) -> Mapping[str, Action]:
        """Handlers of the numbered options that this skill's replies carry, and of menu keys."""
        return {}

    def claims(self, turn: Turn) -> bool:
        """Whether this free text, one of those that the skill listens for (``listening``), is its own."""
        return True

    def answer(self, turn: Turn) -> Reply:
        """The reply to a text that it claimed."""
        raise LookupError(f"skill {self.name} claims no text")

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        """The reply to an answer to its own question, or None where the text is something else (a digression)."""
        return None

    def reminder(self, flow: Flow) -> str:
        """Said under the reply to a digression, so that the person finds back; empty where the flow is not worth it."""
        return ""

    def owns_numbers(self, flow: Flow) -> bool:
        """Whether a number answers the open question even after a digression that offered numbered steps."""
        return False
