"""``/h5/forms``: a person's forms to go on with, and those to begin (我的表)."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from urllib.parse import quote

from chalicelib.enterprises.access import Right
from chalicelib.enterprises.consent import NOTICE_VERSION
from chalicelib.enterprises.scopes import Scope
from chalicelib.errors import Refusal
from chalicelib.forms.model import Compiled, Form
from chalicelib.pages import render
from chalicelib.pages.form_fields import answered
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageRefused, Visit
from chalicelib.times import local_date

_STALE = "页面已过期，什么都没有开始。请回到“我的表”再点一次。"
_MESSAGE = re.compile(r"[0-9a-f]{16}", re.ASCII)
_NOT_BOUND = "这份表要以企业名义填，请先绑定企业，再回到“我的表”。"


@dataclass(frozen=True, slots=True)
class Offered:
    """A form to begin. ``names`` are (uscc, name) of who it may be filled in for; ``has_file`` where an enterprise file
    fills something in."""

    form: Form
    names: tuple[tuple[str, str], ...]
    has_file: bool


def show(visit: Visit) -> PageResponse:
    session, forms = visit.known(), visit.services.forms.forms()
    drafts = visit.services.forms.open_drafts(session.openid, visit.now)
    open_ones = [
        (
            draft,
            forms[draft.form].form.title,
            *answered(forms[draft.form], draft),
            str(local_date(draft.expires_at)),
        )
        for draft in drafts
        if draft.form in forms
    ]
    return render.page(
        visit,
        "forms.html",
        personal=True,
        title="我的表",
        drafts=open_ones,
        forms=[_offer(compiled, _enterprises(visit)) for compiled in forms.values()],
        asks_consent=not visit.services.consents.allows(session.openid, Scope.FORM_PREFILL),
        form_token=session.form_token,
        message=secrets.token_hex(8),
    )


def begin(visit: Visit) -> PageResponse:
    """POST ``form``, ``uscc`` (empty: in one's own name) and ``prefill`` (1: what offices hold may be taken over), with
    ``message`` and ``token``. Raises PageRefused."""
    session, given = visit.posted(_STALE), visit.request.form
    services, message = visit.services, given.get("message", "")
    compiled = services.forms.forms().get(given.get("form", ""))
    if compiled is None or not _MESSAGE.fullmatch(message):
        raise PageRefused(403, _STALE)
    uscc = given.get("uscc", "")
    if uscc not in [name for name, _ in _offer(compiled, _enterprises(visit)).names]:
        raise PageRefused(403, _NOT_BOUND)
    if given.get("prefill") == "1":
        services.consents.grant(session.openid, (Scope.FORM_PREFILL,), NOTICE_VERSION, "page", visit.now, message)
    try:
        step = services.forms.begin(session.openid, compiled.form.id, uscc, visit.now, message)
    except Refusal as refused:
        raise PageRefused(403, str(refused)) from None
    location = f"{services.settings.public_url}/h5/form/{quote(step.draft.id)}"
    return PageResponse(303, headers={"Location": location, "Cache-Control": "no-store"})


def _offer(compiled: Compiled, enterprises: list[tuple[str, str]]) -> Offered:
    """An enterprise's name helps where its file fills anything in; one's own is enough where the form allows it."""
    form = compiled.form
    helps = any(field.profile for field in compiled.fields.values())
    names = enterprises if form.for_enterprise or helps else []
    return Offered(form, (*names, *([] if form.for_enterprise else [("", "以个人名义")])), bool(names))


def _enterprises(visit: Visit) -> list[tuple[str, str]]:
    bindings = visit.services.bindings.of_person(visit.known().openid, Right.DO_FILL_FORMS)
    held = ((one.uscc, visit.services.enterprises.get(one.uscc)) for one in bindings)
    return [(uscc, enterprise.name) for uscc, enterprise in held if enterprise is not None]
