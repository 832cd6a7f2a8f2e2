"""Planning shared by the jobs that tell people something: drafts in, placements and skip counts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.notices.planning import Circumstances, Plan, plan
from jobs.core import JobContext, JobPlan, Placement, When


def circumstances(context: JobContext, when: When, usccs: Iterable[str], *kinds: NoticeKind) -> Circumstances:
    """What the planner must know of these enterprises, as it is on record now."""
    asked = list(dict.fromkeys(usccs))
    return Circumstances(
        on=when.on,
        now=when.now,
        people={uscc: context.notices.people(uscc, *kinds) for uscc in asked},
        placed=context.notices.placed,
        digested={uscc for uscc in asked if context.notices.digest_taken(uscc, when.on)},
        quiet=context.notices.quiet,
        demo=context.demo,
    )


def tell(context: JobContext, when: When, drafts: Sequence[Draft], skipped: Counter[str] | None = None) -> JobPlan:
    """Each draft's notices as one placement: all of its people or, if another run was first, none.

    ``skipped`` are reasons counted before it came to drafts.
    """
    kinds = {draft.kind for draft in drafts}
    around = circumstances(context, when, (draft.uscc for draft in drafts), *kinds)
    planned = plan(drafts, around)
    counted = Counter(skipped or {})
    counted.update(planned.skipped)
    return JobPlan(tuple(_one_each(planned)), skipped=dict(counted))


def _one_each(planned: Plan) -> Iterable[Placement]:
    return (Placement((item,)) for item in planned.items)
