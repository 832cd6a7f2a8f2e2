"""What goes into a step of filling in a form and what comes out of it, for chat and page alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.forms.draft import Draft

InputKind = Literal[
    "start", "text", "set", "back", "skip", "help", "show", "cancel", "yes", "no", "submit", "resume", "hold", "release"
]


@dataclass(frozen=True, slots=True)
class Input:
    """What somebody did. ``text`` is free text to the open question (it may hold several answers, a correction like
    改第1个，是李芬, a command); ``set`` gives one ``field`` its ``text``, as a page does. ``message`` is the same for
    each delivery of one message: worked off once. ``by_operator``: hold, release, and set while the draft is held."""

    kind: InputKind
    text: str = ""
    field: str = ""
    message: str = ""
    by_operator: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to tell. ``lines`` are what a chat shows; ``field`` is what it is about (a page shows it there);
    ``options`` are choices that may be answered by number."""

    kind: Literal["question", "problem", "told", "summary", "end"]
    lines: tuple[str, ...]
    field: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """``understood`` is False where the text was no answer and nothing changed: the chat then treats it as a digression
    and comes back."""

    draft: Draft
    said: tuple[Said, ...]
    understood: bool = True
