"""``/h5/me``: what is kept of a person, and taking consent back (我的授权, 个人信息保护法 articles 15 and 44)."""

from __future__ import annotations

from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import Binding
from chalicelib.enterprises.scopes import Scope
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageRefused, Visit
from chalicelib.times import chinese_time, local_date

EVERYTHING = "all"
_WORDS = {"granted": "同意", "withdrawn": "撤回"}
_PLACES = {"chat": "对话", "page": "网页", "menu": "菜单", "hall": "大厅", "unfollow": "取消关注"}
_STALE = "页面已过期，什么都没有改。请回到“我的信息”再点一次。"


def show(visit: Visit) -> PageResponse:
    session = visit.known()
    consents, openid = visit.services.consents, session.openid
    bindings = visit.services.bindings.of_person(openid)
    return render.page(
        visit,
        "me.html",
        personal=True,
        title="我的信息",
        bindings=[_binding(visit, binding) for binding in bindings],
        is_legal=any(binding.may(Right.SEE_MEMBERS) for binding in bindings),
        given=[(one.scope, one.scope.chinese, str(local_date(one.at))) for one in consents.current(openid).values()],
        history=[
            (
                chinese_time(event.at),
                _WORDS[event.action],
                event.scope.chinese,
                _PLACES.get(event.channel, event.channel),
            )
            for event in reversed(consents.history(openid))
        ],
        form_token=session.form_token,
        everything=EVERYTHING,
        done=visit.request.query.get("done") == "1",
    )


def withdraw(visit: Visit) -> PageResponse:
    """POST ``scope`` (one of Scope, or EVERYTHING) with the form's ``token``. Raises PageRefused, nothing changed."""
    session, form = visit.posted(_STALE), visit.request.form
    scopes = _scopes(form.get("scope", ""))
    visit.services.consents.withdraw(session.openid, scopes, "page", visit.now)
    visit.services.notices.cancel_for(session.openid, scopes, visit.now)
    location = f"{visit.services.settings.public_url}/h5/me?done=1"
    return PageResponse(303, headers={"Location": location, "Cache-Control": "no-store"})


def _scopes(asked: str) -> tuple[Scope, ...]:
    if asked == EVERYTHING:
        return tuple(Scope)
    if asked not in set(Scope):
        raise PageRefused(400, _STALE)
    return (Scope(asked),)


def _binding(visit: Visit, binding: Binding) -> tuple[str, str, str, str]:
    enterprise = visit.services.enterprises.get(binding.uscc)
    name = enterprise.name if enterprise else binding.uscc
    return name, binding.uscc, binding.role.value, str(local_date(binding.bound_at))
