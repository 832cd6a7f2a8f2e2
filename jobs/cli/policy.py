"""``policy``: what an enterprise may have and why, decisions kept, and matching of files (政策).

Versions and publication are in ``policy_versions.py``.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from chalicelib import bootstrap
from chalicelib.enterprises.model import Enterprise
from chalicelib.errors import BadInput
from chalicelib.policies import decisions
from chalicelib.policies.service import Decision
from chalicelib.policies.tree import Outcome
from chalicelib.times import local_date
from jobs.cli.enterprise import UsccArgument, known
from jobs.cli.output import FAILED, JSON, document, note, progress, say, table

app = typer.Typer(help="政策：体检、匹配、发布前预览。", no_args_is_help=True)

OUTCOME_NAMES = {
    Outcome.MATCH: "符合",
    Outcome.NEED_INFO: "待补充",
    Outcome.MANUAL: "需人工认定",
    Outcome.NOT_MATCH: "不符合",
}
PolicyArgument = Annotated[str, typer.Argument(help="政策编号，如 P23")]
DayOption = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="按哪一天算，默认今天")]


@app.command("check")
def check(uscc: UsccArgument, as_of: DayOption = None, as_json: Annotated[bool, JSON] = False) -> None:
    """一家企业对每项政策的结果和依据。"""
    application = bootstrap.current()
    enterprise = application.enterprises.get(known(uscc))
    assert enterprise is not None
    on = as_of.date() if as_of else local_date(application.clock.now())
    decisions = application.policies().check(enterprise, on)
    if as_json:
        return document([_row(enterprise, decision) for decision in decisions])
    table(
        ("政策", "名称", "结果", "方式", "金额", "依据"),
        [
            (
                d.policy,
                d.name,
                OUTCOME_NAMES[d.outcome],
                d.mode if d.outcome is Outcome.MATCH else "",
                d.benefit.text if d.benefit else "",
                "；".join(d.reasons),
            )
            for d in decisions
        ],
    )
    return None


@app.command("match")
def match(
    policies: Annotated[Path, typer.Option(help='JSON Lines，每行 {"id","condition"}')],
    enterprises: Annotated[Path, typer.Option(help='JSON Lines，每行 {"uscc","facts"}')],
    out: Annotated[Path, typer.Option(help="结果文件，JSON Lines")],
    schema: Annotated[Path | None, typer.Option(help='事实字典 {"名称":"number|category|flag|date|set"}')] = None,
    include_all: Annotated[bool, typer.Option("--all", help="不符合的也写出来")] = False,
    index: Annotated[Path | None, typer.Option(help="索引目录：上次的结果留在这里，没有变的企业不再重算")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """把一批政策和一批企业逐对匹配，三值逻辑，写出理由和缺的资料。"""
    from chalicelib.policies.matching import match_file

    for path in (policies, enterprises, *([schema] if schema else [])):
        if not path.is_file():
            raise BadInput(f"没有 {path} 这个文件。请核对路径。")
    with progress("匹配") as step:
        summary = match_file(policies, enterprises, schema, out, include_all, step, index=index)
    for warning in summary.warnings:
        note(warning)
    if summary.unused:
        note(f"字典里没有、没有用到的事实：{'、'.join(summary.unused)}")
    if as_json:
        return document(
            {
                "policies": summary.policies,
                "enterprises": summary.enterprises,
                "pairs": summary.pairs,
                "outcomes": {str(outcome): count for outcome, count in summary.outcomes.items()},
                "written": summary.written,
                "seconds": round(summary.seconds, 3),
                "kept": summary.kept,
            }
        )
    counts = "，".join(f"{OUTCOME_NAMES[outcome]} {summary.outcomes.get(outcome, 0):,}" for outcome in Outcome)
    say(f"{summary.policies} 项政策 × {summary.enterprises:,} 家企业：{counts}；写出 {summary.written:,} 行到 {out}。")
    return None


@app.command("why")
def why(
    uscc: UsccArgument, policy_id: PolicyArgument, as_of: DayOption = None, as_json: Annotated[bool, JSON] = False
) -> None:
    """一家企业对一项政策的结果：给人看的理由，和给审计看的逐条依据。"""
    application = bootstrap.current()
    enterprise = application.enterprises.get(known(uscc))
    policy = application.catalogue().policies.get(policy_id)
    assert enterprise is not None
    if policy is None:
        raise BadInput(f"没有编号为 {policy_id} 的政策。请用 policy check {enterprise.uscc} 看有哪些。")
    on = as_of.date() if as_of else local_date(application.clock.now())
    decision = next(
        (each for each in application.policies().check(enterprise, on) if each.policy == policy_id),
        None,
    ) or application.policies().decide(policy, enterprise, on)
    trace = [line.document() for line in decision.trace]
    if as_json:
        return document(_row(enterprise, decision) | {"clause": policy.clause, "docs": policy.docs, "trace": trace})
    clause = f"，{policy.clause}" if policy.clause else ""
    rule = f"{policy.name}（{policy.id} 第 {policy.version} 版{clause}）"
    say(f"{enterprise.name} × {rule}：{OUTCOME_NAMES[decision.outcome]}")
    for reason in decision.reasons:
        say(f"  · {reason}")
    if decision.benefit:
        say(f"  金额：{decision.benefit.text}（{decision.benefit.calculation}）")
    say(f"依据：{'；'.join(policy.docs) or policy.dept}")
    table(
        ("条件", "事实", "值", "要求", "判定", "来源", "数据日期", "起决定作用"),
        [
            (
                line.path,
                line.label,
                line.value,
                line.requirement,
                line.verdict,
                line.evidence.source,
                line.evidence.as_of or "",
                "是" if line.decides else "",
            )
            for line in decision.trace
        ],
    )
    return None


@app.command("decisions")
def kept_decisions(uscc: UsccArgument, as_json: Annotated[bool, JSON] = False) -> None:
    """为一家企业留存的决定；每条可以用 policy replay 重算。"""
    found = decisions.kept_for(bootstrap.current().store, known(uscc))
    if as_json:
        return document([{"id": each.id, **each.model_dump(mode="json", exclude={"trace", "facts"})} for each in found])
    table(
        ("编号", "结果", "方式", "金额（分）", "用于"),
        [(k.id, k.outcome, k.mode, k.fen or "", k.used_for) for k in found],
    )
    return None


@app.command("replay")
def replay(
    decision_id: Annotated[str, typer.Argument(help="决定编号：信用代码/日期/政策/版本")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """只凭当时留存的事实和规则重算一次；结果不同则以 1 退出。"""
    store = bootstrap.current().store
    again = decisions.replay(store, decisions.find(store, decision_id))
    kept = again.kept
    if as_json:
        document(
            {
                "id": kept.id,
                "same": not again.differences,
                "differences": again.differences,
                "kept": kept.model_dump(mode="json"),
            }
        )
    else:
        say(f"{kept.id}：{OUTCOME_NAMES[kept.outcome]}，{kept.calculation or '没有金额'}")
        say(f"{kept.kept_at:%Y-%m-%d} 留存，用于{kept.used_for}")
        for name, fact in kept.facts.items():
            value = fact.value if fact.applicable else "不适用"
            say(f"  {name} = {value}（{fact.source or '登记信息'}{f'，{fact.as_of}' if fact.as_of else ''}）{fact.how}")
        say("重算结果相同。" if not again.differences else "重算结果不同：" + "；".join(again.differences))
    if again.differences:
        raise typer.Exit(FAILED)


def _row(enterprise: Enterprise, decision: Decision) -> dict[str, Any]:
    return {
        "uscc": enterprise.uscc,
        "policy": decision.policy,
        "version": decision.version,
        "name": decision.name,
        "outcome": decision.outcome,
        "standing": decision.standing,
        "mode": decision.mode,
        "reasons": decision.reasons,
        "missing": decision.missing,
        "benefit_fen": decision.benefit.fen if decision.benefit else None,
        "deadline": decision.deadline.isoformat() if decision.deadline else None,
        "hint": decision.hint,
    }
