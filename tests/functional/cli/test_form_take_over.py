"""form list|show|hold|set|release: an operator helps with a form and gives it back, and sees no personal number."""

from __future__ import annotations

import json

from chalicelib.bootstrap import Application
from chalicelib.enterprises.roles import Role
from chalicelib.forms.draft import DraftState
from chalicelib.forms.said import Input
from tests.functional.cli.conftest import Jobs
from tests.functional.county import E01

OPENID = "o-form-owner"


def begun(county: Application) -> str:
    now = county.clock.now()
    county.followers.follow(OPENID, now)
    county.bindings.redeem(OPENID, county.bindings.issue_code(E01, Role.LEGAL, "op", now).code, now)
    draft = county.forms.begin(OPENID, "FM-05", E01, now, "m1").draft
    county.forms.act(OPENID, draft.id, Input("set", "13812345678", "agent_phone", "m2"), now)
    return draft.id


def test_an_operator_takes_a_form_over_and_gives_it_back(county: Application, jobs: Jobs) -> None:
    draft_id, now = begun(county), county.clock.now()
    (row,) = jobs("form", "list", "--json").json
    assert row["draft"] == draft_id and OPENID not in json.dumps(row)
    shown = jobs("form", "show", draft_id).out
    assert "138****5678" in shown and "13812345678" not in shown
    assert jobs("form", "hold", draft_id).code == 0
    waiting = county.forms.act(OPENID, draft_id, Input("text", "李芳", message="m3"), now)
    assert waiting.draft.state is DraftState.HELD
    assert jobs("form", "set", draft_id, "agent_name", "李芳").code == 0
    wrong = jobs("form", "set", draft_id, "agent_phone", "12")
    assert wrong.code == 2 and "电话没有看懂" in wrong.err
    assert jobs("form", "release", draft_id).code == 0
    back = county.forms.get(OPENID, draft_id, now)
    assert back.state is DraftState.FILLING and back.value("agent_name") == "李芳"


def test_a_draft_that_is_not_there_is_bad_input(county: Application, jobs: Jobs) -> None:
    for words in (("show", "Dnone"), ("hold", "Dnone"), ("release", "Dnone"), ("set", "Dnone", "agent_name", "李芳")):
        result = jobs("form", *words)
        assert result.code == 2, words
        assert "没有草稿 Dnone" in result.err
