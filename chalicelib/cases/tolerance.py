"""容缺办理 as a product: what an applicant commits to, who may not, and how many cases it helped.

Rules (facts §4.2.3): the main papers are there, minor ones are late; the applicant is willing and commits in writing;
papers, last day, way and consequence are told at once; who broke a commitment, or is on a credit list that has not been
repaired, is refused; papers that stay out end the case at the applicant's own loss. Which papers may be late is content
(材料必要性 3 容缺后补), and statutory ones never are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from pydantic import AwareDatetime, ConfigDict

from chalicelib.cases.life import Life
from chalicelib.cases.model import CaseAct, CaseEvent, CaseHead, CaseState
from chalicelib.errors import BadInput, Refusal
from chalicelib.ports import Conflict, Delete, Put, Record, Store, Write
from chalicelib.shape import Shape
from chalicelib.shards import listed, one_list, place
from chalicelib.times import chinese_time, local

GOOD_FOR = timedelta(days=30)
"""How long a commitment waits for its application (sample value)."""

_S = CaseState


class ToleranceRefused(Refusal):
    """The text is the sentence to show."""


class Commitment(Shape):
    """容缺承诺: ``id`` like C-20261122-03, which the applicant shows at the window. ``days`` working days from
    acceptance. ``person`` is a pseudonym. ``accepted_at``: when the window accepted the case ``case_no`` on it."""

    model_config = ConfigDict(frozen=True)

    id: str
    uscc: str
    item_id: str
    item_name: str
    materials: tuple[str, ...]
    days: int
    text: str
    person: str
    given_at: AwareDatetime
    case_no: str = ""
    accepted_at: AwareDatetime | None = None

    def good(self, now: datetime) -> bool:
        return not self.case_no and now < self.given_at + GOOD_FOR


def words(item_name: str, materials: Sequence[str], days: int) -> str:
    """What the applicant agrees to; shown before, kept with the commitment."""
    return (
        f"本企业自愿申请容缺办理“{item_name}”：{'、'.join(materials)}"
        f"在受理后 {days} 个工作日内补齐，送到受理窗口或在网上补传。"
        "到期没有补齐的，同意终止办理，由此造成的损失自行承担；所作承诺真实。"
    )


class CommitmentService:
    """Rows ``commitment#{id}``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def give(
        self,
        openid: str,
        uscc: str,
        item_id: str,
        item_name: str,
        materials: Sequence[str],
        days: int,
        now: datetime,
        still: Sequence[Write] = (),
    ) -> Commitment:
        """The same enterprise's open commitment for the same item is the one given before. ``still``: what must hold
        of who gives it when it is written. Raises ToleranceRefused."""
        if not materials:
            raise ToleranceRefused("这件事没有可以后补的材料，请备齐后再申请。")
        once = _newest(uscc, item_id)
        held = self._store.get(once, "row")
        before = self.get(str(held.body["id"])) if held else None
        if before and before.good(now) and before.materials == tuple(materials):
            return before
        day = f"{local(now):%Y%m%d}"
        number = self._store.add(f"commitment#{day}", "count", {"n": 1})["n"]
        commitment = Commitment(
            id=f"C-{day}-{number:02d}",
            uscc=uscc,
            item_id=item_id,
            item_name=item_name,
            materials=tuple(materials),
            days=days,
            text=words(item_name, materials, days),
            person=sha256(openid.encode()).hexdigest()[:24],
            given_at=now,
        )
        newest = Record(once, "row", {"id": commitment.id})
        try:
            self._store.transact(
                [
                    Put(newest, if_absent=held is None, if_version=held.version if held else None),
                    Put(_row(commitment), if_absent=True),
                    *still,
                ]
            )
        except Conflict:
            raise ToleranceRefused("这次没有提交：刚刚有人提交过，或您的绑定有变化。请回复“容缺”再看。") from None
        return commitment

    def waiting(self, uscc: str, item_id: str, now: datetime) -> Commitment | None:
        """The enterprise's commitment for this item that still waits for its application."""
        held = self._store.get(_newest(uscc, item_id), "row")
        commitment = self.get(str(held.body["id"])) if held else None
        return commitment if commitment and commitment.good(now) else None

    def get(self, commitment_id: str) -> Commitment | None:
        row = self._store.get(_key(commitment_id), "row")
        return Commitment.model_validate(row.body) if row else None

    def cases_of(self, uscc: str) -> Iterator[str]:
        """Numbers of the enterprise's cases that were accepted with papers missing, however long ago."""
        yield from map(_no, one_list(self._store, "gsi2", f"toleratedof#{uscc}"))

    def event(self, commitment_id: str, case_no: str, uscc: str | None, now: datetime) -> CaseEvent:
        """The event 容缺受理 that the window records on this commitment; asked again, the same. Raises BadInput."""
        held, _ = self._usable(commitment_id, case_no, uscc, now)
        return CaseEvent(
            id=f"commitment-{commitment_id}",
            case_no=case_no,
            kind=_S.TOL_ACCEPTED,
            at=held.accepted_at or now,
            note=f"容缺承诺 {commitment_id}",
            materials=held.materials,
            days=held.days,
            committed=True,
        )

    def use(self, commitment_id: str, event: CaseEvent, uscc: str | None) -> None:
        """The commitment is this event's case's from now on; before the event is recorded, so that no second case can
        have it, and a call that was cut short in between is simply made again. Raises BadInput, and Conflict when
        somebody else used it at the same moment."""
        held, version = self._usable(commitment_id, event.case_no, uscc, event.at)
        if not held.case_no:
            used = held.model_copy(update={"case_no": event.case_no, "accepted_at": event.at})
            self._store.put(_row(used), if_version=version)

    def _usable(self, commitment_id: str, case_no: str, uscc: str | None, now: datetime) -> tuple[Commitment, int]:
        row = self._store.get(_key(commitment_id), "row")
        if row is None:
            raise BadInput(f"没有编号为 {commitment_id} 的容缺承诺。请核对企业出示的编号。")
        held = Commitment.model_validate(row.body)
        if held.uscc != uscc:
            raise BadInput(f"承诺 {commitment_id} 不是这个办件的企业作出的。请核对编号。")
        if held.case_no not in ("", case_no):
            raise BadInput(f"承诺 {commitment_id} 已用于办件 {held.case_no}，请企业重新承诺。")
        if not held.case_no and now < held.given_at:
            raise BadInput(f"承诺 {commitment_id} 是 {chinese_time(held.given_at)} 作出的，受理不能早于这个时间。")
        if not held.case_no and not held.good(now):
            raise BadInput(f"承诺 {commitment_id} 已超过 {GOOD_FOR.days} 天，请企业重新承诺。")
        return held, row.version


