"""``/h5/members``: who stands for an enterprise (成员), for its 法人: letting in, refusing, removing."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import Binding, BindingRefused
from chalicelib.enterprises.joining import JoinRefused, JoinRequest
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageMissing, PageRefused, Visit
from chalicelib.times import local_date

_STALE = "页面已过期，什么都没有改。请回到“成员”再点一次。"
_DONE = {"admit": "已同意，马上生效。", "refuse": "已拒绝。", "remove": "已移除，对方马上看不到本企业的内容。"}


@dataclass(frozen=True, slots=True)
class ShownMember:
    """``ref`` stands for the person in the form; ``is_me`` has no button."""

    ref: str
    name: str
    role: str
    since: str
    is_me: bool


@dataclass(frozen=True, slots=True)
class ShownRequest:
    ref: str
    name: str
    role: str
    until: str


@dataclass(frozen=True, slots=True)
class ShownEnterprise:
    uscc: str
    name: str
    members: tuple[ShownMember, ...]
    requests: tuple[ShownRequest, ...]


def show(visit: Visit) -> PageResponse:
    """Raises PageMissing for everybody who is 法人 nowhere."""
    session = visit.known()
    bindings = visit.services.bindings.of_person(session.openid, Right.SEE_MEMBERS)
    if not bindings:
        raise PageMissing
    return render.page(
        visit,
        "members.html",
        personal=True,
        title="成员",
        enterprises=[_enterprise(visit, binding) for binding in bindings],
        form_token=session.form_token,
        done=_DONE.get(visit.request.query.get("done", ""), ""),
    )


def change(visit: Visit) -> PageResponse:
    """POST ``do`` (admit, refuse, remove), ``uscc`` and ``ref`` with the form's ``token``; admit with ``digits``.

    Raises PageRefused, nothing changed.
    """
    session, form = visit.posted(_STALE), visit.request.form
    what = form.get("do", "")
    try:
        _do(visit, session.openid, what)
    except (JoinRefused, BindingRefused) as refused:
        raise PageRefused(403, str(refused)) from None
    location = f"{visit.services.settings.public_url}/h5/members?done={what}"
    return PageResponse(303, headers={"Location": location, "Cache-Control": "no-store"})


def _do(visit: Visit, openid: str, what: str) -> None:
    form, services = visit.request.form, visit.services
    uscc, ref = form.get("uscc", ""), form.get("ref", "")
    match what:
        case "admit":
            services.joining.confirm(openid, uscc, ref, form.get("digits", ""), visit.now)
        case "refuse":
            services.joining.refuse(openid, uscc, ref, visit.now)
        case "remove":
            if services.bindings.remove_member(openid, uscc, ref, visit.now) is None:
                raise PageRefused(403, _STALE)  # alike for who is not there and for who may not see members
        case _:
            raise PageRefused(400, _STALE)


def _enterprise(visit: Visit, binding: Binding) -> ShownEnterprise:
    services, uscc = visit.services, binding.uscc
    enterprise = services.enterprises.get(uscc)
    waiting = services.joining.waiting(binding.openid, uscc, visit.now)
    return ShownEnterprise(
        uscc=uscc,
        name=enterprise.name if enterprise else uscc,
        members=tuple(_shown(member, binding.openid) for member in services.bindings.members(uscc)),
        requests=tuple(_asked(request) for request in waiting),
    )


def _shown(member: Binding, me: str) -> ShownMember:
    since = str(local_date(member.bound_at))
    is_me = member.openid == me
    return ShownMember(member.ref, "您" if is_me else member.label or "凭授权码绑定", member.role.value, since, is_me)


def _asked(request: JoinRequest) -> ShownRequest:
    return ShownRequest(request.ref, request.label, request.role.value, str(local_date(request.expires_at)))
