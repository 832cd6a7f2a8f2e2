"""``/h5/tolerance/{item}``: which papers of an item may come later, and the commitment to bring them (容缺承诺)."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.cases.tolerance import GOOD_FOR, ToleranceRefused
from chalicelib.enterprises.access import Right
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageMissing, PageRefused, Visit
from chalicelib.times import local_date
from chalicelib.tolerance import Offer, ToleranceDesk, offer_of

_STALE = "页面已过期，什么都没有提交。请重新打开这个页面，看清承诺再点一次。"
_CHANGED = "承诺内容刚有更新，什么都没有提交。请看清下面的内容再点一次。"
_UNTICKED = "还没有提交。同意的话，请先勾选“我已看清并自愿承诺”。"
_UNBOUND = "容缺要由企业承诺。请先在公众号回复“绑定”绑定企业，再打开这个页面。"


@dataclass(frozen=True, slots=True)
class ShownEnterprise:
    """``given``: number and last day of a commitment that waits for its application; ``refusal``: why there is none."""

    uscc: str
    name: str
    given: tuple[str, str] | None
    refusal: str


def show(visit: Visit) -> PageResponse:
    """Raises PageMissing for an item that is not there or has nothing that may be late, PageRefused without binding."""
    return _page(visit, _offer(visit))


def agree(visit: Visit) -> PageResponse:
    """POST ``uscc``, ``text`` (the mark of what was shown) and ``agree`` with the form's ``token``.

    Raises PageMissing and PageRefused; nothing is given then.
    """
    session, form = visit.posted(_STALE), visit.request.form
    offer, uscc = _offer(visit), visit.request.form.get("uscc", "")
    if uscc not in _mine(visit):
        raise PageRefused(403, _STALE)
    if form.get("text") != offer.mark:
        return _page(visit, offer, _CHANGED)
    if form.get("agree") != "1":
        return _page(visit, offer, _UNTICKED)
    try:
        _desk(visit).agree(session.openid, uscc, offer, visit.now)
    except ToleranceRefused as refused:
        return _page(visit, offer, str(refused))
    location = f"{visit.services.settings.public_url}{visit.request.path}?done=1"
    return PageResponse(303, headers={"Location": location, "Cache-Control": "no-store"})


def _offer(visit: Visit) -> Offer:
    item = visit.services.catalogue().items.get(visit.request.key)
    if item is None:
        raise PageMissing
    offer = offer_of(item)
    if not offer.materials:
        raise PageMissing
    return offer


def _mine(visit: Visit) -> list[str]:
    """Credit codes of the enterprises they may commit. Raises PageRefused without any."""
    bindings = visit.services.bindings.of_person(visit.known().openid, Right.DO_FILL_FORMS)
    if not bindings:
        raise PageRefused(403, _UNBOUND)
    return [binding.uscc for binding in bindings]


def _page(visit: Visit, offer: Offer, problem: str = "") -> PageResponse:
    return render.page(
        visit,
        "tolerance.html",
        personal=True,
        title=f"容缺办理：{offer.item.name}",
        offer=offer,
        enterprises=[_shown(visit, offer, uscc) for uscc in _mine(visit)],
        form_token=visit.known().form_token,
        done=visit.request.query.get("done") == "1" and not problem,
        problem=problem,
    )


def _shown(visit: Visit, offer: Offer, uscc: str) -> ShownEnterprise:
    enterprise, desk = visit.services.enterprises.get(uscc), _desk(visit)
    held = desk.held(uscc, offer, visit.now)
    return ShownEnterprise(
        uscc=uscc,
        name=enterprise.name if enterprise else uscc,
        given=(held.id, str(local_date(held.given_at + GOOD_FOR))) if held else None,
        refusal="" if held else desk.refusal(uscc, visit.now) or "",
    )


def _desk(visit: Visit) -> ToleranceDesk:
    services = visit.services
    return ToleranceDesk(services.commitments, services.cases, services.enterprises, services.bindings)
