"""The main line from end to end: ask, look up, bind, be found by a policy, be told of a loan, leave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from chalice.test import Client

from chalicelib.bootstrap import Application
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.model import NoticeState
from tests.functional.county import CASE, CASE_DIGITS, CASE_TITLE, E01, again, snapshot
from tests.functional.dialogue.conftest import Meet
from tests.functional.support import Person, Post, clock_of, work_off

NOT_MINE = "3603232026110200044"
NOT_THERE = "3603232026112299999"
LEAVING = ("退订", "TD", "别发了", "莫发哩", "退訂", "我要退订")


def said(answer: str | None) -> str:
    assert answer is not None
    return answer


def code_for(county: Application, uscc: str = E01, role: str = "法人") -> str:
    return county.bindings.issue_code(uscc, role, "operator", county.clock.now()).code


def bound(person: Person, county: Application, role: str = "法人") -> Person:
    person.event("subscribe")
    person.say(f"绑定 {code_for(county, role=role)}")
    person.say("1")
    return person


def run(client: Client, job: str, **options: Any) -> dict[str, Any]:
    payload: dict[str, Any] = client.lambda_.invoke("run_job", {"job": job, **options}).payload
    return payload


def post(county: Application) -> Post:
    assert isinstance(county.messenger, Post)
    return county.messenger


def test_who_follows_gets_the_four_sections(person: Person) -> None:
    greeting = said(person.event("subscribe"))
    for number, section in enumerate(("服务升级", "创新赋能", "政策直达", "法治护航"), 1):
        assert f"{number} {section}" in greeting
    for number, step in enumerate(("网点", "电瓷电气产业链一件事", "贷款进度", "网上立案"), 1):
        person.say("帮助")
        opened = said(person.say(str(number)))
        assert step in opened or "服务点" in opened, opened


def test_the_noodle_shop(person: Person) -> None:
    card = said(person.say("我想在宣风开个粉店要办什么证"))
    for part in ("营业执照", "食品经营许可", "承诺", "来源：", "示例数据", "1 营业执照", "看完整指南"):
        assert part in card
    licence = said(person.say("1"))
    for part in ("个体工商户设立登记", "要带：", "时限：法定", "收费：不收费", "哪里办：", "2026-11-22 更新"):
        assert part in licence
    assert len(licence.splitlines()) <= 12


def test_what_is_unclear_gets_three_candidates_and_a_way_out(person: Person) -> None:
    unclear = said(person.say("证到期了")).splitlines()
    assert [line[0] for line in unclear[1:]] == ["1", "2", "3", "4"]
    assert unclear[-1] == "4 都不是"
    assert "工作人员" in said(person.say("4"))
    assert "公章刻制备案" in said(person.say("公章备案回执到期了"))


def test_who_finds_it_in_no_list_twice_in_a_row_gets_a_person(person: Person) -> None:
    person.say("证到期了")
    person.say("都不是")
    assert "工单" in said(person.say("量子纠缠如何退火"))


def test_what_nothing_fits_goes_to_12345(person: Person) -> None:
    assert "12345" in said(person.say("量子纠缠如何退火"))


def test_a_bind_code_works_once_and_says_the_same_whatever_is_wrong(meet: Meet, county: Application) -> None:
    used, expired = code_for(county), code_for(county)
    assert "已绑定 芦溪溪华电瓷有限公司（法人）" in said(meet("first").say(f"绑定 {used}"))
    clock_of(county).advance(timedelta(hours=73))
    wrong = "ABCD2345" if used != "ABCD2345" else "ABCD2346"
    answers = {meet(f"p{n}").say(f"绑定 {code}") for n, code in enumerate((used, expired, wrong))}
    assert len(answers) == 1
    assert "不对或已失效" in said(answers.pop())


def test_five_wrong_codes_lock_even_the_right_one(person: Person, county: Application) -> None:
    right = code_for(county)
    person.say("绑定")
    for _ in range(5):
        assert "不对或已失效" in said(person.say("ABCD2345"))
    locked = said(person.say(right))
    assert "30 分钟" in locked
    assert county.bindings.of_person(person.openid) == []
    clock_of(county).advance(timedelta(minutes=31))
    assert "已绑定" in said(person.say(right))


def test_a_case_by_number_and_digits_tells_no_name(person: Person) -> None:
    assert "后四位" in said(person.say(f"办件编号 {CASE} 帮我查"))
    timeline = said(person.say(CASE_DIGITS))
    assert "12-08" in timeline
    assert "补" in timeline
    for secret in (CASE_TITLE, "不动产", "溪华"):
        assert secret not in timeline
    assert "不动产" not in said(person.say("要带什么材料")), "a follow-up question must not give the item away"


def test_not_found_and_not_yours_are_the_same_words(meet: Meet) -> None:
    answers = {meet(f"q{n}").say(f"{no} 手机尾号 9999") for n, no in enumerate((CASE, NOT_MINE, NOT_THERE))}
    assert len(answers) == 1


def test_wrong_digits_may_be_sent_again_until_the_lock(person: Person, county: Application) -> None:
    person.say(CASE)
    for _ in range(5):
        assert "核对" in said(person.say("9999"))
    assert "30 分钟" in said(person.say(CASE_DIGITS))
    clock_of(county).advance(timedelta(minutes=31))
    assert "12-08" in said(person.say(f"{CASE} {CASE_DIGITS}"))


def test_a_bound_person_sees_their_cases_and_nobody_elses(person: Person, county: Application) -> None:
    bound(person, county)
    listed = said(person.say("我的办件"))
    number = next(line[0] for line in listed.splitlines() if CASE_TITLE in line)
    timeline = said(person.say(number))
    for part in (CASE_TITLE, "还差 1 份材料", "12-08", "看全部过程"):
        assert part in timeline
    assert "后四位" in said(person.say(NOT_MINE))


def test_notices_arrive_once_and_a_second_run_plans_nothing(
    person: Person, county: Application, client: Client
) -> None:
    bound(person, county)
    assert run(client, "policy-push", dry_run=True)["queued"] == 0
    assert post(county).sent == []
    for job in ("policy-push", "loan-alerts"):
        assert run(client, job)["queued"] > 0
    assert work_off(county, client) > 0
    titles = [each.title for each in county.notices.of_person(person.openid)]
    assert any("政策" in title or "项" in title for title in titles)
    assert any(title.startswith("融资进度") for title in titles)
    sent = post(county).to(person.openid)
    assert len(sent) == len(titles)
    for message in sent:
        assert "万元" not in str(message.fields), "a locked screen shows no amount"
    for job in ("policy-push", "loan-alerts"):
        assert run(client, job)["planned"] == 0
    work_off(county, client)
    assert len(post(county).to(person.openid)) == len(sent)
    assert "融资进度" in said(person.say("消息"))


@pytest.mark.parametrize("word", LEAVING)
def test_leaving_stops_what_is_queued_too(word: str, person: Person, county: Application, client: Client) -> None:
    bound(person, county)
    run(client, "policy-push")
    run(client, "loan-alerts")
    person.say("绑定")  # in the middle of something else
    assert "已停止全部推送" in said(person.say(word))
    work_off(county, client)
    assert post(county).to(person.openid) == []
    states = {each.state for each in county.notices.of_person(person.openid)}
    assert states == {NoticeState.CANCELLED}
    clock_of(county).advance(timedelta(days=1))
    for job in ("policy-push", "loan-alerts", "case-watch", "deadline-reminders"):
        run(client, job)
    work_off(county, client)
    assert post(county).to(person.openid) == []


@pytest.mark.parametrize("word", ["订阅", "恢复提醒", "同意"])
def test_who_left_comes_back_with_a_word(person: Person, county: Application, client: Client, word: str) -> None:
    bound(person, county)
    person.say("退订")
    assert "我会告诉您" in said(person.say(word))
    run(client, "loan-alerts")
    work_off(county, client)
    assert post(county).to(person.openid)


def test_only_cases_are_still_told(person: Person, county: Application, client: Client) -> None:
    bound(person, county)
    person.say("退订")
    assert "只收办件" in said(person.say("只收办件"))
    agreed = {scope for scope in Scope if county.consents.allows(person.openid, scope)}
    assert agreed == {Scope.CASE_ALERT, Scope.PROFILE_READ}
    for job in ("policy-push", "loan-alerts", "case-watch"):
        run(client, job)
    work_off(county, client)
    kinds = {each.rules.scope for each in county.notices.of_person(person.openid)}
    assert kinds == {Scope.CASE_ALERT}


def test_unfollowing_deletes_what_it_must(person: Person, county: Application, client: Client) -> None:
    bound(person, county)
    run(client, "policy-push")
    person.say("开公司要带什么")
    assert person.event("unsubscribe") is None
    left = [key for key in snapshot(county) if person.openid in "".join(key)]
    assert left == []
    work_off(county, client)
    assert post(county).to(person.openid) == []
    assert "绑定" in said(person.say("贷款进度"))


def test_a_new_process_forgets_nothing(person: Person, county: Application, client: Client) -> None:
    bound(person, county)
    run(client, "policy-push")
    xml = "<MsgType>text</MsgType><Content>换法人要带什么</Content>"
    first = person.push(xml, msg_id=77)
    restarted = again(county)
    assert person.push(xml, msg_id=77) == first
    assert "公司变更登记" in said(person.say("那要多少钱")), "the topic is still known"
    assert "溪华" in said(person.say("我能享受什么"))
    assert run(client, "policy-push")["planned"] == 0
    work_off(restarted, client)
    assert post(county).to(person.openid)


def test_a_question_that_names_the_thing_opens_that_case(person: Person, county: Application) -> None:
    bound(person, county)
    listed = person.say("我的办件")
    assert listed is not None and "3 件" in listed
    told = person.say("房产过户搞到哪一步了")
    assert told is not None and told.startswith("不动产转移登记 · 还差 1 份材料")


def test_a_bare_word_asks_for_progress(person: Person, county: Application) -> None:
    bound(person, county)
    told = person.say("进度")
    assert told is not None and "回复编号看进度" in told
