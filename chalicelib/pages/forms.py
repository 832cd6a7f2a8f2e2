"""``/h5/forms``: a person's forms to go on with, and those to begin (我的表)."""

from __future__ import annotations

import re
import secrets
from urllib.parse import quote

from chalicelib.enterprises.access import Right
from chalicelib.errors import Refusal
from chalicelib.forms.model import Compiled
from chalicelib.pages import render
from chalicelib.pages.form_fields import answered
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageRefused, Visit
from chalicelib.times import local_date

_STALE = "页面已过期，什么都没有开始。请回到“我的表”再点一次。"
_MESSAGE = re.compile(r"[0-9a-f]{16}", re.ASCII)


def show(visit: Visit) -> PageResponse:
    session, forms = visit.known(), visit.services.forms.forms()
    drafts = visit.services.forms.open_drafts(session.openid, visit.now)
    open_ones = [
        (
            draft,
            forms[draft.form].form.title,
            *answered(forms[draft.form], draft)[:2],
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
        enterprises=_enterprises(visit),
        forms=[compiled.form for compiled in forms.values()],
        form_token=session.form_token,
        message=secrets.token_hex(8),
    )


def begin(visit: Visit) -> PageResponse:
    """POST ``form`` and, for a form in the name of an enterprise, ``uscc``, with ``message`` and ``token``.

    Raises PageRefused.
    """
    session, given = visit.posted(_STALE), visit.request.form
    service, message = visit.services.forms, given.get("message", "")
    compiled = service.forms().get(given.get("form", ""))
    if compiled is None or not _MESSAGE.fullmatch(message):
        raise PageRefused(403, _STALE)
    uscc = _uscc(visit, compiled)
    try:
        step = service.begin(session.openid, compiled.form.id, uscc, visit.now, message)
    except Refusal as refused:
        raise PageRefused(403, str(refused)) from None
    location = f"{visit.services.settings.public_url}/h5/form/{quote(step.draft.id)}"
    return PageResponse(303, headers={"Location": location, "Cache-Control": "no-store"})


def _uscc(visit: Visit, compiled: Compiled) -> str:
    """Whose form it is. Raises PageRefused unless they may fill in forms for it, as of now."""
    if not compiled.form.for_enterprise:
        return ""
    own = [uscc for uscc, _ in _enterprises(visit)]
    asked = visit.request.form.get("uscc", own[0] if len(own) == 1 else "")
    if asked not in own:
        raise PageRefused(403, "这份表要以企业名义填，请先绑定企业，再回到“我的表”。")
    return asked


def _enterprises(visit: Visit) -> list[tuple[str, str]]:
    bindings = visit.services.bindings.of_person(visit.known().openid, Right.DO_FILL_FORMS)
    held = ((one.uscc, visit.services.enterprises.get(one.uscc)) for one in bindings)
    return [(uscc, enterprise.name) for uscc, enterprise in held if enterprise is not None]
