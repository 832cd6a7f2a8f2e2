"""Forms half filled in that will soon be deleted (草稿到期提醒): told to nobody but who fills them in."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.forms.draft import Draft as FormDraft
from chalicelib.forms.repository import DraftRepository
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.times import at_local, local_date
from jobs.core import JobContext, When
from jobs.wording import chinese_date, field_deadline

AHEAD = timedelta(days=3)


def form_drafts(context: JobContext, when: When) -> list[Draft]:
    """Once for each draft of an enterprise's member. Who fills in for themselves alone has no consent of this kind to
    be told by, and hears of it when they come back."""
    titles = {name: form.title for name, form in context.catalogue().forms.items()}
    return [
        _draft(one, titles[one.form], when)
        for one in DraftRepository(context.store).expiring(when.now + AHEAD)
        if one.uscc and one.form in titles and one.expires_at > when.now and when.enterprise in (None, one.uscc)
    ]


def _draft(form: FormDraft, title: str, when: When) -> Draft:
    last = local_date(form.expires_at)
    return Draft(
        uscc=form.uscc,
        kind=NoticeKind.DEADLINE_REMINDER,
        subject=f"form#{form.id}",
        version="draft",
        event="deadline_T-3",
        title="有一张表还没填完",
        lines=(f"《{title}》填到一半，{chinese_date(last, when.on)}后草稿会删除。", "回复“填表”接着填。"),
        fields={"thing1": "填完申请表", "thing2": title, "time3": field_deadline(last)},
        path=f"/h5/form/{form.id}",
        expires_at=min(form.expires_at, at_local(last + timedelta(days=1))),
        why=f"草稿 {form.id} 不到 {AHEAD.days} 天就到期",
        sample=form.sample,
        only=form.owner,
    )
