"""``/h5/award/{round}``: how far an award without application has come, and where its money goes (免申即享：账户确认).

Only 法人 and 财务 of an enterprise on the public list see anything. The number is typed here and never in a chat; of a
confirmed one only the last four digits are shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from chalicelib import money
from chalicelib.enterprises.access import Right
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.visit import PageMissing, PageRefused, Visit
from chalicelib.policies.awards.accounts import payee_of
from chalicelib.policies.awards.life import EntryState, entry_life
from chalicelib.policies.awards.model import AwardRefused, Entry, Round
from chalicelib.policies.awards.progress import progress_lines
from chalicelib.times import local_date

_STALE = "页面已过期，什么都没有改。请回公众号重新打开这个页面。"
_NOT_YOURS = "只有本企业的法人或财务能看兑现进度、确认收款账户。请由他们打开，或拨 12345。"
_OPEN = frozenset({EntryState.LISTED, EntryState.BLOCKED, EntryState.READY})


@dataclass(frozen=True, slots=True)
class ShownAward:
    """One enterprise's award in words. ``bank`` is what was typed last, ``problem`` why it was not taken."""

    uscc: str
    enterprise: str
    amount: str
    calculation: str
    progress: tuple[str, ...]
    may_confirm: bool
    confirmed: str
    bank: str = ""
    problem: str = ""


def show(visit: Visit) -> PageResponse:
    """Raises PageMissing, PageRefused."""
    return _page(visit, _awards(visit))


def confirm(visit: Visit) -> PageResponse:
    """POST ``uscc``, ``bank`` and ``number`` with the form's ``token``. Raises PageRefused, nothing changed."""
    session, form = visit.posted(_STALE), visit.request.form
    found = _awards(visit)
    entry = next((entry for _, entry in found if entry.uscc == form.get("uscc")), None)
    if entry is None:
        raise PageMissing
    number = form.get("number", "")
    try:
        if number != form.get("again", ""):
            raise ValueError("账号：两次填的不一样，请再核对")
        payee = payee_of(_name_of(visit, entry), form.get("bank", ""), number)
        visit.services.awards.confirm_account(session.openid, entry.round, entry.uscc, payee, visit.now)
    except (ValueError, AwardRefused) as refusal:
        return _page(visit, found, entry.uscc, str(refusal))
    location = f"{visit.services.settings.public_url}{visit.request.path}?done=1"
    return PageResponse(303, headers={"Location": location, "Cache-Control": "no-store"})


def _awards(visit: Visit) -> list[tuple[Round, Entry]]:
    """What the enterprises they may speak for have in this round. Raises PageMissing, PageRefused."""
    held = list(_of_person(visit))
    if not held:
        raise PageMissing
    mine = [(round_, entry) for round_, entry, may in held if may]
    if not mine:
        raise PageRefused(403, _NOT_YOURS)
    return mine


def _of_person(visit: Visit) -> Iterator[tuple[Round, Entry, bool]]:
    services = visit.services
    for binding in services.bindings.of_person(visit.known().openid):
        for round_, entry in services.awards.of_enterprise(binding.uscc):
            if round_.id == visit.request.key:
                yield round_, entry, binding.may(Right.DO_NAME_ACCOUNTS)


def _name_of(visit: Visit, entry: Entry) -> str:
    """Money goes to an account under the enterprise's own name of today (户名与企业名称一致, facts §8.1 no. 29)."""
    enterprise = visit.services.enterprises.get(entry.uscc)
    return enterprise.name if enterprise else entry.name


def _page(visit: Visit, found: list[tuple[Round, Entry]], refused: str = "", problem: str = "") -> PageResponse:
    session, today = visit.known(), local_date(visit.now)
    shown = [_shown(visit, round_, entry, today, problem if entry.uscc == refused else "") for round_, entry in found]
    return render.page(
        visit,
        "award.html",
        personal=True,
        title=found[0][0].short,
        round=found[0][0],
        awards=shown,
        form_token=session.form_token,
        done=visit.request.query.get("done") == "1" and not problem,
    )


def _shown(visit: Visit, round_: Round, entry: Entry, today: date, problem: str) -> ShownAward:
    life = entry_life(entry)
    return ShownAward(
        uscc=entry.uscc,
        enterprise=_name_of(visit, entry),
        amount=money.show(entry.amount),
        calculation=entry.calculation,
        progress=progress_lines(round_, entry, today),
        may_confirm=life.state in _OPEN and visit.services.awards.takes_accounts(round_, today),
        confirmed=f"{life.payee.bank} 尾号 {life.payee.number[-4:]}" if life.payee else "",
        bank=visit.request.form.get("bank", "") if problem else "",
        problem=problem,
    )
