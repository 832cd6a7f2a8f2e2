"""Scenarios: every fault does what it says, as often as it says, and a run can be repeated."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib.wechat import errors
from simulator import faults
from simulator.faults import Faults, Scenario, ScenarioError, load_scenario
from simulator.http import Server, text_response
from simulator.platform.errors import WORDS
from simulator.state import State
from simulator.world import World
from tests.functional.simulator.conftest import LOAN, Bench, reply

Make = Callable[..., Bench]
SEND = "message/template/send"


@pytest.mark.parametrize("errcode", [-1, 45009, 45011, 43101, 43117, 47003])
def test_an_error_once_then_all_is_well(bench: Bench, errcode: int) -> None:
    bench.scenario({"api": SEND, "fault": "error", "errcode": errcode, "count": 1})
    assert [bench.send_loan(client_msg_id="n1")["errcode"] for _ in range(2)] == [errcode, 0]
    assert bench.seen("template") == ["notice"]


def test_an_invalid_token_for_ever_whatever_is_called(bench: Bench) -> None:
    token = bench.token()
    bench.scenario({"api": "*", "fault": "error", "errcode": 40001})
    assert {bench.send_loan(token=token)["errcode"] for _ in range(5)} == {40001}


def test_a_revoked_token_works_again_only_after_a_fetch(bench: Bench) -> None:
    token = bench.token()
    bench.scenario({"api": SEND, "fault": "revoke", "count": 1})
    assert [bench.send_loan(token=token)["errcode"] for _ in range(2)] == [40001, 40001]
    assert bench.send_loan()["errcode"] == 0


@pytest.mark.parametrize(
    ("rule", "status", "kind"),
    [
        ({"fault": "http", "status": 502}, 502, "text/html"),
        ({"fault": "html"}, 200, "text/html"),
        ({"fault": "error", "errcode": -1}, 200, "application/json"),
        ({"fault": "slow", "seconds": 0.05}, 200, "application/json"),
    ],
)
@pytest.mark.parametrize("delivered", [False, True])
def test_an_ambiguous_answer_may_have_delivered(
    bench: Bench, rule: dict[str, Any], status: int, kind: str, delivered: bool
) -> None:
    token = bench.token()
    bench.scenario({"api": SEND, "delivered": delivered, "count": 1, **rule})
    body = json.dumps({"touser": bench.user, "template_id": "tmpl-case-progress", "client_msg_id": "n1", "data": CASE})
    query = {"access_token": token}
    answer = bench.answer("POST", f"cgi-bin/{SEND}", query, body.encode())
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith(kind)
    reached = delivered or rule["fault"] == "slow"
    assert bench.seen("template") == ["notice"] * reached
    assert bench.answer("POST", f"cgi-bin/{SEND}", query, body.encode()).json()["errcode"] == 0
    assert bench.seen("template") == ["notice"]


@pytest.mark.parametrize(
    ("errcode", "words"),
    [
        (40164, "invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist"),
        (61004, "access clientip is not registered requestIP: 127.0.0.1"),
        (47003, "argument invalid! data.thing1.value invalid"),
        (43101, "user refuse to accept the msg"),
        (48004, "api forbidden for irregularities, view detail on mp.weixin.qq.com"),
    ],
)
def test_an_injected_error_has_the_words_of_its_own(bench: Bench, errcode: int, words: str) -> None:
    bench.scenario({"api": SEND, "fault": "error", "errcode": errcode})
    assert bench.send_loan()["errmsg"].startswith(f"{words} rid: ")


def test_every_code_with_a_reaction_can_be_given_in_words() -> None:
    assert set(errors.RULES) - {0} <= set(WORDS)


@pytest.mark.parametrize("delivered", [False, True])
def test_a_connection_that_breaks_gives_no_answer(bench: Bench, delivered: bool) -> None:
    query = urlencode({"access_token": bench.token()})
    bench.scenario({"api": SEND, "fault": "reset", "count": 1, "delivered": delivered})
    body = json.dumps({"touser": bench.user, "template_id": "tmpl-loan-progress", "client_msg_id": "n1", "data": LOAN})
    with Server("127.0.0.1", 0, bench.simulator.answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        line = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        with closing(line), pytest.raises(ConnectionResetError):
            line.request("POST", f"/cgi-bin/{SEND}?{query}", body.encode())
            line.getresponse()
        server.shutdown()
    assert bench.seen("template") == ["notice"] * delivered


CASE = {
    "thing1": {"value": "不动产转移登记"},
    "character_string2": {"value": "LX20261116001"},
    "phrase3": {"value": "待补正"},
    "time4": {"value": "2026-11-17 09:00"},
}


def test_a_slow_answer_has_delivered_before_it_comes(bench: Bench) -> None:
    seen_while_waiting: list[list[str]] = []
    bench.simulator.platform._sleep = lambda seconds: seen_while_waiting.append(bench.seen("template"))
    bench.scenario({"api": SEND, "fault": "slow", "seconds": 8, "delivered": True})
    assert bench.send_loan()["errcode"] == 0
    assert seen_while_waiting == [["notice"]]


def test_a_held_message_is_delivered_later_and_a_repeat_changes_nothing(bench: Bench) -> None:
    bench.scenario({"api": SEND, "fault": "hold", "seconds": 30, "count": 1})
    first = bench.send_loan(client_msg_id="n1")
    assert first["errcode"] == 40252
    assert "msgid" not in first
    assert bench.send_loan(client_msg_id="n1")["errcode"] == 40252
    assert bench.seen("template") == []
    bench.clock.time += 30
    bench.settle()
    assert bench.seen("template") == ["notice"]
    (receipt,) = bench.callback.named("TEMPLATESENDJOBFINISH")
    assert receipt["Status"] == "success"


@pytest.mark.parametrize("status", ["failed: system failed", "failed:freq limit"])
def test_accepted_but_not_delivered(bench: Bench, status: str) -> None:
    bench.scenario({"api": SEND, "fault": "undelivered", "value": status})
    assert bench.send_loan()["errcode"] == 0
    bench.settle()
    assert bench.callback.named("TEMPLATESENDJOBFINISH")[0]["Status"] == status
    assert bench.seen("template") == []


@pytest.mark.parametrize(("fault", "receipts"), [("lost", 0), ("twice", 2), ("zero_msgid", 1)])
def test_receipts_get_lost_doubled_and_lose_their_id(bench: Bench, fault: str, receipts: int) -> None:
    bench.scenario({"push": "TEMPLATESENDJOBFINISH", "fault": fault})
    msgid = bench.send_loan()["msgid"]
    bench.settle()
    found = bench.callback.named("TEMPLATESENDJOBFINISH")
    assert [receipt["MsgID"] for receipt in found] == ["0" if fault == "zero_msgid" else str(msgid)] * receipts
    assert bench.seen("template") == ["notice"]


def test_a_late_receipt_comes_when_its_time_has_come(bench: Bench) -> None:
    bench.scenario({"push": "TEMPLATESENDJOBFINISH", "fault": "late", "seconds": 3600})
    bench.send_loan()
    assert bench.simulator.world.pending() == 1
    assert not bench.callback.named("TEMPLATESENDJOBFINISH")
    bench.clock.time += 3600
    bench.settle()
    assert len(bench.callback.named("TEMPLATESENDJOBFINISH")) == 1


@pytest.mark.parametrize("fault", ["twice", "drop"])
def test_a_message_delivered_twice_shows_one_answer(bench: Bench, fault: str) -> None:
    bench.callback.answer = lambda push: text_response(reply(push))
    bench.scenario({"push": "text", "fault": fault})
    bench.simulator.phone.say(bench.user, "你好")
    bench.settle()
    first, second = bench.callback.named("text")
    assert first["MsgId"] == second["MsgId"]
    assert bench.seen() == ["你好", "好"]


def test_a_rule_counts_from_after_and_keeps_to_its_sequence(bench: Bench) -> None:
    bench.scenario(
        {"api": SEND, "fault": "error", "errcode": -1, "sequence": [2, 4]},
        {"api": SEND, "fault": "error", "errcode": 45011, "after": 3},
        {"api": SEND, "fault": "error", "errcode": 43117, "openid": "oSomeoneElse"},
    )
    # The second rule sees only the calls that the first let pass: calls 1, 3 and 5, 6, 7.
    assert [bench.send_loan()["errcode"] for _ in range(7)] == [0, -1, 0, -1, 0, 45011, 45011]


def draws(path: Path, seed: int, number: int) -> list[bool]:
    state = State(path)
    scenario = Scenario.model_validate({"seed": seed, "rules": [{"api": "*", "fault": "error", "probability": 0.3}]})
    fired = [Faults(state, scenario).for_api("menu/get", "") is not None for _ in range(number)]
    state.close()
    return fired


def test_a_run_can_be_repeated_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    whole = draws(tmp_path / "a.db", 7, 400)
    assert draws(tmp_path / "b.db", 7, 200) + draws(tmp_path / "b.db", 7, 200) == whole
    assert draws(tmp_path / "c.db", 8, 400) != whole
    assert 80 < sum(whole) < 160


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "第 1 行第 2 个字符起不是 JSON"),
        ("[]", "场景：写法不对"),
        ('{"rules": 3}', "场景的 rules：写法不对"),
        ('{"rules": [{"api": "*"}]}', "第 1 条规则的 fault：没有写"),
        ('{"rules": [{"api": "*", "fault": "explode"}]}', "第 1 条规则的 fault：只能是这些之一：.*'revoke'"),
        ('{"rules": [{"api": "*", "push": "text", "fault": "error"}]}', "第 1 条规则：api 和 push 要写一个"),
        ('{"rules": [{"push": "text", "fault": "error"}]}', "push 的 fault 只能是 drop、late"),
        ('{"rules": [{"api": "*", "fault": "error", "odds": 1}]}', "第 1 条规则的 odds：没有这一项"),
        ('{"rules": [{"api": "*", "fault": "error", "probability": 2}]}', "probability：不能大于 1"),
        ('{"rules": [{"api": "*", "fault": "error", "count": "many"}]}', r"count：写法不对（要的是 int）"),
        ('{"rules": [{"api": "template/sent", "fault": "error"}]}', "第 1 条规则的 api：没有这个接口"),
        ('{"rules": [{"api": "emplate/send", "fault": "error"}]}', "第 1 条规则的 api：没有这个接口"),
        ('{"rules": [{"push": "txt", "fault": "lost"}]}', "第 1 条规则的 push：没有这种推送"),
        ('{"rules": [{"api": "*", "fault": "error", "errcode": 0}]}', "第 1 条规则的 errcode：0 是成功"),
    ],
)
def test_a_bad_scenario_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=words) as refused:
        load_scenario(path)
    assert str(path) in str(refused.value)
    with pytest.raises(ScenarioError, match=r"读不出场景文件 .*missing\.json"):
        load_scenario(tmp_path / "missing.json")
    path.write_bytes("{}规则".encode("gbk"))
    with pytest.raises(ScenarioError, match="不是 UTF-8"):
        load_scenario(path)


def test_a_scenario_kept_by_an_older_simulator_keeps_nobody_from_starting(make: Callable[..., Bench]) -> None:
    world = make().simulator.world
    world.state.set_setting("scenario", '{"rules": [{"api": "template/sent", "fault": "error"}]}')
    assert World(world.config).faults.scenario == Scenario()


def test_the_example_in_the_documentation_is_a_scenario() -> None:
    text = str(faults.__doc__)
    example = text[text.index("    {") : text.index("Which calls")]
    assert len(Scenario.model_validate(json.loads(example)).rules) == 11
