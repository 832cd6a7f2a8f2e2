"""删除我的数据 through the callback, where the answer and the deletion meet at the person's session."""

from __future__ import annotations

from chalicelib.bootstrap import Application
from chalicelib.enterprises.repository import person_key
from chalicelib.enterprises.roles import Role
from tests.functional.dialogue.conftest import Meet
from tests.functional.support import clock_of

E01 = "91360323MAXX00015C"


def test_who_deletes_everything_is_told_so_and_only_follows(county: Application, meet: Meet) -> None:
    person, now = meet("leaver"), clock_of(county).now()
    person.event("subscribe")
    code = county.bindings.issue_code(E01, Role.LEGAL, "op", now).code
    assert "已绑定" in (person.say(f"绑定 {code}") or "")
    person.say("1")
    assert "找不回来" in (person.say("删除我的数据") or "")
    assert "已删除" in (person.say("1") or "")
    kept = {row.sk: row.body for row in county.store.query(person_key(person.openid)).records}
    assert set(kept) == {"follower", "session"}
    assert kept["session"]["trail"] == []
    assert not any(code in str(body) for body in kept.values())
    assert "没有绑定企业" in (person.say("我的数据") or "")
