"""``policy``: what an enterprise may have and why, matching of files, and a look before publishing (政策)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from chalicelib import bootstrap
from chalicelib.enterprises.model import Enterprise
from chalicelib.errors import BadInput
from chalicelib.policies.service import Decision
from chalicelib.policies.tree import Outcome
from chalicelib.times import local_date
from jobs.cli.enterprise import UsccArgument, known
from jobs.cli.output import JSON, document, note, progress, say, table

app = typer.Typer(help="政策：体检、匹配、发布前预览。", no_args_is_help=True)

_OUTCOMES = {
    Outcome.MATCH: "符合",
    Outcome.NEED_INFO: "待补充",
    Outcome.MANUAL: "需人工认定",
    Outcome.NOT_MATCH: "不符合",
}
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
                _OUTCOMES[d.outcome],
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
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """把一批政策和一批企业逐对匹配，三值逻辑，写出理由和缺的资料。"""
    from chalicelib.policies.matching import match_file

    for path in (policies, enterprises, *([schema] if schema else [])):
        if not path.is_file():
            raise BadInput(f"没有 {path} 这个文件。请核对路径。")
    with progress("匹配") as step:
        summary = match_file(policies, enterprises, schema, out, include_all, step)
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
            }
        )
    counts = "，".join(f"{_OUTCOMES[outcome]} {summary.outcomes.get(outcome, 0):,}" for outcome in Outcome)
    say(f"{summary.policies} 项政策 × {summary.enterprises:,} 家企业：{counts}；写出 {summary.written:,} 行到 {out}。")
    return None


@app.command("preview")
def preview(
    policy_id: Annotated[str, typer.Argument(help="政策编号，如 P23")],
    as_of: DayOption = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """发布前看一眼：库里哪些企业符合、缺资料、不符合，合计多少钱。"""
    application = bootstrap.current()
    service = application.policies()
    policy = application.catalogue().policies.get(policy_id)
    if policy is None:
        raise BadInput(f"没有编号为 {policy_id} 的政策。请用 content check 核对，或先导入。")
    on = as_of.date() if as_of else local_date(application.clock.now())
    with progress("预览"):
        found = [(one, service.decide(policy, one, on)) for one in application.enterprises.all()]
    counts = {outcome: sum(decision.outcome is outcome for _, decision in found) for outcome in Outcome}
    cost = sum(d.benefit.fen or 0 for _, d in found if d.outcome is Outcome.MATCH and d.benefit)
    if as_json:
        return document(
            {
                "policy": policy.id,
                "version": policy.version,
                "as_of": on.isoformat(),
                "outcomes": {str(outcome): count for outcome, count in counts.items()},
                "cost_fen": cost,
                "enterprises": [_row(one, decision) for one, decision in found],
            }
        )
    shown = [(one, d) for one, d in found if d.outcome is not Outcome.NOT_MATCH]
    table(
        ("企业", "名称", "结果", "金额", "依据"),
        [
            (one.uscc, one.name, _OUTCOMES[d.outcome], d.benefit.text if d.benefit else "", "；".join(d.reasons))
            for one, d in shown
        ],
    )
    from chalicelib.money import show

    say(
        "，".join(f"{_OUTCOMES[outcome]} {count}" for outcome, count in counts.items())
        + f"；可算出的金额合计 {show(cost)}。"
    )
    return None


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
