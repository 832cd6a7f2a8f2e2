"""The API's checks: what the platform refuses, with which code, and what it remembers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from simulator.config import Template
from simulator.platform import fields
from simulator.platform.errors import ApiError
from tests.functional.simulator.conftest import LOAN, POLICY, Bench

Make = Callable[..., Bench]
SEND = "cgi-bin/message/template/send"
BIZSEND = "cgi-bin/message/subscribe/bizsend"
CUSTOM = "cgi-bin/message/custom/send"


class TestTokens:
    def test_a_stable_token_stays_until_five_minutes_before_its_end(self, bench: Bench) -> None:
        first = bench.fetch_token()
        bench.clock.time += 6900
        again = bench.fetch_token()
        assert again == {"access_token": first["access_token"], "expires_in": 300}
        bench.clock.time += 1
        rolled = bench.fetch_token()
        assert rolled["access_token"] != first["access_token"]
        assert rolled["expires_in"] == 7200
        assert bench.api("cgi-bin/openapi/quota/get", first["access_token"], cgi_path=f"/{SEND}")["errcode"] == 0
        bench.clock.time += 300
        assert bench.send_loan(token=first["access_token"])["errcode"] == 42001

    def test_a_forced_refresh_kills_the_old_one_but_not_within_thirty_seconds(self, bench: Bench) -> None:
        first = bench.token()
        second = bench.token(force_refresh=True)
        assert bench.send_loan(token=first)["errcode"] == 40001
        bench.clock.time += 29
        assert bench.token(force_refresh=True) == second
        bench.clock.time += 1
        assert bench.token(force_refresh=True) != second

    def test_no_more_than_twenty_forced_refreshes_a_day(self, bench: Bench) -> None:
        seen = set()
        for _ in range(22):
            seen.add(bench.token(force_refresh=True))
            bench.clock.time += 31
        assert len(seen) == 20

    def test_a_plain_token_replaces_the_one_before_with_an_overlap(self, bench: Bench) -> None:
        def plain() -> str:
            config = bench.config
            query = {"grant_type": "client_credential", "appid": config.app_id, "secret": config.app_secret}
            return str(bench.answer("GET", "cgi-bin/token", query).json()["access_token"])

        stable, first = bench.token(), plain()
        assert plain() != first
        assert bench.send_loan(token=first)["errcode"] == 0
        bench.clock.time += 300
        assert bench.send_loan(token=first)["errcode"] == 42001
        assert bench.send_loan(token=stable)["errcode"] == 0

    @pytest.mark.parametrize(
        ("wrong", "errcode"),
        [
            ({"secret": "x"}, 40125),
            ({"appid": "wx0"}, 40013),
            ({"grant_type": "password"}, 40002),
            ({"appid": 1}, 47001),
        ],
    )
    def test_wrong_credentials(self, bench: Bench, wrong: dict[str, Any], errcode: int) -> None:
        assert bench.fetch_token(**wrong)["errcode"] == errcode

    def test_missing_and_unknown_tokens_are_refused_with_a_request_id(self, bench: Bench) -> None:
        answer = bench.send_loan(token="nonsense")
        assert answer["errcode"] == 40001
        stamp, *rest = answer["errmsg"].partition("rid: ")[2].split("-")
        assert int(stamp, 16) == int(bench.clock.time)
        assert [len(part) for part in rest] == [8, 8]
        assert bench.send_loan(token="")["errcode"] == 41001

    def test_only_listed_addresses_may_call(self, make: Make) -> None:
        bench = make(ip_whitelist=frozenset({"10.0.0.1"}))
        answer = bench.fetch_token()
        assert answer["errcode"] == 40164
        assert "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist" in answer["errmsg"]


class TestTemplateMessages:
    def test_delivered_with_a_receipt(self, bench: Bench) -> None:
        answer = bench.send_loan(url="https://example.com/h5")
        bench.settle()
        (receipt,) = bench.callback.named("TEMPLATESENDJOBFINISH")
        assert answer["msgid"] > 2**53
        assert (receipt["MsgID"], receipt["Status"]) == (str(answer["msgid"]), "success")
        assert "MsgId" not in receipt
        (message,) = bench.simulator.world.chat.messages(bench.user)
        assert message["body"]["rows"][1] == ["当前状态", "审批通过"]
        assert message["body"]["url"] == "https://example.com/h5"

    def test_who_cannot_get_one(self, bench: Bench) -> None:
        assert bench.send_loan(touser="oUnknown")["errcode"] == 40003
        assert bench.send_loan(touser="")["errcode"] == 40003
        assert bench.send_loan(template_id="")["errcode"] == 40036
        assert bench.send_loan(template_id="tmpl-policy-digest", data=POLICY)["errcode"] == 40037
        bench.simulator.phone.unfollow(bench.user)
        assert bench.send_loan()["errcode"] == 43004
        assert bench.seen("template") == []

    def test_a_user_who_refuses_messages_makes_a_failed_receipt(self, bench: Bench) -> None:
        bench.simulator.phone.refuse(bench.user, True)
        assert bench.send_loan()["errcode"] == 0
        bench.settle()
        assert bench.callback.named("TEMPLATESENDJOBFINISH")[0]["Status"] == "failed:user block"
        assert bench.seen("template") == []

    def test_one_client_msg_id_is_delivered_once_in_ten_minutes_for_each_user(self, bench: Bench) -> None:
        other = bench.simulator.phone.add_user("李女士")
        bench.simulator.phone.follow(other)
        first = bench.send_loan(client_msg_id="n1")["msgid"]
        bench.clock.time += 599
        assert bench.send_loan(client_msg_id="n1")["msgid"] == first
        assert bench.send_loan(client_msg_id="n1", touser=other)["msgid"] != first
        assert [row["count"] for row in bench.simulator.world.chat.deliveries()] == [1, 1]
        bench.clock.time += 1
        assert bench.send_loan(client_msg_id="n1")["msgid"] != first
        assert sorted(row["count"] for row in bench.simulator.world.chat.deliveries()) == [1, 2]

    def test_what_a_repeated_id_answers_can_be_chosen(self, make: Make) -> None:
        bench = make(duplicate_msgid="zero")
        bench.send_loan(client_msg_id="n1")
        assert bench.send_loan(client_msg_id="n1")["msgid"] == 0

    @pytest.mark.parametrize(
        ("key", "value", "words"),
        [
            ("thing1", "一" * 21, "data.thing1.value invalid"),
            ("phrase2", "13笔", "data.phrase2.value invalid"),
            ("thing1", "", "data.thing1.value is emtpy"),
            ("thing1", "🎉", "data.thing1.value is emtpy"),
            ("time3", "2024-06-2116: 34: 24", "data.time3.value invalid"),
            ("first", "您好", "data.first.value invalid"),
        ],
    )
    def test_a_bad_field_is_named(self, bench: Bench, key: str, value: str, words: str) -> None:
        answer = bench.send_loan(data={**LOAN, key: {"value": value}})
        assert answer["errcode"] == 47003
        assert f"argument invalid! {words}" in answer["errmsg"]

    def test_emoji_are_taken_out(self, bench: Bench) -> None:
        bench.send_loan(data={**LOAN, "thing1": {"value": "贷款🎉已批"}})
        [*_, notice] = bench.simulator.world.chat.messages(bench.user)
        assert notice["body"]["rows"][0] == ["业务名称", "贷款已批"]

    def test_the_sandbox_does_not_look_at_fields(self, make: Make) -> None:
        bench = make(profile="sandbox")
        assert bench.send_loan(data={**LOAN, "thing1": {"value": "一" * 50}})["errcode"] == 0

    def test_ids_never_repeat(self, bench: Bench) -> None:
        token = bench.token()
        ids = [bench.send_loan(token=token)["msgid"] for _ in range(50)]
        assert len(set(ids)) == 50


FITS = [
    ("thing1", "高新技术企业认定奖励（首次）10 万元"),
    ("short_thing1", "等待补正"),
    ("phrase1", "审批通过"),
    ("character_string1", "LX-2026_1122#03"),
    ("number1", "12.5"),
    ("letter1", "abc"),
    ("symbol1", "※"),
    ("time1", "15:01"),
    ("time1", "2019年10月1日 15:01"),
    ("time1", "2019年10月1日 15:01~2019年10月3日 16:00"),
    ("date1", "2019年10月1日~2019年10月3日"),
    ("date1", "2018.01.01"),
    ("date1", "01-01"),
    ("date1", "2月29日 09:00 ~ 3月1日 09:00"),
    ("amount1", "¥100,000.5元"),
    ("phone_number1", "+86-0766-66888866"),
    ("car_number1", "粤A8Z888挂"),
    ("name1", "欧阳修"),
    ("name1", "Zhang San"),
    ("const1", "已完成"),
]
DOES_NOT = [
    ("thing1", "一" * 21),
    ("thing1", "两\n行"),
    ("thing1", "   "),
    ("short_thing1", "六个字不行了"),
    ("phrase1", "已经审批通过"),
    ("phrase1", "ok"),
    ("character_string1", "编号1"),
    ("character_string1", "a" * 33),
    ("number1", "十二"),
    ("number1", "1" * 33),
    ("letter1", "a1"),
    ("symbol1", "中"),
    ("time1", "明天"),
    ("time1", "2019年10月1日"),
    ("time1", "99:99"),
    ("time1", "2024-13-45 25:61"),
    ("time1", "2024-02-30 10:00"),
    ("time1", "2024-06-2116:34"),
    ("time1", "10:00~24:00"),
    ("date1", "2024年2月30日"),
    ("date1", "13-01"),
    ("date1", "15:01"),
    ("date1", "2018-01/01"),
    ("amount1", "100万元"),
    ("phone_number1", "1" * 18),
    ("car_number1", "粤A8Z888888"),
    ("name1", "一二三四五六七八九十一"),
    ("keyword1", "旧式模板"),
    ("const1", "别的"),
]
OPEN = Template("t", "t", choices={"const1": ("已完成",)})


@pytest.mark.parametrize(("key", "value"), FITS)
def test_a_value_that_fits_its_type(key: str, value: str) -> None:
    assert fields.check({key: {"value": value}}, OPEN) == {key: value}


@pytest.mark.parametrize(("key", "value"), DOES_NOT)
def test_a_value_that_does_not(key: str, value: str) -> None:
    with pytest.raises(ApiError, match=f"47003 data.{key}.value"):
        fields.check({key: {"value": value}}, OPEN)


class TestSubscriptionNotices:
    def send(self, bench: Bench, **more: Any) -> dict[str, Any]:
        return bench.api(BIZSEND, **{"touser": bench.user, "template_id": "tmpl-policy-digest", "data": POLICY, **more})

    def test_nothing_without_consent(self, bench: Bench) -> None:
        assert self.send(bench)["errcode"] == 43101
        bench.simulator.phone.answer_consent(bench.user, {"tmpl-policy-digest": False}, long_term=True)
        assert self.send(bench)["errcode"] == 43101

    def test_a_one_time_consent_is_one_notice(self, bench: Bench) -> None:
        bench.simulator.phone.answer_consent(bench.user, {"tmpl-policy-digest": True}, long_term=False)
        bench.simulator.phone.answer_consent(bench.user, {"tmpl-policy-digest": True}, long_term=False)
        assert [self.send(bench)["errcode"] for _ in range(3)] == [0, 0, 43101]

    def test_a_long_term_consent_stays_also_after_unfollowing_until_withdrawn(self, bench: Bench) -> None:
        bench.simulator.phone.answer_consent(bench.user, {"tmpl-policy-digest": True}, long_term=True)
        bench.simulator.phone.unfollow(bench.user)
        assert [self.send(bench)["errcode"] for _ in range(2)] == [0, 0]
        bench.simulator.phone.withdraw_consent(bench.user, "tmpl-policy-digest")
        assert self.send(bench)["errcode"] == 43101
        bench.settle()
        sent = bench.callback.named("subscribe_msg_sent_event")[0]["SubscribeMsgSentEvent"]["List"]
        assert (sent["ErrorCode"], sent["ErrorStatus"]) == ("0", "success")
        assert int(sent["MsgID"]) > 2**53

    def test_a_refused_field_uses_no_consent(self, bench: Bench) -> None:
        bench.simulator.phone.answer_consent(bench.user, {"tmpl-policy-digest": True}, long_term=False)
        assert self.send(bench, template_id="tmpl-loan-progress")["errcode"] == 40037
        assert self.send(bench, data={})["errcode"] == 47003
        assert self.send(bench)["errcode"] == 0


class TestCustomMessages:
    def send(self, bench: Bench, **content: Any) -> int:
        body = content or {"msgtype": "text", "text": {"content": "好"}}
        return int(bench.api(CUSTOM, touser=bench.user, **body)["errcode"])

    def test_three_in_the_minute_after_following_then_none(self, bench: Bench) -> None:
        assert [self.send(bench) for _ in range(4)] == [0, 0, 0, 45047]
        bench.clock.time += 60
        assert self.send(bench) == 45015

    def test_five_in_the_48_hours_after_a_message_and_a_new_one_starts_over(self, bench: Bench) -> None:
        bench.clock.time += 60
        bench.simulator.phone.say(bench.user, "你好")
        bench.clock.time += 48 * 3600 - 1
        assert [self.send(bench) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
        bench.simulator.phone.say(bench.user, "在吗")
        assert self.send(bench) == 0
        bench.clock.time += 48 * 3600
        assert self.send(bench) == 45015

    def test_windows_are_independent_and_the_shortest_is_used_first(self, bench: Bench) -> None:
        bench.simulator.phone.say(bench.user, "你好")
        assert [self.send(bench) for _ in range(9)] == [0] * 8 + [45047]

    def test_unfollowing_closes_them(self, bench: Bench) -> None:
        bench.simulator.phone.unfollow(bench.user)
        assert self.send(bench) == 45015

    @pytest.mark.parametrize(
        ("content", "errcode"),
        [
            ({"msgtype": "text", "text": {"content": "汉" * 683}}, 45002),
            ({"msgtype": "text", "text": {"content": ""}}, 44004),
            ({"msgtype": "text"}, 47001),
            ({"msgtype": "table", "table": {}}, 40008),
            ({"msgtype": "news", "news": {"articles": [{"title": "a"}, {"title": "b"}]}}, 45008),
            ({"msgtype": "image", "image": {"media_id": "nope"}}, 40007),
            ({"msgtype": "news", "news": {"articles": [{"title": "a", "url": "https://a"}]}}, 0),
            ({"msgtype": "msgmenu", "msgmenu": {"head_content": "?", "list": [{"id": "1", "content": "是"}]}}, 0),
        ],
    )
    def test_contents(self, bench: Bench, content: dict[str, Any], errcode: int) -> None:
        assert self.send(bench, **content) == errcode

    def test_typing_needs_a_message_within_thirty_seconds(self, bench: Bench) -> None:
        def typing(command: str = "Typing") -> int:
            body = {"touser": bench.user, "command": command}
            return int(bench.api("cgi-bin/message/custom/typing", **body)["errcode"])

        assert typing() == 45080
        bench.simulator.phone.say(bench.user, "你好")
        assert [typing(), typing(), typing("CancelTyping"), typing("Dancing")] == [0, 45081, 0, 45072]
        bench.clock.time += 31
        assert typing() == 45080


class TestRefusedCalls:
    def look(self, bench: Bench, rid: str) -> dict[str, Any]:
        return bench.api("cgi-bin/openapi/rid/get", rid=rid)

    def test_one_is_found_again_by_its_request_id(self, bench: Bench) -> None:
        refused = bench.send_loan(touser="oUnknown")
        found = self.look(bench, refused["errmsg"].partition("rid: ")[2])["request"]
        assert json.loads(found["response_body"]) == refused
        assert json.loads(found["request_body"])["touser"] == "oUnknown"
        assert found["request_url"] == f"{SEND}?access_token=***"
        assert (found["invoke_time"], found["client_ip"]) == (int(bench.clock.time), "127.0.0.1")

    def test_the_fetch_of_a_token_keeps_no_secret(self, bench: Bench) -> None:
        refused = bench.fetch_token(secret="not-the-secret")
        found = self.look(bench, refused["errmsg"].partition("rid: ")[2])
        assert "not-the-secret" not in str(found)

    def test_unknown_misspelt_and_after_seven_days(self, bench: Bench) -> None:
        refused = bench.send_loan(touser="oUnknown")
        assert self.look(bench, "61725984-6126f6f9-040f19c4")["errcode"] == 76001
        assert self.look(bench, "x")["errcode"] == 76002
        bench.clock.time += 7 * 86400
        assert self.look(bench, refused["errmsg"].partition("rid: ")[2])["errcode"] == 76001


CLICK = {"type": "click", "name": "a", "key": "k"}


class TestMenu:
    @pytest.mark.parametrize(
        ("buttons", "errcode"),
        [
            ([], 40016),
            ([CLICK] * 4, 40016),
            ([{**CLICK, "type": "jump"}], 40017),
            ([{**CLICK, "name": "一二三四五六"}], 40018),
            ([{**CLICK, "key": ""}], 40019),
            ([{"type": "view", "name": "a", "url": "https://a/" + "b" * 1024}], 40020),
            ([{"name": "a", "sub_button": [CLICK] * 6}], 40023),
            ([{"name": "a", "sub_button": [{**CLICK, "type": ""}]}], 40024),
            ([{"name": "a", "sub_button": [{**CLICK, "name": "一" * 21}]}], 40025),
            ([{"name": "a", "sub_button": [{**CLICK, "key": "k" * 129}]}], 40026),
            ([{"name": "a", "sub_button": [{**CLICK, "name": "一" * 20}] * 5}] * 3, 0),
        ],
    )
    def test_limits(self, bench: Bench, buttons: list[Any], errcode: int) -> None:
        assert bench.api("cgi-bin/menu/create", button=buttons)["errcode"] == errcode

    def test_created_read_and_deleted(self, bench: Bench) -> None:
        assert bench.get("cgi-bin/menu/get")["errcode"] == 46003
        bench.api("cgi-bin/menu/create", button=[CLICK])
        assert bench.get("cgi-bin/menu/get") == {"menu": {"button": [CLICK]}}
        assert bench.get("cgi-bin/menu/delete")["errcode"] == 0
        assert bench.get("cgi-bin/menu/get")["errcode"] == 46003

    def test_escaped_chinese_is_refused(self, bench: Bench) -> None:
        body = json.dumps({"button": [{**CLICK, "name": "政策"}]}).encode()
        answer = bench.answer("POST", "cgi-bin/menu/create", {"access_token": bench.token()}, body)
        assert answer.json()["errcode"] == 40033


class TestOAuth:
    def code(self, bench: Bench, scope: str = "snsapi_base", **query: str) -> str:
        asked = {
            "appid": bench.config.app_id,
            "redirect_uri": "http://127.0.0.1/h5/back?p=1",
            "response_type": "code",
            "scope": scope,
            "state": "s1",
            **query,
        }
        answer = bench.answer("GET", "connect/oauth2/authorize", asked, Cookie=f"simulator_user={bench.user}")
        assert answer.status == 302, answer.body.decode()
        back = urlsplit(answer.headers["Location"])
        found = parse_qs(back.query)
        assert (back.path, found["p"], found["state"]) == ("/h5/back", ["1"], ["s1"])
        return found["code"][0]

    def exchange(self, bench: Bench, code: str) -> dict[str, Any]:
        query = {"appid": bench.config.app_id, "secret": bench.config.app_secret, "code": code}
        answer: dict[str, Any] = bench.answer("GET", "sns/oauth2/access_token", query).json()
        return answer

    def test_a_code_works_once(self, bench: Bench) -> None:
        code = self.code(bench)
        found = self.exchange(bench, code)
        assert (found["openid"], found["scope"], found["expires_in"]) == (bench.user, "snsapi_base", 7200)
        assert "is_snapshotuser" not in found
        assert self.exchange(bench, code)["errcode"] == 40163
        assert self.exchange(bench, "made-up")["errcode"] == 40029

    def test_a_code_lasts_five_minutes(self, bench: Bench) -> None:
        code = self.code(bench)
        bench.clock.time += 300
        assert self.exchange(bench, code)["errcode"] == 40029

    def test_userinfo_needs_its_scope_and_tells_little(self, bench: Bench) -> None:
        for scope, expected in (("snsapi_base", 48001), ("snsapi_userinfo", 0)):
            token = self.exchange(bench, self.code(bench, scope))["access_token"]
            query = {"access_token": token, "openid": bench.user}
            answer = bench.answer("GET", "sns/userinfo", query).json()
            assert answer.get("errcode", 0) == expected
        assert answer["nickname"] == "微信用户"

    def test_a_snapshot_user_says_so(self, bench: Bench) -> None:
        bench.user = bench.simulator.phone.add_user("路人", snapshot=True)
        assert self.exchange(bench, self.code(bench))["is_snapshotuser"] == 1

    @pytest.mark.parametrize(
        "wrong", [{"appid": "wx0"}, {"redirect_uri": "javascript:1"}, {"scope": "all"}, {"response_type": "token"}]
    )
    def test_wrong_requests_do_not_redirect(self, bench: Bench, wrong: dict[str, str]) -> None:
        with pytest.raises(AssertionError):
            self.code(bench, **wrong)

    def test_other_domains_do_not_get_a_code(self, make: Make) -> None:
        with pytest.raises(AssertionError, match="10003"):
            self.code(make(oauth_domains=frozenset({"lx.gov.cn"})))

    def test_nobody_at_the_phone(self, bench: Bench) -> None:
        bench.user = ""
        with pytest.raises(AssertionError, match="选择一个用户"):
            self.code(bench)


class TestTheRest:
    def test_user_info_tells_following_and_scene_but_no_name(self, bench: Bench) -> None:
        found = bench.get("cgi-bin/user/info", openid=bench.user)
        assert (found["subscribe"], found["subscribe_scene"]) == (1, "ADD_SCENE_SEARCH")
        assert "nickname" not in found
        bench.simulator.phone.unfollow(bench.user)
        assert bench.get("cgi-bin/user/info", openid=bench.user) == {"subscribe": 0, "openid": bench.user}
        assert bench.get("cgi-bin/user/info", openid="oNobody")["errcode"] == 40003

    def test_followers_in_order(self, bench: Bench) -> None:
        found = bench.get("cgi-bin/user/get")
        assert (found["total"], found["data"]["openid"]) == (1, [bench.user])
        assert bench.get("cgi-bin/user/get", next_openid=bench.user)["count"] == 0

    @pytest.mark.parametrize(
        ("body", "errcode"),
        [
            ({"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 7}}}, 0),
            ({"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "a" * 64}}}, 0),
            ({"action_name": "QR_LIMIT_SCENE", "action_info": {"scene": {"scene_id": 100_001}}}, 40053),
            ({"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": ""}}}, 40053),
            ({"action_name": "QR_STR_SCENE", "action_info": {}}, 40053),
            (
                {
                    "action_name": "QR_STR_SCENE",
                    "expire_seconds": 2_592_001,
                    "action_info": {"scene": {"scene_str": "a"}},
                },
                40053,
            ),
        ],
    )
    def test_qr_codes(self, bench: Bench, body: dict[str, Any], errcode: int) -> None:
        answer = bench.api("cgi-bin/qrcode/create", **body)
        assert answer.get("errcode", 0) == errcode
        assert ("ticket" in answer) == (errcode == 0)

    def test_the_jsapi_ticket_is_the_same_until_it_ends(self, bench: Bench) -> None:
        first = bench.get("cgi-bin/ticket/getticket", type="jsapi")
        bench.clock.time += 7199
        assert bench.get("cgi-bin/ticket/getticket", type="jsapi")["ticket"] == first["ticket"]
        bench.clock.time += 1
        assert bench.get("cgi-bin/ticket/getticket", type="jsapi")["ticket"] != first["ticket"]

    def test_the_daily_quota_is_counted_told_and_enforced_until_midnight_in_china(self, make: Make) -> None:
        bench = make(daily_limits={SEND: 3})
        assert [bench.send_loan()["errcode"] for _ in range(4)] == [0, 0, 0, 45009]
        quota = bench.api("cgi-bin/openapi/quota/get", cgi_path=f"/{SEND}")["quota"]
        assert quota == {"daily_limit": 3, "used": 3, "remain": 0}
        bench.clock.time += 86400 - (bench.clock.time + 8 * 3600) % 86400
        assert bench.send_loan()["errcode"] == 0

    def test_the_minute_has_a_limit_too(self, make: Make) -> None:
        bench = make(minute_limits={SEND: 1})
        assert [bench.send_loan()["errcode"] for _ in range(2)] == [0, 45011]
        bench.clock.time += 60
        assert bench.send_loan()["errcode"] == 0

    def test_wrong_methods_bodies_and_paths(self, bench: Bench) -> None:
        query = {"access_token": bench.token()}
        assert bench.answer("GET", SEND, query).json()["errcode"] == 43002
        assert bench.answer("POST", "cgi-bin/menu/get", query).json()["errcode"] == 43001
        assert bench.answer("POST", SEND, query).json()["errcode"] == 44002
        assert bench.answer("POST", SEND, query, b"[1]").json()["errcode"] == 47001
        assert bench.answer("POST", SEND, query, b'{"touser": 1}').json()["errcode"] == 47001
        assert bench.answer("POST", "cgi-bin/message/mass/speed/set", query).json()["errcode"] == 40066

    @pytest.mark.parametrize("mount", ["/simulator/api/", "/api/", "/", "/simulator/"])
    def test_every_mount_answers_the_same(self, bench: Bench, mount: str) -> None:
        query = {"access_token": bench.token()}
        answer = bench.simulator.handle("GET", f"{mount}cgi-bin/user/get", query, {}, b"")
        assert answer.json()["total"] == 1
