"""``content drafts|diff|review|publish|drop|versions|rollback``: review first, and the way back (内容发布)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from chalicelib import bootstrap
from chalicelib.content.changes import Changes
from chalicelib.content.drafts import STATE_NAMES, Difference, Draft, DraftService
from chalicelib.content.kinds import KINDS
from chalicelib.content.problems import Report
from chalicelib.times import chinese_time
from jobs.cli.output import JSON, document, note, say, table

_SHOWN = 60
ByOption = Annotated[str, typer.Option("--by", help="经办人姓名；编制人和复核人要是两个人")]
DraftArgument = Annotated[int, typer.Argument(help="草稿号，见 content drafts")]


def register(app: typer.Typer) -> None:
    """Put the commands under ``content``."""
    for command in (drafts, diff, review, publish, drop, versions, rollback):
        app.command(command.__name__)(command)


def propose(path: Path, by: str, *, as_json: bool) -> None:
    """``content load --draft``."""
    service = _service()
    draft = service.propose(path, by, bootstrap.current().clock.now())
    if as_json:
        return _document(draft)
    for line in Changes(service.changes(draft.id), draft.base, Report({})).lines():
        say(line)
    say(f"已存为第 {draft.id} 号草稿，还没有发布。")
    note(f"请另一个人看过 content diff {draft.id} 后运行 content review {draft.id} --by 姓名。")
    return None


def drafts(as_json: Annotated[bool, JSON] = False) -> None:
    """全部草稿，新的在前。"""
    found = _service().drafts()
    if as_json:
        return document([draft.model_dump(mode="json", exclude={"blob"}) for draft in found])
    rows = [
        (
            draft.id,
            STATE_NAMES[draft.state],
            "、".join(KINDS[name].title for name in draft.kinds),
            draft.author,
            draft.reviewer or "",
            chinese_time(draft.moved_at),
            draft.version or "",
        )
        for draft in found
    ]
    table(("草稿", "状态", "内容", "编制人", "复核人", "时间", "发布为"), rows)
    return None


def diff(
    number: Annotated[int, typer.Argument(help="草稿号；写了 --to 时是旧的版本号")],
    to: Annotated[int | None, typer.Option("--to", help="比较两个已发布的版本：新的版本号")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """草稿与现在的内容，或两个版本，逐项有什么不同。"""
    service = _service()
    found = service.differences(number) if to is None else service.between(number, to)
    if as_json:
        fields = ("kind", "key", "title", "before", "after")
        return document([{name: getattr(one, name) for name in fields} for one in found])
    for one in found[:_SHOWN]:
        say(_line(one))
    if len(found) > _SHOWN:
        say(f"……还有 {len(found) - _SHOWN} 处，用 --json 看全部。")
    say(f"共 {len(found)} 处不同。" if found else "没有不同。")
    return None


def review(draft_id: DraftArgument, by: ByOption, as_json: Annotated[bool, JSON] = False) -> None:
    """复核通过；复核人不能是编制人。"""
    draft = _service().review(draft_id, by, bootstrap.current().clock.now())
    _told(draft, f"可以发布了：content publish {draft.id} --by 姓名。", as_json=as_json)


def publish(draft_id: DraftArgument, by: ByOption, as_json: Annotated[bool, JSON] = False) -> None:
    """发布已复核的草稿。"""
    _published(_service().publish(draft_id, by, bootstrap.current().clock.now()), as_json=as_json)


def drop(draft_id: DraftArgument, as_json: Annotated[bool, JSON] = False) -> None:
    """作废一份草稿。"""
    _told(_service().drop(draft_id, bootstrap.current().clock.now()), "没有发布任何内容。", as_json=as_json)


def versions(as_json: Annotated[bool, JSON] = False) -> None:
    """已发布的版本，新的在前。"""
    found = _service().versions()
    if as_json:
        rows = [{**head.model_dump(mode="json", exclude={"blob"}), "changes": changes} for head, changes in found]
        return document(rows)
    table(
        ("版本", "时间", "发布人", "说明"),
        [(head.version, chinese_time(head.loaded_at), head.loaded_by, _why(changes)) for head, changes in found],
    )
    return None


def rollback(
    version: Annotated[int, typer.Argument(help="回到哪一版，见 content versions")],
    by: ByOption,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """把旧版的事项、一件事、服务点、名词作为新的一版发布；政策用 policy rollback。"""
    _published(_service().rollback(version, by, bootstrap.current().clock.now()), as_json=as_json)


def _service() -> DraftService:
    application = bootstrap.current()
    return DraftService(application.store, application.blobs, application.content)


def _told(draft: Draft, then: str, *, as_json: bool) -> None:
    if as_json:
        return _document(draft)
    say(f"第 {draft.id} 号草稿：{STATE_NAMES[draft.state]}。")
    note(then)
    return None


def _document(draft: Draft) -> None:
    document(draft.model_dump(mode="json", exclude={"blob"}))


def _published(changes: Changes, *, as_json: bool) -> None:
    if as_json:
        kinds = {name: kind.counts() for name, kind in changes.kinds.items()}
        return document({"version": changes.version, "kinds": kinds})
    for line in changes.lines():
        say(line)
    say(f"目录现在是第 {changes.version} 版。")
    return None


def _line(one: Difference) -> str:
    where = f"{KINDS[one.kind].title} {one.key}「{one.title}」"
    if one.title == "整行":
        return f"{where}：{'新增' if one.before is None else '移除'}"
    return f"{where}：{_short(one.before)} → {_short(one.after)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _why(changes: dict[str, Any]) -> str:
    if "rollback" in changes:
        return f"回到第 {changes['rollback']} 版的内容"
    if draft := changes.get("draft"):
        return f"草稿 {draft['id']}：{draft['author']} 编制，{draft['reviewer']} 复核"
    parts = [
        f"{KINDS[name].title} 增{n['added']} 改{n['changed']} 减{n['removed']}"
        for name, n in changes.items()
        if name in KINDS and "added" in n
    ]
    return "，".join(parts) or "问法"
