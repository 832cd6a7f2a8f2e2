"""``policy preview``: who gains and who loses before a version is published, and whether the pool can pay it (预览)."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import typer

from chalicelib import bootstrap, money
from chalicelib.bootstrap import Application
from chalicelib.content.publishing import PolicyPublisher
from chalicelib.errors import BadInput
from chalicelib.points.towns import TOWNS
from chalicelib.policies.editions import LIVE, STATE_NAMES
from chalicelib.policies.model import Policy
from chalicelib.policies.preview import Effect, Preview, Tally, preview
from chalicelib.policies.service import Standing
from chalicelib.policies.tree import Outcome
from chalicelib.times import local_date
from jobs.cli.output import JSON, document, progress, say, table
from jobs.cli.policy import OUTCOME_NAMES, DayOption, PolicyArgument

_SHOWN = 200
_CAUSES = 3
VersionOption = Annotated[int | None, typer.Option("--version", help="第几版；不写时取最新版")]


def look_before(
    policy_id: PolicyArgument,
    version: VersionOption = None,
    pool: Annotated[float | None, typer.Option(help="资金池还有多少万元；不写时取 award pool 登记的余额")] = None,
    as_of: DayOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """发布前看一眼：与执行中的版本相比谁新增、谁不再符合，花多少钱，各乡镇和各规模多少家。"""
    application = bootstrap.current()
    candidate, in_force = _compared(policy_id, version)
    on = as_of.date() if as_of else local_date(application.clock.now())
    with progress("预览"):
        found = preview(candidate, in_force, application.catalogue().policies, application.enterprises.all(), on)
    pool_fen = _registered(application, candidate, on.year) if pool is None else money.wan(str(pool))
    if as_json:
        return document(_document(candidate, found, pool_fen) | {"as_of": on.isoformat()})
    return _print(candidate, found, pool_fen)


def _compared(policy_id: str, version: int | None) -> tuple[Policy, Policy | None]:
    """The version asked for, by default the newest, and the one in force where that is another."""
    application = bootstrap.current()
    versions = PolicyPublisher(application.store, application.blobs).editions(policy_id)
    wanted = [each for each in versions if version in (None, each.version)]
    if not wanted:
        raise BadInput(f"政策 {policy_id} 没有第 {version} 版。用 policy history {policy_id} 看有哪些。")
    candidate = wanted[-1]
    live = [each for each in versions if each.state in LIVE]
    in_force = live[-1] if live else None
    return candidate, None if in_force and in_force.version == candidate.version else in_force


def _registered(application: Application, policy: Policy, year: int) -> int | None:
    """What the policy's pool can still pay (分); None where it has none, or nobody said how much it holds."""
    pool = application.awards.pool(policy.pool, year) if policy.pool else None
    return pool.available if pool and pool.changes else None


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
    if rows:
        _effects(rows)
        _tallies("乡镇", {TOWNS.get(code, code): tally for code, tally in found.by_town.items()})
        _tallies("规模", found.by_size)
    else:
        say(_nobody(policy, found))
    say("，".join(f"{OUTCOME_NAMES[outcome]} {found.outcomes[outcome]}" for outcome in Outcome))
    if rows:
        say(f"可算出的金额合计 {money.show(found.cost_fen)}，另有 {found.open_amounts} 家待核定。")
    if found.against:
        before = money.show(found.cost_before_fen)
        say(f"新增 {len(found.gains)} 家，不再符合 {len(found.losses)} 家；执行中的版本合计 {before}。")
    say(_affordable(policy, found, pool_fen))


def _nobody(policy: Policy, found: Preview) -> str:
    """In words, with what stands in the way most often."""
    if not found.effects:
        return "库里还没有企业，看不出影响。请先导入企业（content load 或 enterprise import）。"
    causes: Counter[str] = Counter()
    for each in found.effects:
        after = each.after
        by_condition = {line.label for line in after.trace if line.decides and line.label}
        causes.update(by_condition if after.standing is Standing.APPLIES and by_condition else after.reasons[:1])
    said = "、".join(f"{cause}（{count} 家）" for cause, count in causes.most_common(_CAUSES))
    return f"没有企业符合，也没有待补充的。卡在：{said}。请核对条件，或这些资料是不是最新。"


def _affordable(policy: Policy, found: Preview, pool_fen: int | None) -> str:
    if pool_fen is None:
        if policy.pool is None:
            return "这项政策没有写资金池，不比较资金。"
        return f"资金池“{policy.pool}”还没有登记金额。用 award pool 登记，或用 --pool 给一个数来比较。"
    left = pool_fen - found.cost_fen
    verdict = f"还余 {money.show(left)}" if left >= 0 else f"不够，还差 {money.show(-left)}"
    return f"资金池{policy.pool or ''} {money.show(pool_fen)}，{verdict}。"


def _effects(rows: list[Effect]) -> None:
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


def _tallies(what: str, tallies: dict[str, Tally]) -> None:
    """Only towns and sizes where somebody gains or loses something."""
    touched = [(key, t) for key, t in sorted(tallies.items()) if t.matches or t.losses]
    rows = [(key, t.matches, t.gains, t.losses, money.show(t.fen)) for key, t in touched]
    if rows:
        table((what, "符合", "新增", "不再符合", "金额"), rows)
