"""填表 in conversation (conversations.md §12): prefilled, asked, corrected, left and come back to, handed in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.bootstrap import Application
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.forms.draft import Draft, DraftState
from chalicelib.forms.model import Source
from chalicelib.forms.repository import DraftRepository
from chalicelib.forms.said import Input
from tests.functional.county import E01, E03
from tests.functional.dialogue.conftest import Meet
from tests.functional.support import Person, clock_of

ASKED = "我要办个委托书公证表不会填你帮我填"
ANSWERS = {
    "agent_name": "我老婆李芳",
    "agent_phone": "13812345678",
    "agent_id": "360323199001010010",
    "entrust_matter": "其他",
    "entrust_detail": "代办车辆过户",
    "entrust_months": "一年",
    "may_redelegate": "不可以",
    "use_place": "国内",
    "notary_copies": "2份",
    "pickup": "自己取",
    "reg_address": "芦溪县上埠镇电瓷路1号",
    "legal_rep": "张三",
}


@pytest.fixture
def boss(county: Application, meet: Meet) -> Person:
    person, now = meet("boss"), county.clock.now()
    county.followers.follow(person.openid, now)
    county.bindings.redeem(person.openid, county.bindings.issue_code(E01, Role.LEGAL, "op", now).code, now)
    return person


def draft_of(county: Application, person: Person) -> Draft:
    (found,) = county.forms.open_drafts(person.openid, county.clock.now())
    return found


def begun(county: Application, boss: Person) -> str:
    assert "自动带出" in boss.say(ASKED)
    told = boss.say("带出")
    assert county.consents.allows(boss.openid, Scope.FORM_PREFILL)
    return told


def answer_all(county: Application, boss: Person) -> str:
    told = ""
    for _ in range(30):
        draft = draft_of(county, boss)
        if draft.state is DraftState.REVIEW:
            return told
        told = boss.say(ANSWERS[draft.asking])
    raise AssertionError(f"the form never ends: {draft.asking}")


def answer_up_to(county: Application, boss: Person, field: str) -> None:
    for _ in range(30):
        asking = draft_of(county, boss).asking
        if asking == field:
            return
        boss.say(ANSWERS[asking])
    raise AssertionError(f"never asked for {field}")


def test_a_form_from_the_first_word_to_the_case(county: Application, boss: Person) -> None:
    told = begun(county, boss)
    assert "委托书公证申请表" in told and "已替您填好" in told and "回复“看”可核对" in told
    assert "第 1 问：" in told
    told = answer_all(county, boss)
    assert "填好了，请核对" in told and "打开页面核对" in told
    listed = boss.say("看")
    assert "芦溪溪华电瓷有限公司" in listed and "（企业档案）" in listed
    assert "360323199001010010" not in listed
    told = boss.say("提交")
    assert "办件编号" in told and "还要带：" in told and "下载 Word 或 PDF" in told
    assert county.forms.open_drafts(boss.openid, county.clock.now()) == []


def test_a_digression_is_answered_and_the_question_comes_back(county: Application, boss: Person) -> None:
    begun(county, boss)
    asking = draft_of(county, boss).asking
    told = boss.say("等下，公证要多少钱")
    assert "回到填表，第 1 问：" in told
    assert draft_of(county, boss).asking == asking
    assert boss.say(ANSWERS[asking]).count("第 2 问：") == 1


def test_a_number_after_a_digression_answers_the_form(county: Application, boss: Person) -> None:
    begun(county, boss)
    answer_up_to(county, boss, "entrust_matter")
    boss.say("换法人要带什么？")
    boss.say("1")
    assert draft_of(county, boss).value("entrust_matter") == "卖房"


def test_a_number_after_a_digression_is_a_step_of_it_where_the_question_takes_none(
    county: Application, boss: Person
) -> None:
    begun(county, boss)
    answer_up_to(county, boss, "agent_name")
    told = boss.say("食品经营许可怎么办")
    assert "1 材料清单" in told
    assert "要交" in boss.say("1") or "要带" in boss.say("1")
    assert draft_of(county, boss).asking == "agent_name"


def test_the_word_that_begins_a_form_asks_again_within_it(county: Application, boss: Person) -> None:
    begun(county, boss)
    asking = draft_of(county, boss).asking
    assert "第 1 问：" in boss.say("填表")
    assert draft_of(county, boss).asking == asking
    assert draft_of(county, boss).misses == 0


def test_corrections_by_question_and_by_name(county: Application, boss: Person) -> None:
    begun(county, boss)
    answer_up_to(county, boss, "agent_name")
    place = len(draft_of(county, boss).trail) + 1
    boss.say("我老婆李芳 电话13812345678")
    assert draft_of(county, boss).value("agent_phone") == "13812345678"
    assert "李芬" in boss.say(f"改第{place}个，是李芬")
    assert draft_of(county, boss).value("agent_name") == "李芬"
    assert "139****5678" in boss.say("受托人电话改成13912345678")


def test_cancelling_is_asked_once_more_and_deletes(county: Application, boss: Person) -> None:
    begun(county, boss)
    assert "确定不填了吗" in boss.say("取消")
    assert "接着填" in boss.say("否")
    draft = draft_of(county, boss)
    boss.say("取消")
    assert "已取消" in boss.say("是")
    gone = county.forms.get(boss.openid, draft.id, county.clock.now())
    assert gone.state is DraftState.CANCELLED and not gone.answers


def test_days_later_the_form_goes_on_where_it_was(county: Application, boss: Person) -> None:
    begun(county, boss)
    boss.say(ANSWERS[draft_of(county, boss).asking])
    asking = draft_of(county, boss).asking
    clock_of(county).advance(timedelta(days=3))
    assert "第 2 问：" in boss.say("填表")
    assert draft_of(county, boss).asking == asking
    clock_of(county).advance(timedelta(days=30))
    assert county.forms.open_drafts(boss.openid, county.clock.now()) == []


def test_begun_in_the_chat_and_finished_on_the_page(county: Application, boss: Person) -> None:
    begun(county, boss)
    boss.say(ANSWERS[draft_of(county, boss).asking])
    draft, now = draft_of(county, boss), county.clock.now()
    for place in range(20):
        if draft.state is DraftState.REVIEW:
            break
        given = Input("set", ANSWERS[draft.asking], draft.asking, f"page-{place}")
        draft = county.forms.act(boss.openid, draft.id, given, now).draft
    assert "办件编号" in boss.say("提交")


def test_the_message_that_hands_it_in_is_answered_the_same_again(county: Application, boss: Person) -> None:
    begun(county, boss)
    answer_all(county, boss)
    draft, now = draft_of(county, boss), county.clock.now()
    first = county.forms.act(boss.openid, draft.id, Input("submit", message="once"), now)
    again = county.forms.act(boss.openid, draft.id, Input("submit", message="once"), now)
    assert "办件编号" in first.said[0].lines[0]
    assert (again.said, again.draft.case_no) == (first.said, first.draft.case_no)
    late = county.forms.act(boss.openid, draft.id, Input("submit", message="later"), now)
    assert "已经提交" in late.said[0].lines[0]


def test_what_a_process_left_half_handed_in_is_finished_when_it_is_looked_at(county: Application, boss: Person) -> None:
    begun(county, boss)
    answer_all(county, boss)
    draft, now = draft_of(county, boss), county.clock.now()
    drafts = DraftRepository(county.store)
    kept = drafts.find(draft.id)
    assert kept is not None
    died = kept.draft.model_copy(update={"state": DraftState.SUBMITTED, "submitted_at": now})
    drafts.save(died, kept.version)
    found = county.forms.get(boss.openid, draft.id, now)
    assert county.cases.get(found.case_no) is not None
    assert county.forms.get(boss.openid, draft.id, now).case_no == found.case_no


def test_answers_for_one_enterprise_are_not_taken_over_for_another(county: Application, boss: Person) -> None:
    begun(county, boss)
    answer_all(county, boss)
    boss.say("领取方式改成邮寄")
    assert draft_of(county, boss).asking == "mail_address"
    boss.say("芦溪县上埠镇老街12号")
    assert "办件编号" in boss.say("提交")
    now = county.clock.now()
    county.bindings.redeem(boss.openid, county.bindings.issue_code(E03, Role.LEGAL, "op", now).code, now)
    own = county.forms.begin(boss.openid, "FM-05", E01, now, "again").draft
    other = county.forms.begin(boss.openid, "FM-05", E03, now, "other").draft
    assert own.answers["mail_address"].source is Source.EARLIER
    assert not [name for name, answer in other.answers.items() if answer.source is Source.EARLIER]


def test_nobody_else_reaches_a_draft(county: Application, boss: Person, meet: Meet) -> None:
    begun(county, boss)
    draft, stranger = draft_of(county, boss), meet("stranger")
    with pytest.raises(Exception, match="没有这份表"):
        county.forms.get(stranger.openid, draft.id, county.clock.now())
    county.bindings.remove(boss.openid, E01, county.clock.now())
    with pytest.raises(Exception, match="没有这份表"):
        county.forms.get(boss.openid, draft.id, county.clock.now())


def test_a_guide_with_a_form_offers_to_fill_it_in(county: Application, meet: Meet) -> None:
    person = meet("somebody")
    told = person.say("食品经营许可证怎么办")
    assert "申请表不会填，我帮您填：回复" in told
    number = told.split("申请表不会填，我帮您填：回复 ")[1][0]
    assert "食品经营许可申请书" in person.say(number)


def test_leaving_deletes_the_drafts(county: Application, boss: Person) -> None:
    begun(county, boss)
    draft = draft_of(county, boss)
    county.erasure.erase(boss.openid, county.clock.now())
    with pytest.raises(Exception, match="没有这份表"):
        county.forms.get(boss.openid, draft.id, county.clock.now())
