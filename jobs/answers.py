"""An answer to a 诉求 or a 工单 goes back to who asked, and to nobody else (答复告知). Part of request-watch.

Who is bound and agreed to hear of cases is told as of a case; everybody else gets an answer where they had asked, while
the window for that is open. Everybody finds it under 我的诉求 and 我的工单.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.notices.audience import NOT_BOUND, NOT_FOLLOWING
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft, address
from chalicelib.notices.planning import ALREADY, SAMPLE, Circumstances, PlannedNotice, plan
from chalicelib.notices.quiet import next_allowed
from jobs.core import JobContext, When
from jobs.telling import circumstances
from jobs.wording import field_time

TELL_WITHIN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Answer:
    """``what`` was asked (诉求, 工单), its number and topic, and the line with the answer. ``subject`` and ``version``
    name the telling, which happens once (``Draft``). ``own``: the question is the person's own, not about the business
    of an enterprise, of which only its members may hear."""

    what: str
    number: str
    topic: str
    line: str
    at: datetime
    subject: str
    version: str = "answer"
    sample: bool = False
    own: bool = False


def to_asker(
    context: JobContext, when: When, answer: Answer, openid: str, uscc: str | None, skipped: Counter[str]
) -> Sequence[PlannedNotice]:
    """None, with the reason counted, where the asker has left."""
    if not openid:
        skipped["提出人已离开"] += 1
        return ()
    draft = Draft(
        uscc=uscc or "",
        kind=NoticeKind.CASE_PROGRESS,
        subject=answer.subject,
        version=answer.version,
        event="answered",
        title=f"{answer.what}已答复",
        lines=(f"{answer.what} {answer.number}（{answer.topic}）", answer.line),
        fields={
            "thing1": f"{answer.what}：{answer.topic}",
            "character_string2": answer.number,
            "phrase3": "已答复",
            "time4": field_time(answer.at),
        },
        path="/h5/inbox",
        expires_at=when.now + TELL_WITHIN,
        why=f"{answer.what} {answer.number} 已答复",
        sample=answer.sample,
    )
    around = circumstances(context, when, [uscc] if uscc else [], draft.kind)
    if uscc:
        asker = [person for person in around.people[uscc] if person.openid == openid]
        planned = plan([draft], replace(around, people={uscc: asker}))
        last_word = ALREADY in planned.skipped or SAMPLE in planned.skipped or not (asker or answer.own)
        if planned.items or last_word:
            skipped.update(planned.skipped)
            return planned.items
    elif not answer.own:
        skipped[NOT_BOUND] += 1
        return ()
    about = "" if answer.own else draft.uscc
    return _reply(context, replace(draft, uscc=about, kind=NoticeKind.REPLY), around, openid, skipped)


def _reply(
    context: JobContext, draft: Draft, around: Circumstances, openid: str, skipped: Counter[str]
) -> Sequence[PlannedNotice]:
    not_before = next_allowed(around.quiet, around.now)
    notice = address(draft, openid, around.now, not_before if not_before > around.now else None)
    if around.placed(notice.id):
        skipped[ALREADY] += 1
    elif not context.notices.reaches(openid):
        skipped[NOT_FOLLOWING] += 1
    else:
        return (PlannedNotice(notice, draft.why),)
    return ()
