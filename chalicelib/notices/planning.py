"""Planning (推送计划): from what there is to tell and who is there, to what would be sent to whom and why.

Pure: what is on record comes in as arguments, so a dry run and a run decide the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from chalicelib.notices.audience import NOT_BOUND, Person
from chalicelib.notices.model import Draft, Notice, address, is_digest, notice_id
from chalicelib.notices.quiet import QuietHours, next_allowed

SAMPLE = "示例数据"
EXPIRED = "已过期"
DIGEST_TAKEN = "今日已推"
ALREADY = "已推送"

FEW = 50
"""Notices of a small run: at 20 a second out in seconds, so no digest to the county need be in front of them."""


@dataclass(frozen=True, slots=True)
class PlannedNotice:
    """One notice that would go out, and why this person gets it."""

    notice: Notice
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """``skipped`` counts what will not be told, by the Chinese reason."""

    items: tuple[PlannedNotice, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)

    @property
    def enterprises(self) -> int:
        return len({item.notice.uscc for item in self.items})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the planner must know besides the drafts.

    ``people`` everybody bound, by enterprise; ``digested`` the enterprises that had their digest on day ``on``;
    ``placed`` tells whether a notice with this id is in the ledger; ``part_of_many`` that this run is one of a row.
    """

    on: date
    now: datetime
    people: Mapping[str, Sequence[Person]]
    placed: Callable[[str], bool]
    part_of_many: bool = False
    digested: Collection[str] = ()
    quiet: QuietHours | None = None
    demo: bool = False


def plan(drafts: Iterable[Draft], around: Circumstances) -> Plan:
    """At most one digest for an enterprise; the first draft wins. A draft nobody may get counts once, by its reason."""
    items: list[PlannedNotice] = []
    skipped: Counter[str] = Counter()
    digested = set(around.digested)
    for draft in drafts:
        reason = _refusal(draft, around, digested)
        if reason:
            skipped[reason] += 1
            continue
        chosen, refusals = _choose(draft, around)
        if not chosen:
            skipped[_main(refusals)] += 1
            continue
        items += chosen
        if is_digest(draft.kind, draft.event):
            digested.add(draft.uscc)
    few = len(items) <= FEW and not around.part_of_many
    return Plan(tuple(_marked(item) for item in items) if few else tuple(items), dict(skipped))


def _marked(item: PlannedNotice) -> PlannedNotice:
    return replace(item, notice=item.notice.model_copy(update={"few": True}))


def _refusal(draft: Draft, around: Circumstances, digested: Collection[str]) -> str | None:
    if draft.sample and not around.demo:
        return SAMPLE
    if draft.expires_at <= around.now:
        return EXPIRED
    if is_digest(draft.kind, draft.event) and draft.uscc in digested:
        return DIGEST_TAKEN
    return None


def _choose(draft: Draft, around: Circumstances) -> tuple[list[PlannedNotice], list[str]]:
    not_before = next_allowed(around.quiet, around.now)
    chosen: list[PlannedNotice] = []
    refusals: list[str] = []
    for person in around.people.get(draft.uscc, ()):
        if draft.only not in ("", person.openid):
            continue
        refusal = person.refusal(draft.kind)
        if refusal is None and around.placed(_id(draft, person)):
            refusal = ALREADY
        if refusal:
            refusals.append(refusal)
            continue
        later = not_before if not_before > around.now else None
        chosen.append(PlannedNotice(address(draft, person.openid, around.now, later), f"{draft.why}；{person.role}"))
    return chosen, refusals


def _id(draft: Draft, person: Person) -> str:
    return notice_id(draft.uscc, draft.subject, draft.version, draft.event, person.openid)


def _main(refusals: Sequence[str]) -> str:
    """Why nobody at the enterprise gets it: what most of them have in common; nobody is there at all."""
    return Counter(refusals).most_common(1)[0][0] if refusals else NOT_BOUND
