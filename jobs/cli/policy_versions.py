"""``policy``: the versions of a policy: review, publication, history, difference, rollback (发布)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from chalicelib import bootstrap
from chalicelib.content.publishing import PolicyPublisher
from chalicelib.errors import BadInput
from chalicelib.policies.editions import STATE_NAMES, differences
from chalicelib.policies.model import Policy
from chalicelib.times import chinese_time
from jobs.cli.output import JSON, document, note, say, table
from jobs.cli.policy import PolicyArgument
from jobs.cli.policy_preview import look_before

ByOption = Annotated[str, typer.Option("--by", help="经办人姓名；编制人和复核人要是两个人")]
VersionOption = Annotated[int | None, typer.Option("--version", help="第几版；不写时取能走这一步的最新版")]


def _publisher() -> PolicyPublisher:
    application = bootstrap.current()
    return PolicyPublisher(application.store, application.blobs, application.rematch)


def _step(name: str, policy_id: str, by: str, version: int | None, as_json: bool, then: str) -> None:
    policy = _publisher().step(policy_id, name, by, bootstrap.current().clock.now(), version)
    _moved(policy, as_json, then)


def _moved(policy: Policy, as_json: bool, then: str) -> None:
    if as_json:
        return document({"policy": policy.id, "version": policy.version, "state": policy.state})
    say(f"{policy.id} {policy.short} 第 {policy.version} 版：{STATE_NAMES[policy.state]}。")
    note(then)
    return None


def submit(
    policy_id: PolicyArgument, by: ByOption, version: VersionOption = None, as_json: Annotated[bool, JSON] = False
) -> None:
    """编制人提交复核。"""
    _step("submit", policy_id, by, version, as_json, f"请另一个人运行 policy review {policy_id} --by 姓名。")


def review(
    policy_id: PolicyArgument, by: ByOption, version: VersionOption = None, as_json: Annotated[bool, JSON] = False
) -> None:
    """复核通过；复核人不能是编制人。"""
    _step("review", policy_id, by, version, as_json, "先看 policy preview，再 policy publish。")


def publish(
    policy_id: PolicyArgument, by: ByOption, version: VersionOption = None, as_json: Annotated[bool, JSON] = False
) -> None:
    """发布已复核的版本（用例全部成立才行），或恢复暂停的版本。"""
    _step("publish", policy_id, by, version, as_json, "新符合的企业马上会收到提示（静默时段和每日一次的规则不变）。")


def suspend(
    policy_id: PolicyArgument, by: ByOption, version: VersionOption = None, as_json: Annotated[bool, JSON] = False
) -> None:
    """暂停受理；policy publish 恢复。"""
    _step("suspend", policy_id, by, version, as_json, "不再匹配和推送。")


def withdraw(
    policy_id: PolicyArgument, by: ByOption, version: VersionOption = None, as_json: Annotated[bool, JSON] = False
) -> None:
    """撤回一个版本。"""
    _step("withdraw", policy_id, by, version, as_json, "不再匹配和推送；要重新执行请用 policy rollback 或新的版本。")


def rollback(
    policy_id: PolicyArgument,
    version: Annotated[int, typer.Argument(help="回到第几版的内容")],
    by: ByOption,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """把发布过的旧版内容作为新的一版重新发布。"""
    policy = _publisher().rollback(policy_id, version, by, bootstrap.current().clock.now())
    _moved(policy, as_json, "下次导入文件前，请把文件里的这一行也改成现在的内容和版本。")


def history(policy_id: PolicyArgument, as_json: Annotated[bool, JSON] = False) -> None:
    """有哪些版本，谁在什么时候把哪一版从什么状态改到什么状态。"""
    publisher = _publisher()
    versions, log = publisher.editions(policy_id), publisher.log(policy_id)
    if as_json:
        signed = {"version", "state", "author", "reviewer"}
        return document(
            {
                "policy": policy_id,
                "versions": [each.model_dump(mode="json", include=signed) for each in versions],
                "log": [each.model_dump(mode="json") for each in log],
            }
        )
    table(
        ("版本", "状态", "编制人", "复核人"),
        [(each.version, STATE_NAMES[each.state], each.author or "", each.reviewer or "") for each in versions],
    )
    table(
        ("时间", "经办人", "版本", "从", "到", "说明"),
        [
            (
                chinese_time(each.at),
                each.by,
                each.version,
                STATE_NAMES[each.before] if each.before else "",
                STATE_NAMES[each.after],
                each.note,
            )
            for each in log
        ],
    )
    return None


def diff(
    policy_id: PolicyArgument,
    old: Annotated[int, typer.Argument(help="旧版本")],
    new: Annotated[int, typer.Argument(help="新版本")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """两个版本有哪些列不同。"""
    versions = {each.version: each for each in _publisher().editions(policy_id)}
    for number in (old, new):
        if number not in versions:
            raise BadInput(f"政策 {policy_id} 没有第 {number} 版，有：{'、'.join(map(str, versions))}。")
    found = differences(versions[old], versions[new])
    if as_json:
        return document([{"field": title, "old": before, "new": after} for title, before, after in found])
    if not found:
        say("两版相同。")
    for title, before, after in found:
        say(f"{title}\n  - {_shown(before)}\n  + {_shown(after)}")
    return None


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "（空）" if value is None else str(value)


_COMMANDS: dict[str, Callable[..., None]] = {
    "submit": submit,
    "review": review,
    "publish": publish,
    "suspend": suspend,
    "withdraw": withdraw,
    "rollback": rollback,
    "history": history,
    "diff": diff,
    "preview": look_before,
}


def register(app: typer.Typer) -> None:
    """Put the commands beside the others of ``policy``."""
    for name, command in _COMMANDS.items():
        app.command(name)(command)
