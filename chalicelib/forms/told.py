"""The words of filling in a form: greeting, question, list to check, ends (conversations.md §12)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chalicelib.forms.draft import Draft, DraftState
from chalicelib.forms.model import Compiled, Source
from chalicelib.forms.said import Said
from chalicelib.forms.values import echo, masked, show
from chalicelib.forms.wanted import open_fields, wanted

NAMED = 3
"""So many of the prefilled fields are named in the greeting."""
HELP_AFTER = 3
"""Misses in a row after which a way out is offered (bar of anchors §1.5: hand over after N failures)."""

_ENDED = {
    DraftState.SUBMITTED: "这张表已经提交，内容不能再改。要改请回复“人工”。",
    DraftState.CANCELLED: "这张表已经取消。要重新填请回复“填表”。",
    DraftState.EXPIRED: "这张表放得太久，草稿已按规定删除。要重新填请回复“填表”。",
    DraftState.HELD: "工作人员正在帮您填这张表，填好会还给您。着急请拨 12345。",
}


def greeting(compiled: Compiled, draft: Draft) -> Said:
    """好，大约 5 个问题。已替您填好 9 项（企业名称、信用代码、法定代表人…），回复“看”可核对。"""
    count = len(open_fields(compiled, draft))
    lines = [
        f"好，填《{compiled.form.title}》，大约 {count} 个问题。" if count else f"好，填《{compiled.form.title}》。"
    ]
    filled = [name for name in wanted(compiled, draft.values()) if name in draft.answers]
    if filled:
        names = "、".join(compiled.fields[name].name for name in filled[:NAMED])
        more = "…" if len(filled) > NAMED else ""
        lines.append(f"已替您填好 {len(filled)} 项（{names}{more}），回复“看”可核对。")
    return Said("told", tuple(lines))


def question(compiled: Compiled, draft: Draft) -> Said:
    """The open question with its number, its choices, and what stands there already."""
    field = compiled.fields[draft.asking]
    lines = [f"第 {_place(compiled, draft)} 问：{compiled.question(draft.asking)}"]
    choices = ("是", "否") if field.type == "flag" else field.choices
    if field.choices:
        lines.append(" ".join(f"{number} {choice}" for number, choice in enumerate(field.choices, 1)))
    held = draft.answers.get(draft.asking)
    if held is not None:
        lines.append(f"现在填的是：{echo(field, held.value)}。不改请回复“下一步”。")
    elif not compiled.uses[draft.asking].required:
        lines.append("没有可以回复“跳过”。")
    return Said("question", tuple(lines), draft.asking, choices)


def help_on(compiled: Compiled, draft: Draft) -> Said:
    field = compiled.fields[draft.asking]
    lines = [field.help or f"这一项填{field.name}。"]
    if field.example:
        lines.append(f"例如：{field.example}")
    return Said("told", tuple(lines), draft.asking)


def problem(draft: Draft, text: str) -> Said:
    """What could not be read, and a way out after the third time."""
    lines = [text]
    if draft.misses >= HELP_AFTER:
        lines.append("不会填可以回复“帮助”，或回复“人工”请工作人员帮您填；已填的都留着。")
    return Said("problem", tuple(lines), draft.asking)


def taken(compiled: Compiled, draft: Draft, fields: Sequence[str], changed: bool) -> Said:
    """受托人 李芳，电话 138****5678。"""
    parts = [
        f"{compiled.fields[name].name} {echo(compiled.fields[name], draft.answers[name].value)}" for name in fields
    ]
    return Said("told", (f"{'已改为：' if changed else ''}{'，'.join(parts)}。",))


def listed(compiled: Compiled, draft: Draft) -> Said:
    """Everything that is filled in, by section, numbered, marked by its source, personal numbers masked."""
    lines: list[str] = []
    section = ""
    for name in wanted(compiled, draft.values()):
        answer = draft.answers.get(name)
        if answer is None:
            continue
        if compiled.uses[name].section != section:
            section = compiled.uses[name].section
            lines.append(f"【{section}】")
        field = compiled.fields[name]
        value = masked(field, answer.value) if field.sensitive else show(field, answer.value)
        mark = answer.origin if answer.source is Source.SELF else answer.source.value
        lines.append(f"{compiled.number(name)} {field.name}：{value}{f'（{mark}）' if mark else ''}")
    return Said("summary", (*(lines or ["还什么都没有填。"]), "要改哪项，请说“改第 3 项，是…”。"))


def done(compiled: Compiled, draft: Draft, advice: Iterable[str]) -> Said:
    return Said(
        "summary",
        ("填好了，请核对：回复“看”列出全部内容。", *advice, "没有错就回复“提交”，生成申请表。"),
    )


def stopped(findings: Iterable[str]) -> Said:
    return Said("problem", ("还不能提交：", *findings))


def sure_to_cancel() -> Said:
    said = "确定不填了吗？已填的会删除。回复“是”取消，回复“否”接着填。"
    return Said("question", (said,), options=("是", "否"))


def ended(draft: Draft) -> Said:
    return Said("end", (_ENDED[draft.state],))


def _place(compiled: Compiled, draft: Draft) -> int:
    """Which question this is to the person: those they answered or skipped, and this one."""
    own = {
        name
        for name in wanted(compiled, draft.values())
        if name in draft.skipped or (name in draft.answers and draft.answers[name].source is Source.SELF)
    }
    return len(own - {draft.asking}) + 1
