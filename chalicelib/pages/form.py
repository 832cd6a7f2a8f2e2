"""``/h5/form/{draft}``: one form being filled in (填表), by its owner: the same draft as in the chat.

Every save is a step of the form (``forms.step``), one for each field that was changed, under the id that the rendered
page carries: a double tap is worked off once. Fields that hang on others come with the next rendering.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from chalicelib.errors import Refusal
from chalicelib.forms.draft import Draft, DraftState
from chalicelib.forms.model import Compiled
from chalicelib.forms.review import Found, missing, review
from chalicelib.forms.step import Input, Step
from chalicelib.forms.wanted import wanted
from chalicelib.pages import render
from chalicelib.pages.form_fields import Typed, answered, changes, lines, more_may_come, sections
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageMissing, PageRefused, Visit
from chalicelib.times import local_date

_STALE = "页面已过期，什么都没有改。已保存的内容都在，请从“我的表”重新打开。"
_MESSAGE = re.compile(r"[0-9a-f]{16}", re.ASCII)
_OVER = {
    DraftState.HELD: ("工作人员正在帮您填", "填好后会交还给您核对，这期间页面上不能改。着急请拨 12345。"),
    DraftState.CANCELLED: ("这份表已经取消", "什么都没有提交。要重新填，从“我的表”开始。"),
    DraftState.EXPIRED: ("这份表放得太久，已经过期", "为保护您的信息，内容已经删除。要重新填，从“我的表”开始。"),
}


def show(visit: Visit) -> PageResponse:
    """``review`` shows it for checking, ``edit`` its fields, ``as`` (docx, pdf) hands out the document.

    Raises PageMissing.
    """
    draft, compiled = _own(visit)
    query = visit.request.query
    if draft.state is DraftState.SUBMITTED:
        kind = next((one for one in _TYPES if one == query.get("as")), None)
        return _document(visit, draft, kind) if kind else _done(visit, compiled, draft)
    if draft.state in _OVER:
        return _over(visit, compiled, draft)
    if query.get("review") == "1" or (draft.state is DraftState.REVIEW and not {"edit", "saved"} & set(query)):
        return _review(visit, compiled, draft)
    return _fields(visit, compiled, draft, Typed())


def send(visit: Visit) -> PageResponse:
    """POST the fields and ``do`` (save, review, submit, cancel) with ``message`` and the form's ``token``.

    Raises PageMissing, PageRefused.
    """
    visit.posted(_STALE)
    form = visit.request.form
    message, what = form.get("message", ""), form.get("do", "")
    if not _MESSAGE.fullmatch(message) or what not in _WAYS:
        raise PageRefused(403, _STALE)
    draft, compiled = _own(visit)
    if not draft.is_open or draft.state is DraftState.HELD:
        return _to(visit, draft)
    return _WAYS[what](visit, compiled, draft, message)


# ---------------------------------------------------------------------------------------------------------- what to do


def _save(visit: Visit, compiled: Compiled, draft: Draft, message: str) -> PageResponse:
    draft, typed = _set(visit, compiled, draft, message)
    return _fields(visit, compiled, draft, typed) if typed.problems else _to(visit, draft, "saved=1")


def _check(visit: Visit, compiled: Compiled, draft: Draft, message: str) -> PageResponse:
    """Save, and go on to the review unless something keeps the form from being handed in."""
    draft, typed = _set(visit, compiled, draft, message)
    stops = {one.field: one.text for one in reversed(_found(visit, compiled, draft)) if one.stops}
    problems = {**stops, **typed.problems}
    if problems:
        return _fields(visit, compiled, draft, Typed(typed.texts, problems))
    return _to(visit, draft, "review=1")


def _submit(visit: Visit, compiled: Compiled, draft: Draft, message: str) -> PageResponse:
    if any(one.stops for one in _found(visit, compiled, draft)):
        return _check(visit, compiled, draft, message)
    step = _act(visit, draft, Input("submit", message=message))
    if step.draft.state is DraftState.SUBMITTED:
        return _to(visit, step.draft)
    return _review(visit, compiled, step.draft, said=_words(step))


def _cancel(visit: Visit, compiled: Compiled, draft: Draft, message: str) -> PageResponse:
    """The box that had to be ticked is the confirmation that the chat asks for."""
    if visit.request.form.get("sure") != "1":
        return _fields(visit, compiled, draft, Typed(), said="要取消，请先勾选“不填了，删掉已填的内容”。什么都没有改。")
    step = _act(visit, draft, Input("cancel", message=message))
    if step.draft.state is DraftState.CANCELLING:
        step = _act(visit, step.draft, Input("yes", message=f"{message}.yes"))
    return _to(visit, step.draft)


_WAYS = {"save": _save, "review": _check, "submit": _submit, "cancel": _cancel}


def _set(visit: Visit, compiled: Compiled, draft: Draft, message: str) -> tuple[Draft, Typed]:
    """One step a changed field, as long as the form still wants it; returns what could not be taken, and why."""
    texts: dict[str, str] = {}
    problems: dict[str, str] = {}
    for name, text in changes(compiled, draft, visit.request.form):
        if name not in wanted(compiled, draft.values()):
            continue
        step = _act(visit, draft, Input("set", text=text, field=name, message=f"{message}.{name}"))
        draft = step.draft
        wrong = _problem(step, name)
        if wrong:
            texts[name], problems[name] = text, wrong
    return draft, Typed(texts, problems)


def _problem(step: Step, name: str) -> str:
    """The first line: what follows it is how to get help in a chat."""
    return "".join(said.lines[0] for said in step.said if said.kind == "problem" and said.field in (name, ""))


def _act(visit: Visit, draft: Draft, given: Input) -> Step:
    return visit.services.forms.act(visit.known().openid, draft.id, given, visit.now)


# --------------------------------------------------------------------------------------------------------------- pages


def _fields(visit: Visit, compiled: Compiled, draft: Draft, typed: Typed, said: str = "") -> PageResponse:
    filled, wanted_now = answered(compiled, draft)
    own, ready = sections(compiled, draft, typed)
    return _page(
        visit,
        "form.html",
        compiled,
        draft,
        own=own,
        ready=ready,
        problems=[(name, compiled.fields[name].name) for name in compiled.form.field_ids() if name in typed.problems],
        said=said,
        filled=filled,
        wanted=wanted_now,
        prefilled=sum(len(section.fields) for section in ready),
        more=more_may_come(compiled, draft),
        saved=visit.request.query.get("saved") == "1" and not typed.problems and not said,
        until=str(local_date(draft.expires_at)),
    )


def _review(visit: Visit, compiled: Compiled, draft: Draft, said: str = "") -> PageResponse:
    found = _found(visit, compiled, draft)
    return _page(
        visit,
        "form_review.html",
        compiled,
        draft,
        lines=lines(compiled, draft, found),
        found=found,
        materials=missing(compiled, draft),
        may_submit=not any(one.stops for one in found),
        said=said,
    )


def _done(visit: Visit, compiled: Compiled, draft: Draft) -> PageResponse:
    return _page(
        visit,
        "form_done.html",
        compiled,
        draft,
        lines=lines(compiled, draft, ()),
        materials=missing(compiled, draft),
        files=[(name, f"{visit.request.path}?as={kind}") for kind, (name, _) in _TYPES.items()],
    )


def _over(visit: Visit, compiled: Compiled, draft: Draft) -> PageResponse:
    headline, sentence = _OVER[draft.state]
    return _page(visit, "form_over.html", compiled, draft, headline=headline, sentence=sentence)


def _page(visit: Visit, template: str, compiled: Compiled, draft: Draft, **context: Any) -> PageResponse:
    enterprise = visit.services.enterprises.get(draft.uscc) if draft.uscc else None
    return render.page(
        visit,
        template,
        personal=True,
        title=compiled.form.title,
        form=compiled.form,
        draft=draft,
        enterprise=enterprise.name if enterprise else draft.uscc,
        form_token=visit.known().form_token,
        message=secrets.token_hex(8),
        **context,
    )


_TYPES: Mapping[Literal["pdf", "docx"], tuple[str, str]] = {
    "pdf": ("下载 PDF（打印、到窗口用）", "application/pdf"),
    "docx": ("下载 Word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
}


def _document(visit: Visit, draft: Draft, kind: Literal["pdf", "docx"]) -> PageResponse:
    try:
        file = visit.services.submissions.document(draft.id, kind)
    except Refusal as refused:
        raise PageRefused(410, str(refused)) from None
    headers = {
        "Content-Type": _TYPES[kind][1],
        "Content-Disposition": f'attachment; filename="{draft.form}-{draft.id}.{kind}"',
        "Cache-Control": "no-store",
    }
    return PageResponse(200, headers=headers, file=file)


def _to(visit: Visit, draft: Draft, query: str = "") -> PageResponse:
    address = f"{visit.services.settings.public_url}/h5/form/{quote(draft.id)}"
    location = f"{address}?{query}" if query else address
    return PageResponse(303, headers={"Location": location, "Cache-Control": "no-store"})


# -------------------------------------------------------------------------------------------------------------- look-up


def _own(visit: Visit) -> tuple[Draft, Compiled]:
    """Raises PageMissing alike for a draft that there is not and for somebody else's."""
    service = visit.services.forms
    try:
        draft = service.get(visit.known().openid, visit.request.key, visit.now)
    except Refusal:
        raise PageMissing from None
    compiled = service.forms().get(draft.form)
    if compiled is None:
        raise PageMissing
    return draft, compiled


def _found(visit: Visit, compiled: Compiled, draft: Draft) -> tuple[Found, ...]:
    return review(compiled, draft, local_date(visit.now))


def _words(step: Step) -> str:
    return "".join("".join(said.lines) for said in step.said)
