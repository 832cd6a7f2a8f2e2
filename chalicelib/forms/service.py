"""Filling in forms (填表): whose draft it is, what it begins with, each step kept, the form handed in once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from chalicelib.enterprises.access import Right
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.errors import Refusal
from chalicelib.forms import finder
from chalicelib.forms.draft import Answer, Draft, DraftState
from chalicelib.forms.measure import FormMeasure
from chalicelib.forms.model import Compiled, FieldDef, Form
from chalicelib.forms.prefill import prefill
from chalicelib.forms.problems import SubmissionRefused
from chalicelib.forms.repository import DraftRepository, Kept
from chalicelib.forms.review import missing
from chalicelib.forms.said import Input, Said, Step
from chalicelib.forms.step import carry, step
from chalicelib.forms.values import show
from chalicelib.policies.model import Policy
from chalicelib.ports import Conflict, Store, Write

if TYPE_CHECKING:
    from chalicelib.forms.submission import SubmissionService

_TRIES = 5
_MISSING = "没有这份表，或者不是您的。请回公众号回复“填表”。"
_GIVEN_UP = frozenset({DraftState.CANCELLED, DraftState.EXPIRED})
"""What was filled in is deleted as soon as it has been counted."""


class DraftMissing(Refusal):
    """No such draft, or not theirs: whoever asks cannot tell which."""


class FormMissing(Refusal):
    """No such form is published."""


class Forms(Protocol):
    """The part of the catalogue that holds forms."""

    @property
    def version(self) -> int: ...
    @property
    def forms(self) -> Mapping[str, Form]: ...
    @property
    def fields(self) -> Mapping[str, FieldDef]: ...
    @property
    def policies(self) -> Mapping[str, Policy]: ...


class FormService:
    """Built in bootstrap; ``catalogue`` follows the published content, ``secret`` keeps ids from being guessed;
    ``submissions`` is asked for when a form is handed in, since documents need not be loaded to fill one in."""

    def __init__(
        self,
        store: Store,
        catalogue: Callable[[], Forms],
        *,
        secret: str,
        enterprises: EnterpriseService,
        bindings: BindingService,
        consents: ConsentService,
        submissions: Callable[[], SubmissionService],
        measure: FormMeasure,
    ) -> None:
        self._drafts = DraftRepository(store)
        self._catalogue = catalogue
        self._secret = secret
        self._enterprises, self._bindings, self._consents = enterprises, bindings, consents
        self._submissions, self._measure = submissions, measure
        self._compiled: tuple[int, dict[str, Compiled]] | None = None

    # ------------------------------------------------------------------------------------------------------------ forms

    def forms(self) -> Mapping[str, Compiled]:
        """Every published form with its dictionary, made once a version of the content."""
        catalogue = self._catalogue()
        if self._compiled is None or self._compiled[0] != catalogue.version:
            dictionary = dict(catalogue.fields)
            policies = catalogue.policies
            made = {
                name: Compiled(form, dictionary, policies.get(form.policy)) for name, form in catalogue.forms.items()
            }
            self._compiled = (catalogue.version, made)
        return self._compiled[1]

    def find(self, text: str) -> tuple[Compiled, ...]:
        """The forms that the text calls by a name, the longest name first; equally long names leave several."""
        return tuple(finder.named(self.forms().values(), text))

    # ----------------------------------------------------------------------------------------------------------- drafts

    def may_prefill(self, openid: str) -> bool:
        """Whether this person lets us take what the enterprise file holds (填表时自动带出资料)."""
        return self._consents.allows(openid, Scope.FORM_PREFILL)

    def begin(self, openid: str, form_id: str, uscc: str, now: datetime, message: str = "") -> Step:
        """A new draft with what is known, or the one that is still open for the same form and enterprise.

        ``uscc`` empty: in one's own name. Raises FormMissing, and DraftMissing for an enterprise that is not theirs.
        """
        compiled = self.forms().get(form_id)
        if compiled is None:
            raise FormMissing("现在没有这张表。请直接说要办的事，比如“填委托书公证”。")
        enterprise, role = self._enterprise(openid, uscc)
        for known in self.open_drafts(openid, now):
            if (known.form, known.uscc) == (form_id, uscc):
                return self.act(openid, known.id, Input("resume", message=message), now)
        draft = Draft(
            id=self._id(openid, form_id, uscc, message),
            form=form_id,
            version=compiled.form.version,
            owner=openid,
            uscc=uscc,
            answers=prefill(compiled, enterprise, self._earlier(openid, uscc), now, role),
            started_at=now,
            updated_at=now,
            expires_at=now + timedelta(days=compiled.form.valid_days),
            sample=compiled.form.is_sample or (enterprise is not None and enterprise.is_sample),
        )
        begun = step(compiled, draft, Input("start", message=message), now)
        kept = self._drafts.create(begun.draft)
        return replace(begun, draft=kept)

    def open_drafts(self, openid: str, now: datetime) -> list[Draft]:
        """The latest begun first."""
        return [one for one in self._drafts.of_person(openid) if one.is_open and now < one.expires_at]

    def get(self, openid: str, draft_id: str, now: datetime) -> Draft:
        """Raises DraftMissing. What a process that died left half handed in is finished first."""
        kept, compiled = self._kept(openid, draft_id)
        if kept.draft.state is DraftState.SUBMITTED and not kept.draft.case_no:
            return self._after(compiled, Step(kept.draft, ()), now).draft
        return carry(compiled, kept.draft, now)[0]

    def act(self, openid: str, draft_id: str, given: Input, now: datetime) -> Step:
        """One step, kept; the message that handed the form in is answered the same however often it comes.

        Raises DraftMissing, and Conflict when others write without end.
        """
        for _ in range(_TRIES):
            kept, compiled = self._kept(openid, draft_id)
            moved = self._moved(compiled, kept, given, now)
            try:
                if moved.draft is not kept.draft:
                    self._drafts.save(moved.draft, kept.version)
            except Conflict:
                continue
            done = self._after(compiled, moved, now)
            again = bool(given.message) and given.message in kept.draft.seen
            return replace(done, said=(_handed_in(compiled, done.draft),)) if again and done.draft.case_no else done
        raise Conflict([(f"draft#{draft_id}", "row")])

    def operate(self, draft_id: str, given: Input, now: datetime) -> Step:
        """The same for an operator who helps; ``given.by_operator`` is set. Raises DraftMissing."""
        held = self._drafts.find(draft_id)
        if held is None:
            raise DraftMissing(f"没有草稿 {draft_id}，请用 form list 核对。")
        return self.act(held.draft.owner, draft_id, replace(given, by_operator=True), now)

    def every_open(self) -> list[Draft]:
        """For operators."""
        return list(self._drafts.every_open())

    # -------------------------------------------------------------------------------------------------- personal rights

    def forget(self, openid: str) -> None:
        """Delete every draft of the person, and the documents of those handed in."""
        for draft in list(self._drafts.of_person(openid)):
            self._submissions().forget(draft.id)
            self._drafts.delete(draft.id)

    def in_words(self, openid: str) -> list[dict[str, str]]:
        """What is kept of the person's forms, for their own copy."""
        rows = []
        for draft in self._drafts.of_person(openid):
            compiled = self.forms().get(draft.form)
            if compiled is None:
                continue
            filled = {
                compiled.fields[name].name: show(compiled.fields[name], answer.value)
                for name, answer in draft.answers.items()
                if name in compiled.fields
            }
            rows.append({"表": compiled.form.title, "状态": draft.state.value, **filled})
        return rows

    # --------------------------------------------------------------------------------------------------------- one step

    def _moved(self, compiled: Compiled, kept: Kept, given: Input, now: datetime) -> Step:
        draft, told = carry(compiled, kept.draft, now)
        moved = step(compiled, draft, given, now)
        return replace(moved, said=(Said("told", (told,)), *moved.said)) if told else moved

    def _after(self, compiled: Compiled, moved: Step, now: datetime) -> Step:
        """What a step brings with it, done again by the next step where a process died in between."""
        draft = moved.draft
        if draft.state is DraftState.SUBMITTED and not draft.case_no:
            moved = self._handed_in(compiled, moved, now)
        if moved.draft.is_open:
            return moved
        self._measure.note(compiled, moved.draft, now)
        if moved.draft.state in _GIVEN_UP and moved.draft.answers:
            return replace(moved, draft=self._amend(moved.draft.id, answers={}, skipped=(), trail=()))
        return moved

    def _handed_in(self, compiled: Compiled, moved: Step, now: datetime) -> Step:
        try:
            number = self._submissions().submit(moved.draft, compiled, now, lambda: self._still(moved.draft))
        except SubmissionRefused as refused:
            self._amend(moved.draft.id, state=DraftState.REVIEW)
            back = moved.draft.model_copy(update={"state": DraftState.REVIEW})
            return Step(back, (Said("problem", (str(refused),)),))
        draft = self._amend(moved.draft.id, case_no=number)
        return Step(draft, (_handed_in(compiled, draft),))

    def _still(self, draft: Draft) -> list[Write]:
        """What must hold of the draft's owner when it is handed in. Raises SubmissionRefused."""
        if not draft.uscc:
            return []
        acting = self._bindings.acting(draft.owner, draft.uscc, Right.DO_FILL_FORMS)
        if acting is None:
            raise SubmissionRefused("没有提交：您现在不能以这家企业的名义办理。请回复“绑定”查看。")
        return acting.still

    def _amend(self, draft_id: str, **changes: object) -> Draft:
        for _ in range(_TRIES):
            kept = self._drafts.find(draft_id)
            if kept is None:
                break
            amended = kept.draft.model_copy(update=changes)
            try:
                self._drafts.save(amended, kept.version)
            except Conflict:
                continue
            return amended
        raise Conflict([(f"draft#{draft_id}", "row")])

    def _kept(self, openid: str, draft_id: str) -> tuple[Kept, Compiled]:
        kept = self._drafts.find(draft_id)
        compiled = self.forms().get(kept.draft.form) if kept else None
        if kept is None or compiled is None or kept.draft.owner != openid:
            raise DraftMissing(_MISSING)
        if kept.draft.uscc and self._bindings.of(openid, kept.draft.uscc, Right.DO_FILL_FORMS) is None:
            raise DraftMissing(_MISSING)
        return kept, compiled

    # ---------------------------------------------------------------------------------------------------- what is known

    def _enterprise(self, openid: str, uscc: str) -> tuple[Enterprise | None, Role | None]:
        """The file to prefill from, and the person's role; nothing without consent."""
        if not uscc:
            return None, None
        binding = self._bindings.of(openid, uscc, Right.DO_FILL_FORMS)
        if binding is None:
            raise DraftMissing(_MISSING)
        return (self._enterprises.get(uscc) if self.may_prefill(openid) else None), binding.role

    def _earlier(self, openid: str, uscc: str) -> dict[str, Answer]:
        """The newest own answers of forms that were handed in, by field; never those for another enterprise."""
        found: dict[str, Answer] = {}
        for draft in self._drafts.of_person(openid):
            if draft.state is DraftState.SUBMITTED and draft.uscc == uscc:
                found = {**draft.answers, **found}
        return found

    def _id(self, openid: str, form_id: str, uscc: str, message: str) -> str:
        """The same for the same message, so that a second delivery begins nothing new."""
        seed = message or secrets.token_hex(16)
        told = "\n".join((self._secret, openid, form_id, uscc, seed))
        return f"D{sha256(told.encode()).hexdigest()[:20]}"


def _handed_in(compiled: Compiled, draft: Draft) -> Said:
    bring = "、".join(one.name for one in missing(compiled, draft))
    lines = [f"已提交，《{compiled.form.title}》生成好了。办件编号 {draft.case_no}。"]
    if bring:
        lines.append(f"还要带：{bring}")
    return Said("end", tuple(lines))
