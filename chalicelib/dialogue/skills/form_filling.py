"""智能导办填表 in conversation: which form, in whose name, then one question after the other (conversations.md §12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.dialogue import listening
from chalicelib.dialogue.model import Flow, Option, Reply, Turn
from chalicelib.dialogue.skill import Action, Skill
from chalicelib.dialogue.wording import plain
from chalicelib.enterprises.access import Right
from chalicelib.enterprises.consent import NOTICE_VERSION
from chalicelib.enterprises.scopes import Scope
from chalicelib.forms import finder, heard
from chalicelib.forms.draft import Draft, DraftState
from chalicelib.forms.model import Compiled
from chalicelib.forms.said import Input, Said, Step
from chalicelib.forms.service import DraftMissing, FormMissing
from chalicelib.provenance import SAMPLE_NOTE
from chalicelib.times import local_date

_NUMBERED = frozenset({"choice", "choices", "flag", "number", "amount", "percent"})
"""Types of fields to which 1 is an answer."""
_MOST_LISTED = 5
_OWN_NAME = "以个人名义"
_FORMS = "forms"
"""Beside the choices of the situation finder: ids of the forms that it looks at."""


class FormFilling(Skill):
    """A text that another skill would take is no failed answer but another matter."""

    name = "form"
    takes = frozenset({"back", "cancel", "help"})

    def actions(self) -> Mapping[str, Action]:
        return {
            "choose": lambda turn, args: self._chosen(turn, args["form"]),
            "begin": lambda turn, args: self._begin(turn, args["form"], args["uscc"]),
            "agree": self._agree,
            "resume": lambda turn, args: self._resume(turn, args["draft"]),
            "find": lambda turn, args: self._narrow(turn, args),
        }

    def claims(self, turn: Turn) -> bool:
        """A form that is not ours to fill in is for the guide: 排污登记表怎么填."""
        return plain(turn.text) in listening.FORM_ALONE or bool(self._desk.forms.find(turn.text))

    def answer(self, turn: Turn) -> Reply:
        drafts = self._desk.forms.open_drafts(turn.openid, turn.now)
        if plain(turn.text) in listening.FORM_ALONE and drafts:
            return self._resume(turn, drafts[0].id) if len(drafts) == 1 else self._drafts(drafts)
        found = self._desk.forms.find(turn.text)
        return self._narrow(turn, {}, found or self._fitting(turn))

    def resume(self, turn: Turn, flow: Flow) -> Reply | None:
        alone = plain(turn.text) in listening.FORM_ALONE
        given = Input("resume" if alone else "text", turn.text, message=turn.message)
        try:
            draft = self._desk.forms.get(turn.openid, flow.data["draft"], turn.now)
            if not draft.is_open and turn.message not in draft.seen:
                turn.session.flow = None  # it was ended on the page: this is about something else
                return None
            step = self._desk.forms.act(turn.openid, draft.id, given, turn.now)
        except DraftMissing as missing:
            turn.session.flow = None
            return Reply((str(missing),))
        if not step.understood and (heard.asks(turn.text) or self._claimed(turn, self.name)):
            return None
        return self._reply(turn, step)

    def reminder(self, flow: Flow) -> str:
        return f"回到填表，{flow.data['question']}" if flow.data.get("question") else ""

    def owns_numbers(self, flow: Flow) -> bool:
        """Where the question takes a number; otherwise the numbered steps of the digression stay good."""
        return flow.data.get("numbers") == "1"

    # ---------------------------------------------------------------------------------------------------- which form

    def _fitting(self, turn: Turn) -> tuple[Compiled, ...]:
        """The forms that somebody may need who named none."""
        firms = self._desk.enterprises_of(turn.openid)
        enterprise = firms[0] if len(firms) == 1 else None
        every = self._desk.forms.forms().values()
        return tuple(every) if len(firms) > 1 else tuple(finder.fitting(every, enterprise, local_date(turn.now)))

    def _narrow(self, turn: Turn, chosen: Mapping[str, str], found: Sequence[Compiled] | None = None) -> Reply:
        """情形导办: a question that splits what is left, until one form or a short list is left. ``chosen`` are the
        choices so far, with the forms looked at under ``_FORMS``."""
        forms = self._desk.forms.forms()
        ids = chosen.get(_FORMS, "").split() or [one.form.id for one in found or ()]
        picked = {name: value for name, value in chosen.items() if name != _FORMS}
        left = finder.narrowed([forms[one] for one in ids if one in forms], picked)
        if len(left) == 1:
            return self._chosen(turn, left[0].form.id)
        question = finder.next_question(left, picked)
        if question is None:
            return self._offer(left)
        options = tuple(
            Option(label=each, action="form.find", args={**picked, _FORMS: " ".join(ids), question.field: each})
            for each in question.options
        )
        return Reply((question.text,), options)

    def _offer(self, found: Iterable[Compiled]) -> Reply:
        options = tuple(_choice(one) for one in found)[:_MOST_LISTED]
        if not options:
            return Reply(("现在没有可以代填的表。", "请直接说要办的事，我告诉您要带什么。"))
        return Reply(("要填哪一张？也可以直接说名称，比如“填委托书公证”。",), options)

    def _drafts(self, drafts: list[Draft]) -> Reply:
        forms = self._desk.forms.forms()
        options = tuple(
            Option(label=forms[one.form].form.title, action="form.resume", args={"draft": one.id})
            for one in drafts[:_MOST_LISTED]
            if one.form in forms
        )
        return Reply(("您有几张表没填完，接着填哪一张？",), options)

    def _chosen(self, turn: Turn, form_id: str) -> Reply:
        compiled = self._desk.forms.forms().get(form_id)
        if compiled is None:
            return Reply(("这张表刚刚撤下了，请换个说法再问一次。",))
        if not any(field.profile for field in compiled.fields.values()):
            return self._begin(turn, form_id, "")
        bound = self._desk.bindings.of_person(turn.openid, Right.DO_FILL_FORMS)
        if not bound:
            return self._begin(turn, form_id, "")
        if len(bound) == 1:
            return self._with_consent(turn, form_id, bound[0].uscc)
        options = [
            Option(
                label=self._desk.enterprise_name(one.uscc),
                action="form.begin",
                args={"form": form_id, "uscc": one.uscc},
            )
            for one in bound[: _MOST_LISTED - 1]
        ]
        if not compiled.form.for_enterprise:
            options.append(Option(label=_OWN_NAME, action="form.begin", args={"form": form_id, "uscc": ""}))
        return Reply(("以谁的名义填？",), tuple(options))

    def _with_consent(self, turn: Turn, form_id: str, uscc: str) -> Reply:
        """Asked once: PIPL articles 13 to 15, a purpose of its own (facts §6.1 form_prefill)."""
        if self._desk.forms.may_prefill(turn.openid):
            return self._begin(turn, form_id, uscc)
        args = {"form": form_id, "uscc": uscc}
        return Reply(
            ("政府部门已有的企业资料可以自动带出，省得您再写。要带出吗？",),
            (
                Option(label="带出", action="form.agree", args=args),
                Option(label="不带，自己填", action="form.begin", args=args),
            ),
            "同意后随时可以在“我的数据”里撤回。",
        )

    def _agree(self, turn: Turn, args: Mapping[str, str]) -> Reply:
        scopes = (Scope.FORM_PREFILL,)
        self._desk.consents.grant(turn.openid, scopes, NOTICE_VERSION, "chat", turn.now, turn.message)
        return self._begin(turn, args["form"], args["uscc"])

    # ------------------------------------------------------------------------------------------------------- filling in

    def _begin(self, turn: Turn, form_id: str, uscc: str) -> Reply:
        """The form's item becomes the topic, so that 那要多少钱 in between is about it."""
        try:
            step = self._desk.forms.begin(turn.openid, form_id, uscc, turn.now, turn.message)
        except (FormMissing, DraftMissing) as missing:
            return Reply((str(missing),))
        if item := self._desk.forms.forms()[form_id].form.item:
            turn.session.topic, turn.session.chosen = item, {}
        return self._reply(turn, step)

    def _resume(self, turn: Turn, draft_id: str) -> Reply:
        try:
            step = self._desk.forms.act(turn.openid, draft_id, Input("resume", message=turn.message), turn.now)
        except DraftMissing as missing:
            return Reply((str(missing),))
        return self._reply(turn, step)

    def _reply(self, turn: Turn, step: Step) -> Reply:
        draft = step.draft
        question = next((one for one in step.said if one.kind == "question"), None)
        if draft.is_open:
            ready = "" if draft.state is DraftState.HELD else "回复“看”核对，没有错就回复“提交”。"
            asked = " ".join(question.lines) if question else ready
            data = {"draft": draft.id, "question": asked, "numbers": "1" if self._takes_number(draft) else "0"}
            turn.session.flow = Flow(skill=self.name, step=draft.state.name, data=data)
        else:
            turn.session.flow = None
        return Reply(tuple(_lines(step.said)), footer=self._footer(turn, draft))

    def _takes_number(self, draft: Draft) -> bool:
        compiled = self._desk.forms.forms().get(draft.form)
        field = compiled.fields.get(draft.asking) if compiled else None
        return draft.state is DraftState.CANCELLING or (field is not None and field.type in _NUMBERED)

    def _footer(self, turn: Turn, draft: Draft) -> str:
        link = self._desk.links.page(f"/h5/form/{draft.id}", turn.openid, turn.now)
        parts = []
        if draft.state is DraftState.REVIEW:
            days = (local_date(draft.expires_at) - local_date(turn.now)).days
            parts.append(f'<a href="{link}">打开页面核对</a> 想停下随时走，{days} 天内回复“填表”接着来。')
        elif draft.state is DraftState.SUBMITTED and draft.case_no:
            parts.append(f'<a href="{link}">看申请表，下载 Word 或 PDF</a>')
        elif draft.is_open and not draft.trail:
            parts.append(f'<a href="{link}">也可以在页面上填</a>')
        if draft.sample and draft.state is not DraftState.FILLING:
            parts.append(f"{SAMPLE_NOTE}，不能用来真的办事。")
        return "\n".join(parts)


def _choice(compiled: Compiled) -> Option:
    return Option(label=compiled.form.title, action="form.choose", args={"form": compiled.form.id})


def _lines(said: Iterable[Said]) -> list[str]:
    return [line for one in said for line in one.lines]
