"""A FormService that the form pages can be tried on: one form, drafts in memory, the simplest steps there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.errors import Refusal
from chalicelib.forms.draft import Answer, Draft, DraftState
from chalicelib.forms.model import Compiled, FieldDef, Form, Source
from chalicelib.forms.problems import ValueProblem
from chalicelib.forms.step import Input, Said, Step
from chalicelib.forms.values import read
from chalicelib.forms.wanted import incomplete
from chalicelib.times import local_date

_FIELDS = [
    {"id": "company_name", "name": "企业名称", "type": "company", "question": "企业叫什么？", "profile": "name"},
    {
        "id": "reg_capital",
        "name": "注册资本",
        "type": "amount",
        "unit": "万元",
        "question": "注册资本多少？",
        "example": "500万元",
        "help": "写到万元。",
    },
    {"id": "is_rented", "name": "场所是租的", "type": "flag", "question": "场所是租的吗？"},
    {"id": "lease_until", "name": "租到哪天", "type": "date", "question": "租到哪天？"},
    {"id": "id_no", "name": "身份证号", "type": "id_number", "question": "身份证号是？", "sensitive": True},
    {"id": "kinds", "name": "经营项目", "type": "choices", "choices": ["热食", "冷食"], "question": "做哪些？"},
    {"id": "remark", "name": "备注", "type": "text", "question": "还有什么要说的？"},
]
FORM = {
    "id": "FM-90",
    "version": 1,
    "title": "示例申请书",
    "purpose": "演示用",
    "fields": [
        {"field": "company_name", "section": "企业"},
        {"field": "reg_capital", "section": "企业"},
        {"field": "is_rented", "section": "场所"},
        {"field": "lease_until", "section": "场所", "when": {"fact": "is_rented", "op": "==", "value": True}},
        {"field": "id_no", "section": "人员"},
        {"field": "kinds", "section": "经营", "required": False},
        {"field": "remark", "section": "经营", "required": False},
    ],
    "findings": [
        {
            "field": "reg_capital",
            "when": {"fact": "reg_capital", "op": "<", "value": 3},
            "text": "注册资本偏低，请再想想。",
        }
    ],
    "materials": [
        {"name": "场所证明"},
        {"name": "租赁合同", "when": {"fact": "is_rented", "op": "==", "value": True}},
    ],
    "prov": ["R"],
}


class Missing(Refusal):
    """As the real service: no such draft, or somebody else's."""


@dataclass
class FakeForms:
    drafts: dict[str, Draft] = field(default_factory=dict)
    acted: list[Input] = field(default_factory=list)

    def __post_init__(self) -> None:
        dictionary = {one["id"]: FieldDef.model_validate({**one, "prov": ["R"]}) for one in _FIELDS}
        self.compiled = Compiled(Form.model_validate(FORM), dictionary)  # type: ignore[arg-type]

    def forms(self) -> Mapping[str, Compiled]:
        return {self.compiled.form.id: self.compiled}

    def begin(self, openid: str, form_id: str, uscc: str, now: datetime, message: str = "") -> Step:
        known = next((one for one in self.drafts.values() if message and message in one.seen), None)
        if known is None:
            name = Answer(value="溪华电瓷", source=Source.SHARED, origin="市监 2026-10-31", at=now)
            known = Draft(
                id=f"D{len(self.drafts) + 1:04}x",
                form=form_id,
                version=1,
                owner=openid,
                uscc=uscc,
                answers={"company_name": name},
                seen=(message,),
                started_at=now,
                updated_at=now,
                expires_at=now + timedelta(days=30),
                sample=True,
            )
            self.drafts[known.id] = known
        return Step(known, ())

    def open_drafts(self, openid: str, now: datetime) -> list[Draft]:
        return [one for one in self.drafts.values() if one.owner == openid and one.is_open]

    def get(self, openid: str, draft_id: str, now: datetime) -> Draft:
        draft = self.drafts.get(draft_id)
        if draft is None or draft.owner != openid:
            raise Missing("没有这份表。")
        return draft

    def act(self, openid: str, draft_id: str, given: Input, now: datetime) -> Step:
        draft = self.get(openid, draft_id, now)
        if given.message in draft.seen:
            return Step(draft, ())
        self.acted.append(given)
        step = self._step(draft.model_copy(update={"seen": (*draft.seen, given.message)}), given, now)
        self.drafts[draft_id] = step.draft
        return step

    def _step(self, draft: Draft, given: Input, now: datetime) -> Step:
        match given.kind:
            case "set":
                return self._set(draft, given, now)
            case "submit" if not incomplete(self.compiled, draft.values()):
                changes = {"state": DraftState.SUBMITTED, "submitted_at": now, "case_no": "3603232026112300099"}
                return Step(draft.model_copy(update=changes), ())
            case "cancel":
                return Step(draft.model_copy(update={"state": DraftState.CANCELLING}), ())
            case "yes" if draft.state is DraftState.CANCELLING:
                return Step(draft.model_copy(update={"state": DraftState.CANCELLED}), ())
        return Step(draft, (Said("problem", ("现在做不了这一步。",)),), understood=False)

    def _set(self, draft: Draft, given: Input, now: datetime) -> Step:
        try:
            value = read(self.compiled.fields[given.field], given.text, local_date(now))
        except ValueProblem as problem:
            return Step(draft, (Said("problem", (str(problem),), field=given.field),))
        answer = Answer(value=value, source=Source.SELF, confirmed=True, at=now)
        return Step(draft.model_copy(update={"answers": {**draft.answers, given.field: answer}}), ())


class FakeDocuments:
    """Every submitted draft has its document, but for those that are ``gone``."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    def document(self, draft_id: str, kind: str) -> bytes:
        if draft_id in self.gone:
            raise Missing("文书保存 30 天，已经删除。要用请重新填一份。")
        return f"%{kind} {draft_id}".encode() + b"\x00\xff"
