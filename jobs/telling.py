"""Planning shared by the jobs that tell people something: drafts in, placements and skip counts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft
from chalicelib.notices.planning import Circumstances, PlannedNotice, plan
from chalicelib.ports import Write
from jobs.core import JobContext, JobPlan, Placement, When

PEOPLE_AT_ONCE = 25
"""Two writes each; with the rows of a digest they fit into one transaction."""


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
    """Each draft's notices placed together: all of its people or, if another run was first, none.

    ``skipped`` are reasons counted before it came to drafts.
    """
    kinds = {draft.kind for draft in drafts}
    around = circumstances(context, when, (draft.uscc for draft in drafts), *kinds)
    planned = plan(drafts, around)
    counted = Counter(skipped or {})
    counted.update(planned.skipped)
    groups: dict[tuple[str, ...], list[PlannedNotice]] = {}
    for item in planned.items:
        notice = item.notice
        groups.setdefault((notice.uscc, notice.subject, notice.subject_version, notice.event), []).append(item)
    placements = [placement for items in groups.values() for placement in together(items, when)]
    return JobPlan(tuple(placements), skipped=dict(counted))


def together(items: Sequence[PlannedNotice], when: When, rows: Sequence[Write] = ()) -> Iterator[Placement]:
    """The notices of one draft as one placement, with ``rows``, and with the day's digest where they count as one.

    More people than fit into a transaction go into further ones.
    """
    digest_on = when.on if any(item.notice.counts_as_digest for item in items) else None
    yield Placement(tuple(items[:PEOPLE_AT_ONCE]), tuple(rows), digest_on)
    for start in range(PEOPLE_AT_ONCE, len(items), PEOPLE_AT_ONCE):
        yield Placement(tuple(items[start : start + PEOPLE_AT_ONCE]))
