"""提交: the form handed in opens a draft case (暂存), once, and what was confirmed is kept with its fingerprint.

The number is ours: 360323, the day, and a serial from 90001 on that offices do not use. It is good for looking the
case up; the office that takes the papers gives its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import ConfigDict

from chalicelib.cases.model import FORM_SOURCE, CaseEvent, CaseHead, CaseState, lookup_key
from chalicelib.cases.service import CaseService
from chalicelib.cases.workdays import Limit, Unit
from chalicelib.forms.documents.context import sheet
from chalicelib.forms.documents.kept import KEPT_DAYS, DocumentGone, Documents, Kind
from chalicelib.forms.draft import Draft
from chalicelib.forms.model import Compiled
from chalicelib.forms.problems import SubmissionRefused
from chalicelib.forms.review import review
from chalicelib.forms.wanted import wanted
from chalicelib.guidance.model import Handling, ServiceItem
from chalicelib.guidance.model import Limit as ItemLimit
from chalicelib.guidance.model import Unit as ItemUnit
from chalicelib.ports import Conflict, Put, Record, Store, Write
from chalicelib.shape import Shape
from chalicelib.times import local_date

REGION = "360323"
_OURS_FROM = 90_000
_MOST_A_DAY = 9_999
_TRIES = 5
_NO_DEPT = "县政务服务中心"

Still = Callable[[], Sequence[Write]]
"""What must hold of who hands it in when it is written. Raises SubmissionRefused where it holds no more."""


class Submitted(Shape):
    """What became of a draft: its case, and the document under ``name`` with the ``fingerprint`` of the content."""

    model_config = ConfigDict(frozen=True)

    no: str
    name: str
    fingerprint: str
    template: str = ""


class SubmissionService:
    """Rows ``formcase#{draft}`` (30 days), ``formserial#{day}`` (a counter)."""

    def __init__(
        self, store: Store, cases: CaseService, documents: Documents, items: Callable[[], Mapping[str, ServiceItem]]
    ) -> None:
        self._store, self._cases, self._documents, self._items = store, cases, documents, items

    def submit(self, draft: Draft, compiled: Compiled, now: datetime, still: Still = lambda: ()) -> str:
        """The case number; the same one however often the draft is handed in. Raises SubmissionRefused."""
        if known := self.of_draft(draft.id):
            return known.no
        if stops := [each for each in review(compiled, draft, local_date(now)) if each.stops]:
            raise SubmissionRefused(str(stops[0]))
        return self._open(draft, compiled, now, still)

    def of_draft(self, draft_id: str) -> Submitted | None:
        row = self._store.get(_key(draft_id), "row")
        return Submitted.model_validate(row.body) if row else None

    def document(self, draft_id: str, kind: Kind) -> bytes:
        """The document of a draft that was handed in; whose it is, is for the caller to know. Raises DocumentGone."""
        known = self._handed_in(draft_id)
        return self._documents.printed(known.name, known.fingerprint, kind, known.template)

    def check_code(self, draft_id: str) -> str:
        """核对码, as it stands on the document. Raises as ``document`` does."""
        known = self._handed_in(draft_id)
        return self._documents.code(self._documents.sheet(known.name, known.fingerprint)).check

    def former_check_codes(self, draft_id: str) -> list[str]:
        """核对码 of a document that was printed before the secret was changed (轮换). Raises as ``document`` does."""
        known = self._handed_in(draft_id)
        sheet = self._documents.sheet(known.name, known.fingerprint)
        return [code.check for code in self._documents.former_codes(sheet)]

    def _handed_in(self, draft_id: str) -> Submitted:
        known = self.of_draft(draft_id)
        if known is None:
            raise DocumentGone(f"没有这份文书：还没有提交，或提交已满 {KEPT_DAYS} 天。")
        return known

    def forget(self, draft_id: str) -> None:
        """Remove the documents; the case is the enterprise's and stays (``privacy.terms``)."""
        if known := self.of_draft(draft_id):
            self._documents.remove(known.name)
            self._store.delete(_key(draft_id), "row")

    def _open(self, draft: Draft, compiled: Compiled, now: datetime, still: Still) -> str:
        item = self._items().get(compiled.form.item)
        confirmed = sheet(compiled, draft, local_date(now), item.dept if item else _NO_DEPT)
        name, fingerprint = self._documents.keep(confirmed), confirmed.fingerprint()
        for _ in range(_TRIES):
            holds = still()
            submitted = Submitted(
                no=self._number(now), name=name, fingerprint=fingerprint, template=compiled.form.template
            )
            event = _event(submitted, draft, compiled, now)
            writes = self._cases.writes(
                None, _head(submitted.no, draft, compiled, item), _lookup(submitted.no, draft, compiled), [event], now
            )
            try:
                self._cases.commit([Put(_row(draft.id, submitted, now), if_absent=True), *writes, *holds])
            except Conflict:
                if known := self.of_draft(draft.id):
                    return known.no
                continue
            return submitted.no
        raise SubmissionRefused("现在提交的人多，请过一分钟再回复“提交”，填的内容都在。")

    def _number(self, now: datetime) -> str:
        day = local_date(now)
        expires = int((now + timedelta(days=2)).timestamp())
        try:
            counted = self._store.add(
                f"formserial#{day}", "row", {"last": 1}, at_most={"last": _MOST_A_DAY}, expires_at=expires
            )
        except Conflict:
            raise SubmissionRefused("今天的网上编号用完了，请明天再回复“提交”，填的内容都在。") from None
        return f"{REGION}{day:%Y%m%d}{_OURS_FROM + counted['last']}"


def _key(draft_id: str) -> str:
    return f"formcase#{draft_id}"


def _row(draft_id: str, submitted: Submitted, now: datetime) -> Record:
    expires = int((now + timedelta(days=KEPT_DAYS)).timestamp())
    return Record(_key(draft_id), "row", submitted.model_dump(mode="json"), expires_at=expires)


def _head(no: str, draft: Draft, compiled: Compiled, item: ServiceItem | None) -> CaseHead:
    form = compiled.form
    return CaseHead(
        no=no,
        uscc=draft.uscc or None,
        title=form.title,
        item_id=form.item or None,
        dept=item.dept if item else _NO_DEPT,
        immediate=item is not None and item.pt is Handling.IMMEDIATE,
        legal=_limit(item.legal) if item else None,
        promised=_limit(item.promised) if item else None,
        prov=(*form.prov, "R") if draft.sample else form.prov,
        verified_at=form.verified_at,
        verified_by=form.verified_by,
    )


def _limit(told: ItemLimit) -> Limit | None:
    """A guide says 0 days where no law sets a limit; a case then has none."""
    return Limit(n=told.n, unit=Unit(told.unit)) if told.n or told.unit is ItemUnit.IMMEDIATE else None


def _event(submitted: Submitted, draft: Draft, compiled: Compiled, now: datetime) -> CaseEvent:
    return CaseEvent(
        id=f"form-{draft.id}",
        case_no=submitted.no,
        kind=CaseState.DRAFT,
        at=now,
        source=FORM_SOURCE,
        note=f"草稿 {draft.id}，{compiled.form.id} 第 {draft.version} 版，确认内容 sha256:{submitted.fingerprint}",
    )


def _lookup(no: str, draft: Draft, compiled: Compiled) -> str | None:
    """By the last four digits of the first phone in the form: the applicant's (facts §6.2)."""
    for name in wanted(compiled, draft.values()):
        value = draft.value(name)
        if value and compiled.fields[name].type == "phone":
            return lookup_key(no, value[-4:])
    return None
