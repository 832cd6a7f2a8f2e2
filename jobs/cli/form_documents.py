"""``form try|template|document``: what an office needs to make its form's document its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chalicelib import bootstrap
from chalicelib.cases.model import FORM_SOURCE, Case
from chalicelib.enterprises.model import Enterprise
from chalicelib.errors import BadInput
from chalicelib.forms.documents.context import sheet
from chalicelib.forms.documents.kept import Kind
from chalicelib.forms.documents.word import TEMPLATES, left_out, template_path
from chalicelib.forms.draft import Draft
from chalicelib.forms.model import Compiled, Source
from chalicelib.forms.review import missing, review
from chalicelib.forms.wanted import wanted
from chalicelib.times import local_date
from jobs.cli.form_sample import sample_draft
from jobs.cli.output import note, say

FormArgument = Annotated[str, typer.Argument(help="表单编号或名称，例如 FM-05 或 委托书公证")]
Out = Annotated[Path, typer.Option(help="写到哪个文件；以 .pdf 结尾就写 PDF")]


def register(app: typer.Typer) -> None:
    app.command("try")(try_form)
    app.command("template")(template)
    app.command("templates")(templates)
    app.command("document")(document)


def try_form(
    form: FormArgument,
    out: Out,
    enterprise: Annotated[str, typer.Option(help="用哪家企业的资料；不写用第一家示例企业")] = "",
    templates: Annotated[Path, typer.Option(help="模板在哪个目录")] = TEMPLATES,
) -> None:
    """用示例企业试填一张表，打印出来看模板好不好；什么都不保存。"""
    application = bootstrap.current()
    now = application.clock.now()
    compiled, filling = _form(form), None
    if enterprise or compiled.form.for_enterprise:
        filling = _enterprise(enterprise, compiled)
    draft = sample_draft(compiled, filling, now)
    item = application.catalogue().items.get(compiled.form.item)
    made = sheet(compiled, draft, local_date(now), item.dept if item else "")
    out.write_bytes(application.documents.print(made, _kind(out), compiled.form.template, templates))
    say(f"《{compiled.form.title}》已写到 {out}，模板 {template_path(made, compiled.form.template, templates).name}。")
    own = templates / compiled.form.template
    if own.is_file() and (without := left_out(made, own)):
        names = "、".join(f"第 {line.number} 项 {line.name}" for line in without)
        say(f"没有用 {own.name}：它没有印出 {names}，请用 Word 补上。")
    say(_counted(compiled, draft))
    for found in review(compiled, draft, local_date(now)):
        say(f"{'不能提交' if found.stops else '提醒'} {found}")
    for each in missing(compiled, draft):
        say(f"还要带 {each.name}（{each.source}）")


def template(form: FormArgument, out: Out) -> None:
    """给一张表做一个 Word 模板的底稿，每个字段都在，用 Word 改好后放进模板目录。"""
    from jobs.cli.word_templates import starter

    compiled = _form(form)
    out.write_bytes(starter(compiled))
    own = compiled.form.template or f"{compiled.form.id}.docx"
    say(f"《{compiled.form.title}》的模板底稿已写到 {out}，共 {len(compiled.fields)} 个字段。")
    say(f"用 Word 改好后存为 chalicelib/forms/templates/{own}，再用 form try {compiled.form.id} 看一遍。")


def templates(out: Annotated[Path, typer.Option(help="写到哪个目录")]) -> None:
    """从头生成随程序提供的模板（通用的、食品经营许可、委托书公证），改坏了可以照着恢复。"""
    from jobs.cli.word_templates import own_templates

    out.mkdir(parents=True, exist_ok=True)
    for name, data in own_templates(bootstrap.current().forms.forms()).items():
        (out / name).write_bytes(data)
        say(f"已写到 {out / name}")


def document(no: Annotated[str, typer.Argument(help="办件编号（19 位）或草稿编号")], out: Out) -> None:
    """取出一份已提交的文书，和企业确认的内容逐字一致。"""
    application = bootstrap.current()
    draft_id = _draft_of(application.cases.get(no), no) if no.isdigit() else no
    out.write_bytes(application.submissions.document(draft_id, _kind(out)))
    say(f"文书已写到 {out}，核对码 {application.submissions.check_code(draft_id)}，应与申请人带来的一样。")
    for code in application.submissions.former_check_codes(draft_id):
        say(f"更换会话密钥以前打印的，核对码是 {code}。")


def of_form(case: Case) -> str | None:
    """The draft that a case was opened from, None where it came from an office."""
    ids = (event.id.removeprefix("form-") for event in case.events if event.source == FORM_SOURCE)
    return next(ids, None)


def _draft_of(case: Case | None, no: str) -> str:
    draft_id = of_form(case) if case else None
    if draft_id is None:
        raise BadInput(f"办件 {no} 没有网上填的表，请核对编号。")
    return draft_id


def _kind(out: Path) -> Kind:
    if out.suffix.lower() not in (".docx", ".pdf"):
        raise BadInput(f"文件名 {out.name} 要以 .docx 或 .pdf 结尾。")
    return "pdf" if out.suffix.lower() == ".pdf" else "docx"


def _form(text: str) -> Compiled:
    forms = bootstrap.current().forms
    found = forms.forms().get(text.upper()) or next(iter(forms.find(text)), None)
    if found is None:
        names = "、".join(f"{name} {one.form.title}" for name, one in sorted(forms.forms().items()))
        raise BadInput(f"没有“{text}”这张表。现有：{names or '没有，请先 content load data'}。")
    return found


def _enterprise(uscc: str, compiled: Compiled) -> Enterprise:
    enterprises = bootstrap.current().enterprises
    if uscc:
        given = enterprises.get(uscc)
        if given is None:
            raise BadInput(f"没有统一社会信用代码为 {uscc} 的企业，请核对。")
        return given
    kinds = compiled.form.entity_kinds
    fits = (one for one in enterprises.all() if one.is_sample and (not kinds or one.entity_kind in kinds))
    found = min(fits, key=lambda one: one.uscc, default=None)
    if found is None:
        raise BadInput("还没有示例企业，请先 content load data，或用 --enterprise 指定一家。")
    note(f"用示例企业 {found.name} 的资料。")
    return found


def _counted(compiled: Compiled, draft: Draft) -> str:
    asked = wanted(compiled, draft.values())
    sources = [draft.answers[name].source for name in asked if name in draft.answers]
    derived = sources.count(Source.COMPUTED)
    known = sum(source.prefilled for source in sources) - derived
    return f"要填 {len(asked)} 项：带出 {known}，算出 {derived}，用示例填 {len(sources) - known - derived}。"
