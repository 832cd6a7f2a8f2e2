"""Versions of a policy and their states (发布与复核): who moved which version from where to where, for good.

Rows of ``policy#{id}``: ``version#{n}`` is one version with its state, ``log#{stamp}…`` a line of the append-only log.
The rule of a version that was ever published does not change again: a changed rule is a new version. Which version the
catalogue shows follows from the states (``shown``); ``content/publishing.py`` moves both in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from pydantic import ConfigDict

from chalicelib.errors import Refusal
from chalicelib.people import same_person
from chalicelib.policies import golden
from chalicelib.policies.model import Policy, State
from chalicelib.ports import Put, Record, Store
from chalicelib.shape import Shape
from chalicelib.times import stamp

STATE_NAMES: Mapping[State, str] = {
    State.DRAFT: "草稿",
    State.REVIEWED: "已复核",
    State.PUBLISHED: "已发布",
    State.SUSPENDED: "已暂停",
    State.WITHDRAWN: "已撤回",
}
LIVE = frozenset({State.PUBLISHED, State.SUSPENDED})
"""At most one version of a policy is in one of these."""
_SETTLED = LIVE | {State.WITHDRAWN}

EDITORIAL = frozenset(
    "state author reviewer prov source_url source_note verified_at verified_by channel contact note asks golden".split()
)
"""Fields that may be corrected in a published version: who vouches for it and how to ask, not who gets what. Every
field that is not named here is the rule."""


@dataclass(frozen=True, slots=True)
class Step:
    """One move of an operator. ``done`` is how the log says it."""

    name: str
    before: frozenset[State]
    after: State
    done: str


STEPS: Mapping[str, Step] = {
    step.name: step
    for step in (
        Step("submit", frozenset({State.DRAFT}), State.DRAFT, "提交复核"),
        Step("review", frozenset({State.DRAFT}), State.REVIEWED, "复核通过"),
        Step("publish", frozenset({State.REVIEWED, State.SUSPENDED}), State.PUBLISHED, "发布"),
        Step("suspend", frozenset({State.PUBLISHED}), State.SUSPENDED, "暂停"),
        Step("withdraw", frozenset(State) - {State.WITHDRAWN}, State.WITHDRAWN, "撤回"),
    )
}


class Change(Shape):
    """One line of the log. ``before`` None: the version came in."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    by: str
    version: int
    before: State | None
    after: State
    note: str


@dataclass(frozen=True, slots=True)
class Edition:
    """A version as it stands; ``row`` is the store's version of its row, None before it is written."""

    policy: Policy
    row: int | None = None

    @property
    def live(self) -> bool:
        return self.policy.state in LIVE

    def moved(self, to: Policy, by: str, now: datetime, note: str) -> tuple[Edition, list[Put]]:
        """The version after a change, and the rows that make it so."""
        change = Change(
            at=now,
            by=by,
            version=to.version,
            before=self.policy.state if self.row is not None else None,
            after=to.state,
            note=note,
        )
        return Edition(to, self.row or 0), [_put(to, self.row), _logged(to.id, change)]


def editions(store: Store, policy_id: str) -> list[Edition]:
    """All versions, the oldest first."""
    rows = _rows(store, policy_id, "version#")
    return [Edition(Policy.model_validate(row.body["policy"]), row.version) for row in rows]


def log_of(store: Store, policy_id: str) -> list[Change]:
    """The whole log, the oldest first."""
    return [Change.model_validate(row.body) for row in _rows(store, policy_id, "log#")]


def shown(held: Sequence[Edition]) -> Policy:
    """The version that the catalogue shows: the live one, otherwise the newest."""
    live = [each for each in held if each.live]
    return (live or list(held))[-1].policy


def rule_changes(old: Policy, new: Policy) -> list[str]:
    """Chinese titles of the fields of the rule that differ."""
    rule = {name: title for name, title in _titles().items() if name not in EDITORIAL}
    return [title for name, title in rule.items() if getattr(old, name) != getattr(new, name)]


def differences(old: Policy, new: Policy) -> list[tuple[str, Any, Any]]:
    """(Chinese title, before, after) of every field that differs, in JSON form."""
    one, other = old.model_dump(mode="json"), new.model_dump(mode="json")
    return [(title, one[field], other[field]) for field, title in _titles().items() if one[field] != other[field]]


def settled(edition: Edition) -> bool:
    """Whether it was ever published, so that its rule stands for good."""
    return edition.policy.state in _SETTLED


def check_step(step: Step, policy: Policy, by: str) -> None:
    """Raises Refusal when this person may not do this now."""
    where = f"政策 {policy.id} 第 {policy.version} 版"
    if not by.strip():
        raise Refusal(f"{where}：要写明经办人（--by）。")
    if policy.state not in step.before:
        allowed = "、".join(STATE_NAMES[state] for state in State if state in step.before)
        raise Refusal(f"{where}现在是“{STATE_NAMES[policy.state]}”，不能{step.done}；要先是：{allowed}。")
    if step.name == "review" and policy.author is None:
        raise Refusal(f"{where}还没有提交复核。请编制人先运行 policy submit {policy.id} --by 姓名。")
    if step.name == "review" and policy.author and same_person(policy.author, by):
        raise Refusal(f"{where}由 {by} 编制，复核人要换一个人。")
    if step.name == "publish":
        problems = golden.failures(policy) if policy.state is State.SUSPENDED else unpublishable(policy)
        if problems:
            raise Refusal(f"{where}不能发布：{'；'.join(problems)}。")


def unpublishable(policy: Policy) -> list[str]:
    """Why it must not be published: no second person, no golden case, or one that does not hold."""
    return unsigned(policy) + golden.failures(policy)


def unsigned(policy: Policy) -> list[str]:
    """What is missing of the two people and the golden case that a publication takes."""
    reasons = []
    if not policy.author or not policy.reviewer or same_person(policy.author, policy.reviewer):
        reasons.append("要有编制人和复核人，且不是同一个人")
    if not policy.golden:
        reasons.append("没有用例，请在“用例”列至少写一个")
    return reasons


def _titles() -> dict[str, str]:
    return {name: field.title or name for name, field in Policy.model_fields.items()}


def _put(policy: Policy, row: int | None) -> Put:
    record = Record(_pk(policy.id), f"version#{policy.version:06}", {"policy": policy.model_dump(mode="json")})
    return Put(record, if_absent=row is None, if_version=row)


def _logged(policy_id: str, change: Change) -> Put:
    key = f"log#{stamp(change.at)}#{change.version:06}#{uuid4().hex[:8]}"
    return Put(Record(_pk(policy_id), key, change.model_dump(mode="json")), if_absent=True)


def _rows(store: Store, policy_id: str, prefix: str) -> list[Record]:
    rows: list[Record] = []
    page: str | None = None
    while True:
        got = store.query(_pk(policy_id), prefix=prefix, page=page, limit=200)
        rows += got.records
        page = got.next
        if page is None:
            return rows


def _pk(policy_id: str) -> str:
    return f"policy#{policy_id}"
