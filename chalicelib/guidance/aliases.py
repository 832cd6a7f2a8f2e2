"""Local words, hearing and typing mistakes (归一化词表), each with the context it needs before it may be mapped.

The table is ``aliases.json``: groups of ``std`` and its aliases. An alias is a text, or an object with guards:
``followed_by``, ``preceded_by``, ``near`` (anywhere in the text), ``at_start``, ``at_end`` — one of those given must
hold; ``not_followed_by``, ``not_preceded_by``, ``not_near`` — none may hold. 公正 is a word of its own and only means
公证 in 公正处; 泸溪 is a county in 湖南.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, TypeAdapter, field_validator

from chalicelib.guidance.normalise import plain
from chalicelib.shape import Shape

TABLE = Path(__file__).with_name("aliases.json")


class Alias(Shape):
    """One thing people say, and when it means the standard word."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    say: str = Field(min_length=1)
    followed_by: tuple[str, ...] = ()
    preceded_by: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    at_start: bool = False
    at_end: bool = False
    not_followed_by: tuple[str, ...] = ()
    not_preceded_by: tuple[str, ...] = ()
    not_near: tuple[str, ...] = ()

    def holds(self, text: str, start: int, end: int) -> bool:
        """Whether the alias found at ``text[start:end]`` stands in its context."""
        before, after = text[:start], text[end:]
        if (
            after.startswith(self.not_followed_by)
            or before.endswith(self.not_preceded_by)
            or any(word in text for word in self.not_near)
        ):
            return False
        if not (self.followed_by or self.preceded_by or self.near or self.at_start or self.at_end):
            return True
        return (
            (self.at_start and not before.strip())
            or (self.at_end and not after.strip(" ?!。,，"))
            or after.startswith(self.followed_by)
            or before.endswith(self.preceded_by)
            or any(word in text for word in self.near)
        )


class Group(Shape):
    """A standard word and what is said for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    std: str = Field(min_length=1)
    alias: tuple[Alias, ...] = Field(min_length=1)

    @field_validator("alias", mode="before")
    @classmethod
    def _texts(cls, value: Iterable[Any]) -> list[Any]:
        return [{"say": one} if isinstance(one, str) else one for one in value]


class Aliases:
    """A table of groups, applied in one pass, the longest alias first. Words that already stand are left alone."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._known: dict[str, tuple[str, Alias]] = {}
        standards = set()
        for group in groups:
            standards.add(group.std)
            for alias in group.alias:
                if alias.say in self._known:
                    raise ValueError(f"别名“{alias.say}”在词表里出现两次")
                self._known[alias.say] = (group.std, alias)
        words = sorted(standards | set(self._known), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, words)))

    def apply(self, text: str) -> str:
        """``text`` (already ``plain``) with every alias in its context replaced by the standard word."""
        return self._pattern.sub(lambda found: self._word(found, text), text)

    def _word(self, found: re.Match[str], text: str) -> str:
        said = found.group()
        std, alias = self._known.get(said, (said, None))
        return std if alias is None or alias.holds(text, found.start(), found.end()) else said


@cache
def local_aliases() -> Aliases:
    """The county's table, read once."""
    return Aliases(TypeAdapter(list[Group]).validate_json(TABLE.read_bytes()))


def normalise(text: str) -> str:
    """What search compares: ``plain`` text with the county's aliases applied."""
    return local_aliases().apply(plain(text))
