"""Every page by its address, and one way to say no."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from chalicelib.pages import (
    award,
    case,
    cases,
    checkup,
    form,
    forms,
    guide,
    inbox,
    jssdk,
    loan,
    me,
    members,
    mydata,
    points,
    policies,
    policy,
    publicity,
    render,
    safety,
    scripts,
    sign_in,
    talk,
    tolerance,
)
from chalicelib.pages.http import PageRequest, PageResponse
from chalicelib.pages.limits import FORMS, MISSES, TooOften
from chalicelib.pages.services import Services
from chalicelib.pages.visit import PageMissing, PageRefused, SignInNeeded, Visit

log = logging.getLogger(__name__)

View = Callable[[Visit], PageResponse]

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}", re.ASCII)
_TITLES = {400: "请再试一次", 403: "打不开这个页面", 410: "链接已过期", 429: "请慢一点", 503: "请稍后再试"}
_MISSING = "这个页面不存在，或者不属于您绑定的企业。请回公众号重新查询。"
_TOO_OFTEN = "操作太快了，什么都没有改。请过几分钟再试；着急请拨 12345。"
_BROKEN = "页面没有打开，什么都没有改。请过一分钟再试；着急请拨 12345。"


ALONE: Mapping[tuple[str, str], View] = {
    ("GET", "cases"): cases.show,
    ("GET", "checkup"): checkup.show,
    ("POST", "checkup"): checkup.answered,
    ("GET", "forms"): forms.show,
    ("GET", "inbox"): inbox.show,
    ("GET", "jssdk"): jssdk.show,
    ("GET", "me"): me.show,
    ("GET", "members"): members.show,
    ("GET", "mydata"): mydata.show,
    ("GET", "points"): points.show,
    ("GET", "policies"): policies.show,
    ("GET", "oauth"): sign_in.finish,
    ("GET", "talk"): talk.show,
    ("POST", "forms"): forms.begin,
    ("POST", "me"): me.withdraw,
    ("POST", "members"): members.change,
    ("POST", "mydata"): mydata.erase,
    ("POST", "talk"): talk.say,
}
"""Views of ``/h5/{page}``."""

KEYED: Mapping[tuple[str, str], View] = {
    ("GET", "award"): award.show,
    ("POST", "award"): award.confirm,
    ("GET", "case"): case.show,
    ("GET", "form"): form.show,
    ("POST", "form"): form.send,
    ("GET", "guide"): guide.show,
    ("GET", "loan"): loan.show,
    ("GET", "policy"): policy.show,
    ("GET", "publicity"): publicity.show,
    ("GET", "static"): scripts.show,
    ("GET", "tolerance"): tolerance.show,
    ("POST", "tolerance"): tolerance.agree,
}
"""Views of ``/h5/{page}/{key}``."""


GUARDED = frozenset({"award", "case", "form", "loan"})
"""Pages whose keys are somebody's: who asks for many that are not theirs has to wait."""


def answer(request: PageRequest, services: Services) -> PageResponse:
    """The page that was asked for, or a page that says why not; never raises for what somebody sends."""
    visit = Visit(request, services)
    response = _answer(visit)
    return replace(response, headers={**safety.headers(), **response.headers})


def _answer(visit: Visit) -> PageResponse:
    try:
        view = _view(visit.request)
        _within_limits(visit)
        return view(visit)
    except SignInNeeded as needed:
        return sign_in.begin(visit, needed.target)
    except PageMissing:
        return _missing(visit)
    except TooOften:
        return render.message(visit, 429, _TITLES[429], _TOO_OFTEN)
    except PageRefused as refused:
        return render.message(visit, refused.status, _TITLES[refused.status], str(refused))
    except Exception:
        # A person who taps a link is shown a sentence; the operator's alarm watches this line.
        log.exception("page failed", extra={"page": visit.request.page})
        return render.message(visit, 500, "出了点问题", _BROKEN)


def _within_limits(visit: Visit) -> None:
    """Raises TooOften. Who is not signed in learns nothing from a key, and is not counted by it."""
    request, person = visit.request, visit.session.openid if visit.session else ""
    limits = visit.services.page_limits
    if request.method == "POST":
        limits.count(FORMS, person, request.sender, visit.now)
    if person and request.page in GUARDED:
        limits.check(MISSES, person, request.sender, visit.now)


def _missing(visit: Visit) -> PageResponse:
    """The same for what is not there and what is not theirs."""
    request, person = visit.request, visit.session.openid if visit.session else ""
    if person and request.page in GUARDED:
        with suppress(TooOften):
            visit.services.page_limits.count(MISSES, person, request.sender, visit.now)
    return render.message(visit, 404, "没有找到", _MISSING)


def _view(request: PageRequest) -> View:
    """Raises PageMissing."""
    views = KEYED if request.key else ALONE
    view = views.get((request.method, request.page))
    if view is None or (request.key and not _KEY.fullmatch(request.key)):
        raise PageMissing
    return view
