"""Scenarios: how the platform misbehaves, by rule, repeatably.

A scenario file is JSON::

    {"seed": 7, "rules": [
      {"api": "message/template/send", "fault": "error", "errcode": -1, "probability": 0.05},
      {"api": "*",                     "fault": "error", "errcode": 40001, "after": 10, "count": 1},
      {"api": "message/template/send", "fault": "slow", "seconds": 8, "delivered": true, "sequence": [3, 17]},
      {"api": "message/template/send", "fault": "http", "status": 502, "probability": 0.01, "delivered": true},
      {"api": "menu/create",           "fault": "html"},
      {"api": "message/custom/send",   "fault": "reset", "probability": 0.01, "delivered": true},
      {"api": "message/template/send", "fault": "hold", "seconds": 30},
      {"api": "message/template/send", "fault": "undelivered", "value": "failed: system failed"},
      {"api": "user/info",             "fault": "revoke", "count": 1},
      {"push": "TEMPLATESENDJOBFINISH", "fault": "lost", "probability": 0.02},
      {"push": "text", "fault": "twice"}
    ]}

Which calls a rule is for: ``api`` is the end of an API's path, or ``*``; ``push`` is a MsgType or an Event's name, or
``*``; ``openid`` narrows it to one user. Of the calls it is for, numbered from 1, a rule fires on those after
``after``, in ``sequence`` when that is given, at most ``count`` times, with ``probability``. The first rule that fires
wins. The draw depends on ``seed``, the rule and the number of the call only, so a run can be repeated; the numbers
survive a restart.

Faults of an API: ``error`` (answers ``errcode`` in the platform's own words: an address that is not on the whitelist
and the field of a template are named), ``http`` (answers ``status``), ``html`` (a proxy's page with status 200),
``slow`` (answers after ``seconds``), ``reset`` (the connection breaks without an answer), ``hold`` (40252 now, delivery
after ``seconds``), ``undelivered`` (accepted, but the receipt says ``value``), ``revoke`` (the access token stops
working before the call). With ``delivered`` an ``error``, ``http``, ``html``, ``slow`` or ``reset`` comes after the
call has had its effect, so that the caller cannot know.

Faults of a push: ``lost``, ``twice`` (both at once), ``late`` (by ``seconds``), ``zero_msgid`` (``MsgID`` is 0),
``drop`` (the first answer is thrown away, as when the connection breaks, so the push is delivered again).
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from simulator.state import State

ApiFault = Literal["error", "http", "html", "slow", "reset", "hold", "undelivered", "revoke"]
PushFault = Literal["lost", "twice", "late", "zero_msgid", "drop"]
_PUSH_FAULTS = frozenset({"lost", "twice", "late", "zero_msgid", "drop"})
_ALL = "*"

PUSHES = frozenset(
    "text image voice location subscribe unsubscribe SCAN CLICK VIEW view_miniprogram subscribe_msg_popup_event "
    "subscribe_msg_change_event subscribe_msg_sent_event user_info_modified user_authorization_revoke "
    "TEMPLATESENDJOBFINISH MASSSENDJOBFINISH".split()
)
"""What the simulator pushes, by MsgType or by the Event's name."""

_CHINESE = {
    "missing": "没有写",
    "extra_forbidden": "没有这一项，请核对写法",
    "literal_error": "只能是这些之一：{expected}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "value_error": "{error}",
}
_WRONG_TYPE = "写法不对（要的是 {kind}）"


class ScenarioError(Exception):
    """A scenario file cannot be used; the text, in Chinese, names the file, the rules and their fields."""