# ----------------------------------------------------------------------------------------------------------- statistics


def is_tolerated(life: Life) -> bool:
    return any(step.kind is _S.TOL_ACCEPTED for step in life.steps)


def mark(head: CaseHead, life: Life) -> list[Write]:
    """Files a tolerated case under the month it was accepted in, for the statistics, and under its enterprise, which
    may have to be asked whether it kept its commitments."""
    accepted = next((step.at for step in life.steps if step.kind is _S.TOL_ACCEPTED), None)
    if accepted is None:
        return []
    month = (place(tolerated_list(f"{local(accepted):%Y-%m}"), _mark(head.no)), head.no)
    owner = (f"toleratedof#{head.uscc}", head.no) if head.uscc else None
    return [Put(Record(_mark(head.no), "row", {}, gsi1=month, gsi2=owner))]


def unmark(no: str) -> list[Write]:
    """For a case that is erased."""
    return [Delete(_mark(no), "row")]


def tolerated(store: Store, month: str) -> Iterator[str]:
    """Numbers of the cases accepted with papers missing in a month (YYYY-MM, China)."""
    return (_no(row) for row in listed(store, "gsi1", tolerated_list(month)))


def tolerated_list(month: str) -> str:
    return f"tolerated#{month}"


def _mark(no: str) -> str:
    return f"tolerated#{no}"


def _no(row: Record) -> str:
    return row.pk.removeprefix("tolerated#")


@dataclass(slots=True)
class Figures:
    """容缺受理 cases: papers still out (``waiting``), handed in, never handed in (``ended``); ``granted`` with a
    favourable decision; ``days_early``: calendar days that applicants started before their last paper came, in all.
    A case was helped when its papers came and it went on: ``supplied``."""

    accepted: int = 0
    waiting: int = 0
    supplied: int = 0
    ended: int = 0
    granted: int = 0
    days_early: int = 0

    def add(self, life: Life) -> None:
        start = next(step.at for step in life.steps if step.kind is _S.TOL_ACCEPTED)
        came = next((step.at for step in life.steps if step.kind is CaseAct.SUPPLIED and step.at >= start), None)
        self.accepted += 1
        self.granted += any(step.kind is _S.DECIDED_OK for step in life.steps)
        if came is not None:
            self.supplied += 1
            self.days_early += (local(came).date() - local(start).date()).days
        elif life.commitment_broken:
            self.ended += 1
        else:
            self.waiting += bool(life.missing) and not life.is_final


def figures(lives: Iterable[Life]) -> Figures:
    total = Figures()
    for life in lives:
        if is_tolerated(life):
            total.add(life)
    return total


def _newest(uscc: str, item_id: str) -> str:
    return f"commitmentfor#{uscc}#{item_id}"


def _key(commitment_id: str) -> str:
    return f"commitment#{commitment_id}"


def _row(commitment: Commitment) -> Record:
    return Record(_key(commitment.id), "row", commitment.model_dump(mode="json"))
