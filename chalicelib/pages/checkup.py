"""``/h5/checkup``: a policy check-up (政策体检), one question a page, for members of an enterprise.

The same engine as in the chat. What was answered so far travels in the form, sealed; nothing is kept before the end,
so that closing the page leaves nothing behind, and a form sent twice changes nothing twice.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import urlencode

from chalicelib.enterprises.access import Right
from chalicelib.enterprises.model import Enterprise
from chalicelib.pages import render
from chalicelib.pages.http import PageResponse
from chalicelib.pages.policies import check_of
from chalicelib.pages.visit import PageMissing, PageRefused, Visit
from chalicelib.policies.answers import REGIONS, Answer, NoAnswer, understood
from chalicelib.policies.checkup import (
    EXAMPLES,
    MOST_QUESTIONS,
    OWN_FIGURES,
    Checkup,
    Progress,
    answers_of,
    definition_of,
    unsure,
)
from chalicelib.policies.dictionary import FactDef
from chalicelib.times import local_date

_STALE = "页面已过期，什么都没有保存。请回公众号重新打开“政策体检”。"
_WAYS = {"skip": NoAnswer.SKIP, "back": NoAnswer.BACK, "finish": NoAnswer.FINISH}
_SAY_IT = re.compile(r"[，。]?请?回复.*$")
"""How a chat wants it answered; a page has buttons."""
_HINTS = {
    "number": "填数字，约数也行，比如“400万”“二十来个人”。",
    "date": "年月日，比如“2019年3月5日”。",
    "set": "可以选多个。",
}


@dataclass(frozen=True, slots=True)
class ShownQuestion:
    """``kind`` is number, date, choice (tap one) or choices (tick some); ``typed`` what was not understood."""

    kind: str
    text: str
    unit: str
    hint: str
    choices: tuple[str, ...]
    typed: str = ""
    problem: str = ""


def show(visit: Visit) -> PageResponse:
    """``e`` is the enterprise, where the person stands for several; ``done`` shows what came out."""
    session = visit.known()
    bindings = visit.services.bindings.of_person(session.openid, Right.DO_CHECK_UP)
    asked = visit.request.query.get("e", bindings[0].uscc if len(bindings) == 1 else "")
    if not asked:
        mine = [(b.uscc, held.name) for b in bindings if (held := visit.services.enterprises.get(b.uscc))]
        return render.page(visit, "checkup_start.html", personal=True, title="政策体检", enterprises=mine)
    enterprise = _own(visit, asked)
    if visit.request.query.get("done") == "1":
        check = check_of(visit, enterprise, local_date(visit.now))
        return render.page(visit, "checkup_result.html", personal=True, title="体检结果", check=check, uscc=asked)
    return _next(visit, Progress(asked), enterprise, "")


def answered(visit: Visit) -> PageResponse:
    """POST ``state``, and ``say`` or ``do`` (skip, back, finish), with the form's ``token``. Raises PageRefused."""
    session, form = visit.posted(_STALE), visit.request.form
    state = visit.sessions.unseal(session.openid, form.get("state", ""))
    if state is None:
        raise PageRefused(403, _STALE)
    uscc, asked, answers = json.loads(state)
    progress = Progress(uscc, asked, answers_of(answers))
    return _take(visit, progress, _own(visit, uscc))


def _take(visit: Visit, progress: Progress, enterprise: Enterprise) -> PageResponse:
    form, checkup = visit.request.form, _checkup(visit)
    definition = definition_of(progress.open, checkup.policies)
    said = form.get("say", "")
    found = _WAYS.get(form.get("do", "")) or understood(said, progress.open, definition)
    if isinstance(found, Answer):
        return _next(visit, progress, enterprise, checkup.take(progress, enterprise, found))
    if found is NoAnswer.FINISH:
        return _finish(visit, progress, enterprise)
    if found is NoAnswer.BACK:
        progress.back()
        return _ask(visit, progress, enterprise, "")
    if found is not None:
        return _next(visit, progress, enterprise, "好的，先不问这一项。")
    problem = f"没看明白“{said}”。{EXAMPLES[definition.type]}" if said else f"还没有填。{EXAMPLES[definition.type]}"
    return _ask(visit, progress, enterprise, "", typed=said, problem=problem)


def _next(visit: Visit, progress: Progress, enterprise: Enterprise, said: str) -> PageResponse:
    checkup = _checkup(visit)
    question = checkup.next_question(progress, checkup.decisions(progress, enterprise))
    if question is None:
        return _finish(visit, progress, enterprise)
    progress.asked.append(question.name)
    return _ask(visit, progress, enterprise, said)


def _finish(visit: Visit, progress: Progress, enterprise: Enterprise) -> PageResponse:
    if progress.answers:
        on = local_date(visit.now)
        visit.services.enterprises.change(enterprise.uscc, lambda held: progress.filled(held, on), visit.now)
    query = urlencode({"e": progress.uscc, "done": "1"})
    location = f"{visit.services.settings.public_url}/h5/checkup?{query}"
    return PageResponse(303, headers={"Location": location, "Cache-Control": "no-store"})


def _ask(
    visit: Visit, progress: Progress, enterprise: Enterprise, said: str, typed: str = "", problem: str = ""
) -> PageResponse:
    session, checkup = visit.known(), _checkup(visit)
    definition = definition_of(progress.open, checkup.policies)
    state = json.dumps([progress.uscc, progress.asked, progress.answers_text()], ensure_ascii=False)
    return render.page(
        visit,
        "checkup.html",
        personal=True,
        title="政策体检",
        enterprise=enterprise.name,
        question=_shown(progress.open, definition, typed, problem),
        number=len(progress.asked),
        most=MOST_QUESTIONS,
        unsure=unsure(checkup.decisions(progress, enterprise)),
        said=said,
        own_figures=OWN_FIGURES,
        state=visit.sessions.seal(session.openid, state),
        form_token=session.form_token,
    )


def _shown(name: str, definition: FactDef, typed: str, problem: str) -> ShownQuestion:
    choices = tuple(REGIONS[name]) if name in REGIONS else definition.choices
    kind = {"flag": "choice", "category": "choice", "set": "choices"}.get(definition.type, definition.type)
    if name in REGIONS:
        kind = "choice"
    if definition.type == "flag":
        choices = ("是", "否")
    hint = "" if kind == "choice" else _HINTS[definition.type]
    return ShownQuestion(
        kind, _SAY_IT.sub("", definition.question), definition.unit, hint, choices, typed[:60], problem
    )


def _own(visit: Visit, uscc: str) -> Enterprise:
    """Raises PageMissing unless the person stands for it, now, in a role that may."""
    bound = visit.services.bindings.of(visit.known().openid, uscc, Right.DO_CHECK_UP)
    enterprise = visit.services.enterprises.get(uscc) if bound else None
    if enterprise is None:
        raise PageMissing
    return enterprise


def _checkup(visit: Visit) -> Checkup:
    return Checkup(visit.services.policies(), visit.services.catalogue().policies, local_date(visit.now))