class Rule(BaseModel):
    """One rule of a scenario; the module's docstring says what the fields mean. ``seconds`` are seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api: str = ""
    push: str = ""
    openid: str = ""
    fault: Literal[ApiFault, PushFault]
    errcode: int = -1
    status: int = Field(default=502, ge=400, le=599)
    seconds: float = Field(default=0, ge=0)
    value: str = "failed: system failed"
    delivered: bool = False
    probability: float = Field(default=1, ge=0, le=1)
    count: int | None = Field(default=None, ge=0)
    after: int = Field(default=0, ge=0)
    sequence: frozenset[int] = frozenset()

    @field_validator("api")
    @classmethod
    def _is_an_api(cls, api: str) -> str:
        """A rule for a name misspelt would never fire, and what is tested with it would pass."""
        from simulator.platform.routes import ENDPOINTS  # which takes rules itself: not at import

        if api not in ("", _ALL) and not any(_ends(path, api) for path in ENDPOINTS):
            raise ValueError(f"没有这个接口：{api}（写路径的末尾，如 message/template/send，或写 *）")
        return api

    @field_validator("push")
    @classmethod
    def _is_a_push(cls, push: str) -> str:
        if push not in ("", _ALL) and push not in PUSHES:
            raise ValueError(f"没有这种推送：{push}（写 MsgType 或 Event 的名称，或写 *）")
        return push

    @field_validator("errcode")
    @classmethod
    def _is_an_error(cls, errcode: int) -> int:
        if errcode == 0:
            raise ValueError("0 是成功，不是错误码")
        return errcode

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if bool(self.api) == bool(self.push):
            raise ValueError("api 和 push 要写一个，且只写一个")
        if bool(self.push) != (self.fault in _PUSH_FAULTS):
            wanted = sorted(_PUSH_FAULTS) if self.push else get_args(ApiFault)
            raise ValueError(
                f"{'push' if self.push else 'api'} 的 fault 只能是 {'、'.join(wanted)}，不能是 {self.fault}"
            )
        return self

    def is_for_api(self, path: str, openid: str) -> bool:
        return bool(self.api) and (self.api == _ALL or _ends(path, self.api)) and self.openid in ("", openid)

    def is_for_push(self, name: str, openid: str) -> bool:
        return bool(self.push) and self.push in (_ALL, name) and self.openid in ("", openid)


def _ends(path: str, name: str) -> bool:
    return path == name or path.endswith("/" + name)


class Scenario(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    rules: tuple[Rule, ...] = ()


def load_scenario(path: Path) -> Scenario:
    """Raises ScenarioError naming the file and each wrong field."""
    try:
        return parse_scenario(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"读不出场景文件 {path}：{error.strerror}") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"场景文件 {path} 不是 UTF-8 文本") from None
    except ValueError as error:
        raise ScenarioError(f"场景文件 {path}：{error}") from None


def parse_scenario(text: str) -> Scenario:
    """Raises ValueError whose text, in Chinese, lists each wrong field."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"第 {error.lineno} 行第 {error.colno} 个字符起不是 JSON") from None
    try:
        return Scenario.model_validate(found)
    except ValidationError as error:
        raise ValueError("；".join(_problem(each) for each in error.errors(include_url=False))) from None


def _problem(error: ErrorDetails) -> str:
    """``第 2 条规则的 probability：不能大于 1``."""
    loc = error["loc"]
    of_rule = len(loc) > 1 and loc[0] == "rules"
    where = f"第 {int(loc[1]) + 1} 条规则" if of_rule else "场景"
    name = ".".join(map(str, loc[2:] if of_rule else loc))
    text = _CHINESE.get(error["type"], _WRONG_TYPE)
    what = text.format(**error.get("ctx", {}), kind=error["type"].removesuffix("_parsing").removesuffix("_type"))
    return f"{where}{f'的 {name}' if name else ''}：{what}"


class Faults:
    """Decides for each call and push whether a rule fires. Numbers are kept in the state file."""

    def __init__(self, state: State, scenario: Scenario) -> None:
        self._state = state
        self.scenario = scenario

    def replace(self, scenario: Scenario) -> None:
        """Start another scenario, numbering from 1 again."""
        with self._state.write():
            self._state.execute("DELETE FROM fault_hits")
            self._state.set_setting("scenario", scenario.model_dump_json())
            self.scenario = scenario

    def for_api(self, path: str, openid: str) -> Rule | None:
        return self._first([n for n, rule in enumerate(self.scenario.rules) if rule.is_for_api(path, openid)])

    def for_push(self, name: str, openid: str) -> Rule | None:
        assert name in PUSHES, f"{name} is missing in PUSHES"
        return self._first([n for n, rule in enumerate(self.scenario.rules) if rule.is_for_push(name, openid)])

    def _first(self, candidates: list[int]) -> Rule | None:
        if not candidates:
            return None
        with self._state.write():
            for number in candidates:
                if self._fires(number):
                    return self.scenario.rules[number]
        return None

    def _fires(self, number: int) -> bool:
        rule = self.scenario.rules[number]
        row = self._state.row("SELECT seen, fired FROM fault_hits WHERE rule = ?", str(number))
        seen, fired = (row["seen"] + 1, row["fired"]) if row else (1, 0)
        fires = (
            seen > rule.after
            and (not rule.sequence or seen in rule.sequence)
            and (rule.count is None or fired < rule.count)
            and random.Random(f"{self.scenario.seed}/{number}/{seen}").random() < rule.probability
        )
        self._state.execute(
            "INSERT INTO fault_hits VALUES (?, ?, ?)"
            " ON CONFLICT (rule) DO UPDATE SET seen = excluded.seen, fired = excluded.fired",
            str(number),
            seen,
            fired + fires,
        )
        return fires
