"""The roster says of each skill what the skill says of itself: it is believed without loading the skill."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

import pytest

from chalicelib.dialogue import skills
from chalicelib.dialogue.desk import Desk
from chalicelib.dialogue.listening import LISTENERS, Heard
from chalicelib.dialogue.roster import ROSTER, Line
from chalicelib.dialogue.skill import Skill
from chalicelib.dialogue.wording import COMMANDS

ROUTERS_OWN = {"cancel", "repeat", "more", "back"}


def _skill(line: Line) -> Skill:
    module, _, kind = line.made_by.partition(":")
    made = getattr(import_module(f"{skills.__name__}.{module}"), kind)(cast(Desk, None), lambda turn, besides: False)
    assert isinstance(made, Skill)
    return made


@pytest.mark.parametrize("line", ROSTER, ids=lambda line: line.name)
def test_a_line_tells_name_and_protected_words(line: Line) -> None:
    skill = _skill(line)
    assert skill.name == line.name
    assert set(skill.commands()) == set(line.commands.split())


def test_every_protected_word_has_one_to_answer_it() -> None:
    answered = [word for line in ROSTER for word in line.commands.split()]
    assert len(answered) == len(set(answered))
    assert {*answered, *ROUTERS_OWN} == set(COMMANDS.values())


def test_every_skill_is_on_the_roster() -> None:
    listed = {line.made_by.partition(":")[0] for line in ROSTER}
    files = [path for path in Path(skills.__path__[0]).glob("*.py") if "(Skill):" in path.read_text("utf-8")]
    assert {path.stem for path in files} == listed


def test_who_listens_is_on_the_roster_and_only_the_last_one_hears_everything() -> None:
    assert set(LISTENERS) <= {line.name for line in ROSTER}
    nothing = Heard("蓝色的大象在唱歌")
    assert [name for name, listens in LISTENERS.items() if listens(nothing)] == [ROSTER[-1].name]
