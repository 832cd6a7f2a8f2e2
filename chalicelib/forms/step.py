"""One step of filling in a form (填表): pure ``(draft, input) → (draft, what to say)``, the same for chat and page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime

from chalicelib.forms import heard, told
from chalicelib.forms.computed import compute
from chalicelib.forms.draft import Answer, Draft, DraftState
from chalicelib.forms.model import Compiled, Source
from chalicelib.forms.review import Found, review
from chalicelib.forms.said import Input, InputKind, Said, Step
from chalicelib.forms.takeapart import correction, several
from chalicelib.forms.values import ValueProblem, read, show
from chalicelib.forms.wanted import next_field, open_fields, wanted
from chalicelib.times import local_date

__all__ = ["Input", "Said", "Step", "carry", "step"]

SEEN = 60
"""Messages remembered against a second delivery: three within seconds from WeChat, one for each field from a page."""
BY_STAFF = "工作人员代填"
"""Origin of an answer that an operator gave for the person."""
_WORKING = frozenset({DraftState.FILLING, DraftState.REVIEW, DraftState.CANCELLING})


def step(compiled: Compiled, draft: Draft, given: Input, now: datetime) -> Step:
    """What the draft becomes and what is said. Never raises for what a person sends; what is not understood changes
    nothing but the count of misses."""
    if draft.is_open and now >= draft.expires_at:
        draft = draft.model_copy(update={"state": DraftState.EXPIRED, "updated_at": now})
    if given.message and given.message in draft.seen:
        return Step(draft, _standing(compiled, draft, now))
    if not _may_act(draft, given):
        return Step(draft, (told.ended(draft),))
    draft, helped = (draft, ()) if given.by_operator else _told_of_help(compiled, draft)
    moved = _Mover(compiled, draft, now, given.by_operator).move(given)
    moved = Step(moved.draft, (*helped, *moved.said), moved.understood)
    if moved.draft is draft and not helped:
        return moved
    seen = (*draft.seen, given.message)[-SEEN:] if given.message else draft.seen
    update = {"seen": seen, "updated_at": now, "steps": draft.steps + 1}
    return Step(moved.draft.model_copy(update=update), moved.said, moved.understood)


def carry(compiled: Compiled, draft: Draft, now: datetime) -> tuple[Draft, str]:
    """A draft of an older version of its form, brought to the newest: renamed fields keep their answers, what no
    longer fits is asked again. Also the sentence that says so; empty where nothing changed."""
    form = compiled.form
    if draft.version == form.version or not draft.is_open:
        return draft, ""

    def now_called(name: str) -> str:
        return form.renamed.get(name, name)

    kept = {now_called(name): answer for name, answer in draft.answers.items()}
    answers = {
        name: one for name, one in kept.items() if name in compiled.fields and _still_reads(compiled, name, one, now)
    }
    moved = draft.model_copy(
        update={
            "version": form.version,
            "answers": answers,
            "skipped": tuple(name for name in map(now_called, draft.skipped) if name in compiled.fields),
            "trail": tuple(name for name in map(now_called, draft.trail) if name in answers),
            "asking": "",
        }
    )
    lost = len(draft.answers) - len(answers)
    again = f"，其中 {lost} 项要重新填" if lost else ""
    return _settled(compiled, moved, now), f"表格换了新版，您填的都带过来了{again}。"


def _told_of_help(compiled: Compiled, draft: Draft) -> tuple[Draft, tuple[Said, ...]]:
    """What an operator filled in meanwhile is told to the person once, with the next thing they do."""
    new = [name for name, one in draft.answers.items() if one.origin == BY_STAFF and not one.confirmed]
    if not new:
        return draft, ()
    names = "、".join(compiled.fields[name].name for name in new)
    answers = draft.answers | {name: draft.answers[name].model_copy(update={"confirmed": True}) for name in new}
    told_ = Said("told", (f"工作人员帮您填了：{names}。回复“看”核对。",))
    return draft.model_copy(update={"answers": answers}), (told_,)


def _may_act(draft: Draft, given: Input) -> bool:
    if draft.state is DraftState.HELD:
        return given.by_operator
    return draft.state in _WORKING


def _standing(compiled: Compiled, draft: Draft, now: datetime) -> tuple[Said, ...]:
    """Where the form stands: said to a second delivery, and to who comes back."""
    if draft.state is DraftState.CANCELLING:
        return (told.sure_to_cancel(),)
    if draft.state is DraftState.FILLING:
        return (told.question(compiled, draft),)
    if draft.state is DraftState.REVIEW:
        return (told.done(compiled, draft, _advice(compiled, draft, now)),)
    return (told.ended(draft),)


def _settled(compiled: Compiled, draft: Draft, now: datetime) -> Draft:
    """The draft with its computed fields made new, its next question, and its state."""
    on = local_date(now)
    own = {name: one for name, one in draft.answers.items() if one.source is not Source.COMPUTED}
    made = compute(compiled, {name: one.value for name, one in own.items()}, on)
    answers = own | {
        name: _computed(draft.answers.get(name), value, now) for name, value in made.items() if name not in own
    }
    fresh = draft.model_copy(update={"answers": answers})
    following = next_field(compiled, fresh)
    state = DraftState.REVIEW if following is None else DraftState.FILLING
    if draft.state is DraftState.HELD:  # what an operator fills in does not give it back
        state = DraftState.HELD
    return fresh.model_copy(update={"asking": following or "", "state": state})


def _computed(before: Answer | None, value: str, now: datetime) -> Answer:
    if before is not None and before.value == value and before.source is Source.COMPUTED:
        return before
    return Answer(value=value, source=Source.COMPUTED, at=now)


def _still_reads(compiled: Compiled, name: str, answer: Answer, now: datetime) -> bool:
    field = compiled.fields[name]
    try:
        return read(field, show(field, answer.value), local_date(now)) == answer.value
    except ValueProblem:
        return False


def _advice(compiled: Compiled, draft: Draft, now: datetime) -> Iterable[str]:
    return [str(found) for found in review(compiled, draft, local_date(now)) if not found.stops]


class _Mover:
    """One input to one draft that may be acted on."""

    def __init__(self, compiled: Compiled, draft: Draft, now: datetime, by_operator: bool) -> None:
        self._compiled = compiled
        self._draft = draft
        self._now = now
        self._by_operator = by_operator

    @property
    def _on(self) -> date:
        return local_date(self._now)

    def move(self, given: Input) -> Step:
        moves: dict[InputKind, Callable[[], Step]] = {
            "start": self._start,
            "resume": self._resume,
            "text": lambda: self._text(given.text),
            "set": lambda: self._set(given.field, given.text),
            "back": self._back,
            "skip": self._skip,
            "help": self._help,
            "show": self._show,
            "cancel": self._cancel,
            "yes": lambda: self._decide(True),
            "no": lambda: self._decide(False),
            "submit": self._submit,
            "hold": lambda: self._to(DraftState.HELD) if given.by_operator else self._resume(),
            "release": lambda: self._released() if given.by_operator else self._resume(),
        }
        return moves[given.kind]()

    # ------------------------------------------------------------------------------------------------ coming and going

    def _start(self) -> Step:
        draft = _settled(self._compiled, self._draft, self._now)
        return Step(draft, (told.greeting(self._compiled, draft), *_standing(self._compiled, draft, self._now)))

    def _resume(self) -> Step:
        return Step(self._draft, _standing(self._compiled, self._draft, self._now))

    def _cancel(self) -> Step:
        return self._to(DraftState.CANCELLING)

    def _decide(self, sure: bool) -> Step:
        """To the question whether to cancel; to no other."""
        if self._draft.state is not DraftState.CANCELLING:
            return Step(self._draft, _standing(self._compiled, self._draft, self._now), understood=False)
        if not sure:
            return self._settle(self._draft, Said("told", ("好，接着填。",)))
        said = Said("end", ("已取消，填的内容都删除了，什么都没有提交。",))
        return Step(self._draft.model_copy(update={"state": DraftState.CANCELLED}), (said,))

    def _to(self, state: DraftState) -> Step:
        draft = self._draft.model_copy(update={"state": state})
        return Step(draft, _standing(self._compiled, draft, self._now))

    # ---------------------------------------------------------------------------------------------------------- answers

    def _text(self, text: str) -> Step:
        if self._draft.state is DraftState.CANCELLING:
            sure = heard.yes_or_no(text)
            if sure is not None:
                return self._decide(sure)
        word = heard.command(text)
        if word == "forward":
            return self._forward()
        if word is not None:
            return self.move(Input(word))
        return self._corrected(text) or self._answered(text)

    def _corrected(self, text: str) -> Step | None:
        order = () if self._draft.listed or not self._draft.trail else self._draft.trail
        found = correction(self._compiled, text, self._draft.values(), order)
        if found is None:
            return None
        field, rest = found
        if rest:
            return self._set(field, rest)
        draft = self._draft.model_copy(update={"asking": field, "state": DraftState.FILLING})
        return Step(draft, (told.question(self._compiled, draft),))

    def _answered(self, text: str) -> Step:
        if heard.asks(text):
            return Step(self._draft, _standing(self._compiled, self._draft, self._now), understood=False)
        asking = self._draft.asking
        closed = self._compiled.fields.keys() - set(wanted(self._compiled, self._draft.values()))
        found = several(self._compiled, text, self._on, asking, self._draft.answers.keys() | closed)
        if found:
            return self._give(found)
        return self._set(asking, text) if asking else self._missed("没有看懂。要改哪项，请说“改第 3 项，是…”。")

    def _set(self, field: str, text: str) -> Step:
        known = self._compiled.fields.get(field)
        if known is None:
            return self._missed("表里没有这一项，请刷新后再填。")
        if not text.strip() and not self._compiled.uses[field].required:
            return self._emptied(field)
        try:
            value = read(known, text, self._on)
        except ValueProblem as wrong:
            return self._missed(str(wrong), field)
        return self._give({field: value})

    def _emptied(self, field: str) -> Step:
        """An optional field that was wiped on a page: its answer goes, and it is not asked for again."""
        answers = {name: one for name, one in self._draft.answers.items() if name != field}
        update = {"answers": answers, "skipped": self._skipping(field), "misses": 0}
        said = Said("told", (f"{self._compiled.fields[field].name}已清空。",))
        return self._settle(self._draft.model_copy(update=update), said)

    def _give(self, found: dict[str, str]) -> Step:
        before = self._draft.answers
        changed = [name for name, value in found.items() if name in before and before[name].value != value]
        answers = before | {name: self._own(value) for name, value in found.items()}
        trail = (*self._draft.trail, *(name for name in found if name not in self._draft.trail))
        draft = self._draft.model_copy(
            update={
                "answers": answers,
                "trail": trail,
                "skipped": tuple(name for name in self._draft.skipped if name not in found),
                "misses": 0,
                "listed": False,
                "corrections": self._draft.corrections + len(changed),
            }
        )
        echoed = told.taken(self._compiled, draft, list(found), bool(changed))
        return self._settle(draft, echoed)

    def _own(self, value: str) -> Answer:
        origin = BY_STAFF if self._by_operator else ""
        return Answer(value=value, source=Source.SELF, origin=origin, confirmed=not self._by_operator, at=self._now)

    def _missed(self, text: str, field: str = "") -> Step:
        draft = self._draft.model_copy(update={"misses": self._draft.misses + 1})
        said = told.problem(draft, text)
        if field and field != said.field:
            said = Said("problem", said.lines, field)
        return Step(draft, (said, *_standing(self._compiled, draft, self._now)), understood=False)

    # ----------------------------------------------------------------------------------------------------- moving about

    def _forward(self) -> Step:
        """下一步: what stands there is left as it is."""
        if self._draft.asking in self._draft.answers or not self._draft.asking:
            return self._settle(self._draft)
        return self._skip()

    def _back(self) -> Step:
        shown = wanted(self._compiled, self._draft.values())
        trail = [name for name in self._draft.trail if name in shown and name != self._draft.asking]
        if not trail:
            said = Said("told", ("前面没有可以返回的了。",))
            return Step(self._draft, (said, *_standing(self._compiled, self._draft, self._now)))
        update = {"asking": trail[-1], "trail": tuple(trail[:-1]), "state": DraftState.FILLING}
        draft = self._draft.model_copy(update=update)
        return Step(draft, (told.question(self._compiled, draft),))

    def _skip(self) -> Step:
        asking = self._draft.asking
        if not asking:
            return self._resume()
        if self._compiled.uses[asking].required:
            said = Said("problem", ("这一项必须填，不会填请回复“帮助”。",), asking)
            return Step(self._draft, (said, *_standing(self._compiled, self._draft, self._now)))
        return self._settle(self._draft.model_copy(update={"skipped": self._skipping(asking)}))

    def _skipping(self, field: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._draft.skipped, field)))

    def _help(self) -> Step:
        if not self._draft.asking:
            return self._show()
        return Step(
            self._draft, (told.help_on(self._compiled, self._draft), told.question(self._compiled, self._draft))
        )

    def _show(self) -> Step:
        """Prefilled values that were listed and left standing count as confirmed."""
        answers = {name: one.model_copy(update={"confirmed": True}) for name, one in self._draft.answers.items()}
        draft = self._draft.model_copy(update={"answers": answers, "listed": True})
        following = () if draft.state is DraftState.REVIEW else _standing(self._compiled, draft, self._now)
        ready = (Said("told", ("没有错就回复“提交”。",)),) if draft.state is DraftState.REVIEW else ()
        return Step(draft, (told.listed(self._compiled, draft), *ready, *following))

    def _released(self) -> Step:
        return self._settle(self._draft.model_copy(update={"state": DraftState.FILLING}))

    def _settle(self, draft: Draft, *before: Said) -> Step:
        settled = _settled(self._compiled, draft, self._now)
        return Step(settled, (*before, *_standing(self._compiled, settled, self._now)))

    # ------------------------------------------------------------------------------------------------------- handing in

    def _submit(self) -> Step:
        draft = _settled(self._compiled, self._draft, self._now)
        left = open_fields(self._compiled, draft)
        required = [name for name in left if self._compiled.uses[name].required]
        if required:
            back = draft.model_copy(update={"asking": required[0], "state": DraftState.FILLING})
            said = Said("problem", (f"还不能提交：还有 {len(required)} 项没填，接着来。",))
            return Step(back, (said, told.question(self._compiled, back)))
        found: tuple[Found, ...] = review(self._compiled, draft, self._on)
        stops = [one for one in found if one.stops]
        if stops:
            back = draft.model_copy(update={"asking": stops[0].field, "state": DraftState.FILLING})
            return Step(back, (told.stopped(map(str, stops)), told.question(self._compiled, back)))
        answers = {name: one.model_copy(update={"confirmed": True}) for name, one in draft.answers.items()}
        handed = {"state": DraftState.SUBMITTED, "answers": answers, "asking": "", "submitted_at": self._now}
        return Step(draft.model_copy(update=handed), (Said("end", ("已提交。",)),))
