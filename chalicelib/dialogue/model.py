"""What goes into and comes out of a turn of the conversation (对话). Knows no platform."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from chalicelib.shape import Shape

IncomingKind = Literal["text", "location", "menu", "follow", "scan", "unfollow", "unreadable", "silent"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message or event of one person.

    ``kind`` unreadable is something we can't read (a picture, a sticker), silent an event that wants no answer.
    ``key`` is a menu key or the scene of a QR code; ``latitude`` and ``longitude`` come with a location. ``message``
    is the same for every delivery of it: what a skill writes for it twice is written once. ``happened`` is its time by
    the platform's clock, for events that must not be taken for newer than they are.
    """

    openid: str
    at: datetime
    kind: IncomingKind
    text: str = ""
    key: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    message: str = ""
    happened: datetime | None = None


class Option(Shape):
    """A next step the person may choose by its number. ``action`` names a handler of a skill."""

    model_config = ConfigDict(frozen=True)

    label: str
    action: str
    args: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What 溪小办 says: lines of text, then numbered next steps, then where the facts come from.

    ``keeps_options``: the numbers of the reply before this one stay good (a repeat, the rest of a long text).
    ``numbered``: the lines show the numbers of the options already. ``went_back``: this shows an earlier reply again.
    """

    lines: tuple[str, ...]
    options: tuple[Option, ...] = ()
    footer: str = ""
    keeps_options: bool = False
    numbered: bool = False
    went_back: bool = False

    def with_reminder(self, line: str) -> Reply:
        """The same with a last line that leads back to the question still open."""
        return replace(self, footer="\n".join(filter(None, (self.footer, line))))

    @property
    def text(self) -> str:
        """As it is shown: at most about 12 lines, the steps on one line where they are short."""
        parts = ["\n".join(self.lines)]
        if self.options and not self.numbered:
            steps = [f"{number} {option.label}" for number, option in enumerate(self.options, 1)]
            parts.append((" " if sum(map(len, steps)) <= 40 else "\n").join(steps))
        if self.footer:
            parts.append(self.footer)
        return "\n".join(parts)


class Flow(Shape):
    """A skill that waits for an answer: which one, for what, and what it has so far."""

    skill: str
    step: str
    data: dict[str, str] = Field(default_factory=dict)


class Shown(Shape):
    """An earlier reply, as it can be gone back to."""

    text: str
    options: list[Option] = Field(default_factory=list)
    topic: str | None = None
    asked: str = ""
    chosen: dict[str, str] = Field(default_factory=dict)


class Session(Shape):
    """What 溪小办 remembers of a conversation between two messages.

    ``topic`` is the guide last spoken of, ``asked`` the question that led there (scrubbed), ``chosen`` the asker's
    situations (情形) in it; ``trail`` the replies before the last, the newest at the end.
    """

    options: list[Option] = Field(default_factory=list)
    flow: Flow | None = None
    topic: str | None = None
    asked: str = ""
    chosen: dict[str, str] = Field(default_factory=dict)
    trail: list[Shown] = Field(default_factory=list)
    misses: int = 0
    last_text: str = ""
    rest: str = ""
    updated_at: datetime | None = None


@dataclass(slots=True)
class Turn:
    """One message being answered. Skills change ``session``; nothing else is kept."""

    incoming: Incoming
    session: Session
    text: str = field(default="")

    @property
    def openid(self) -> str:
        return self.incoming.openid

    @property
    def message(self) -> str:
        """What a service is told, so that it does once what this message asks for (``once``)."""
        return self.incoming.message

    @property
    def now(self) -> datetime:
        return self.incoming.at
