"""The next step that an operator is told: there is one for every state, and the command in it works."""

from __future__ import annotations

import pytest

from chalicelib.notices.model import RETRYABLE, TRANSITIONS, NoticeState
from chalicelib.notices.next_step import next_step
from tests.unit.notices.support import notice


@pytest.mark.parametrize("state", NoticeState)
def test_it_names_only_commands_that_work_now(state: NoticeState) -> None:
    one = notice().model_copy(update={"state": state})
    words = next_step(one)
    assert "{" not in words
    assert words.startswith(("不用处理", "请"))
    assert ("notice retry" not in words) or state in RETRYABLE
    assert ("notice cancel" not in words) or NoticeState.CANCELLED in TRANSITIONS[state]
    assert words.count("notice ") == words.count(one.id)


@pytest.mark.parametrize("state", [NoticeState.MAYBE_SENT, NoticeState.FAILED_FOR_GOOD])
def test_what_needs_somebody_asks_for_them(state: NoticeState) -> None:
    assert next_step(notice().model_copy(update={"state": state})).startswith("请")
