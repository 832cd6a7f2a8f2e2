"""``/h5/inbox``: a person's own notices (收件箱), also those that no channel could carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.enterprises.roles import Role
from chalicelib.notices.model import Notice, NoticeState
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import Visit
from chalicelib.times import chinese_time

SHOWN = 30


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """``path`` is the page to open, empty where there is none besides this one."""

    title: str
    kind: str
    at: str
    enterprise: str
    lines: tuple[str, ...]
    path: str
    is_over: bool
    is_sample: bool


def show(visit: Visit) -> PageResponse:
    openid = visit.known().openid
    services = visit.services
    bound = {binding.uscc: binding.role for binding in services.bindings.of_person(openid)}
    names = {uscc: held.name for uscc in bound if (held := services.enterprises.get(uscc))}
    notices = [
        _shown(visit, notice, names.get(notice.uscc, notice.uscc))
        for notice in services.notices.of_person(openid, SHOWN)
        if notice.state is not NoticeState.CANCELLED and _is_theirs(notice, bound)
    ]
    return render.page(
        visit, "inbox.html", personal=True, title="收件箱", notices=notices, is_bound=bool(bound), many=len(names) > 1
    )


def _is_theirs(notice: Notice, bound: Mapping[str, Role]) -> bool:
    """Of an enterprise only as long as they are bound to it in a role that hears of such things."""
    if notice.rules.scope is None:
        return not notice.uscc or notice.uscc in bound
    return bound.get(notice.uscc) in notice.rules.roles


def _shown(visit: Visit, notice: Notice, enterprise: str) -> ShownNotice:
    return ShownNotice(
        title=notice.title,
        kind=notice.rules.title,
        at=chinese_time(notice.created_at),
        enterprise=enterprise,
        lines=notice.lines,
        path=notice.path if notice.path.startswith("/h5/") and notice.path != visit.request.path else "",
        is_over=notice.expires_at <= visit.now,
        is_sample=notice.sample,
    )
