"""``/h5/mydata``: everything kept of a person, to read and to take along, and its deletion (查阅、复制、删除:
个人信息保护法 articles 45 and 47)."""

from __future__ import annotations

import json
from datetime import timedelta

from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageRefused, Visit
from chalicelib.privacy.terms import KEPT_AFTER_ERASURE, TERMS

_STALE = "页面已过期，什么都没有删。请回到“我的数据”再点一次。"
_UNSURE = "请先勾选“我知道删了找不回来”，再点删除。什么都没有删。"


def show(visit: Visit) -> PageResponse:
    """HTML; with ``?as=json`` the same as a file."""
    session = visit.known()
    copy = visit.services.own_copies.of(session.openid, visit.now)
    if visit.request.query.get("as") == "json":
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Disposition": 'attachment; filename="xixinban-my-data.json"',
            "Cache-Control": "no-store",
        }
        return PageResponse(200, json.dumps(copy.document(), ensure_ascii=False, indent=1), headers)
    return render.page(
        visit,
        "mydata.html",
        personal=True,
        title="我的数据",
        sections=copy.sections,
        kept=KEPT_AFTER_ERASURE,
        terms=[(term.what, _days(term.term), term.after, term.end.value) for term in TERMS],
        form_token=session.form_token,
        file=visit.request.address(**{"as": "json"}),
        erased=visit.request.query.get("erased") == "1",
    )


def erase(visit: Visit) -> PageResponse:
    """POST ``sure`` = 1 with the form's ``token``. Raises PageRefused, nothing deleted."""
    session, form = visit.posted(_STALE), visit.request.form
    if form.get("sure") != "1":
        raise PageRefused(400, _UNSURE)
    visit.services.erasure.erase(session.openid, visit.now)
    location = f"{visit.services.settings.public_url}/h5/mydata?erased=1"
    return PageResponse(303, headers={"Location": location, "Cache-Control": "no-store"})


def _days(term: timedelta | None) -> str:
    return f"{term.days} 天" if term else "不定期"
