"""``policy``: the versions of a policy: review, publication, a look before it, history, difference, rollback (发布)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from chalicelib import bootstrap, money
from chalicelib.content.publishing import PolicyPublisher
from chalicelib.errors import BadInput
from chalicelib.points.towns import TOWNS
from chalicelib.policies.editions import LIVE, STATE_NAMES, differences
from chalicelib.policies.model import Policy
from chalicelib.policies.preview import Effect, Preview, Tally, preview
from chalicelib.policies.tree import Outcome
from chalicelib.times import chinese_time, local_date
from jobs.cli.output import JSON, document, note, progress, say, table
from jobs.cli.policy import OUTCOME_NAMES, DayOption, PolicyArgument

_SHOWN = 200
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


# ------------------------------------------------------------------------------------------------------------- preview


def look_before(
    policy_id: PolicyArgument,
    version: VersionOption = None,
    pool: Annotated[float | None, typer.Option(help="资金池还有多少万元，用来比较")] = None,
    as_of: DayOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """发布前看一眼：与执行中的版本相比谁新增、谁不再符合，花多少钱，各乡镇和各规模多少家。"""
    application = bootstrap.current()
    candidate, in_force = _compared(policy_id, version)
    on = as_of.date() if as_of else local_date(application.clock.now())
    with progress("预览"):
        found = preview(candidate, in_force, application.catalogue().policies, application.enterprises.all(), on)
    pool_fen = None if pool is None else money.wan(str(pool))
    if as_json:
        return document(_document(candidate, found, pool_fen) | {"as_of": on.isoformat()})
    return _print(candidate, found, pool_fen)


def _compared(policy_id: str, version: int | None) -> tuple[Policy, Policy | None]:
    """The version asked for, by default the newest, and the one in force where that is another."""
    versions = _publisher().editions(policy_id)
    wanted = [each for each in versions if version in (None, each.version)]
    if not wanted:
        raise BadInput(f"政策 {policy_id} 没有第 {version} 版。用 policy history {policy_id} 看有哪些。")
    candidate = wanted[-1]
    live = [each for each in versions if each.state in LIVE]
    in_force = live[-1] if live else None
    return candidate, None if in_force and in_force.version == candidate.version else in_force


def _document(policy: Policy, found: Preview, pool_fen: int | None) -> dict[str, Any]:
    return {
        "policy": policy.id,
        "version": found.version,
        "against": found.against,
        "outcomes": {str(outcome): found.outcomes[outcome] for outcome in Outcome},
        "gains": [each.uscc for each in found.gains],
        "losses": [each.uscc for each in found.losses],
        "cost_fen": found.cost_fen,
        "cost_before_fen": found.cost_before_fen,
        "open_amounts": found.open_amounts,
        "pool": policy.pool,
        "pool_fen": pool_fen,
        "pool_left_fen": None if pool_fen is None else pool_fen - found.cost_fen,
        "by_town": {code: asdict(tally) for code, tally in sorted(found.by_town.items())},
        "by_size": {size: asdict(tally) for size, tally in sorted(found.by_size.items())},
        "enterprises": [_effect(each) for each in found.effects],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    after, before = effect.after, effect.before
    return {
        "uscc": effect.uscc,
        "outcome": after.outcome,
        "before": before.outcome if before else None,
        "reasons": after.reasons,
        "benefit_fen": after.benefit.fen if after.benefit else None,
    }


def _print(policy: Policy, found: Preview, pool_fen: int | None) -> None:
    against = f"，对比执行中的第 {found.against} 版" if found.against else ""
    say(f"{policy.id} {policy.short} 第 {found.version} 版（{STATE_NAMES[policy.state]}）{against}")
    rows = [each for each in found.effects if each.after.outcome is not Outcome.NOT_MATCH or each.loses][:_SHOWN]
    table(
        ("企业", "名称", "结果", "变化", "金额", "依据"),
        [
            (
                each.uscc,
                each.name,
                OUTCOME_NAMES[each.after.outcome],
                "新增" if each.gains else "不再符合" if each.loses else "",
                each.after.benefit.text if each.after.benefit else "",
                "；".join(each.after.reasons),
            )
            for each in rows
        ],
    )
    _tallies("乡镇", {TOWNS.get(code, code): tally for code, tally in found.by_town.items()})
    _tallies("规模", found.by_size)
    say("，".join(f"{OUTCOME_NAMES[outcome]} {found.outcomes[outcome]}" for outcome in Outcome))
    say(f"可算出的金额合计 {money.show(found.cost_fen)}，另有 {found.open_amounts} 家待核定。")
    if found.against:
        before = money.show(found.cost_before_fen)
        say(f"新增 {len(found.gains)} 家，不再符合 {len(found.losses)} 家；执行中的版本合计 {before}。")
    if pool_fen is not None:
        left = pool_fen - found.cost_fen
        verdict = f"还余 {money.show(left)}" if left >= 0 else f"不够，还差 {money.show(-left)}"
        say(f"资金池{policy.pool or ''} {money.show(pool_fen)}，{verdict}。")


def _tallies(what: str, tallies: dict[str, Tally]) -> None:
    touched = [(key, t) for key, t in sorted(tallies.items()) if t.matches or t.losses]
    rows = [(key, t.matches, t.gains, t.losses, money.show(t.fen)) for key, t in touched]
    table((what, "符合", "新增", "不再符合", "金额"), rows)


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
