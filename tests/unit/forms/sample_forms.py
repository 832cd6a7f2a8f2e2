"""A small form by hand, with a field of every kind that prints differently, and drafts of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import yaml

from chalicelib.forms.draft import Answer, Draft
from chalicelib.forms.model import Compiled, FieldDef, Finding, Form, FormField, NeededMaterial, Source

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ON = date(2026, 11, 23)

_ASK = "请填这一项？"
_FIELDS = [
    FieldDef(id="company_name", name="企业名称", type="company", question=_ASK, prov=("G",)),
    FieldDef(id="uscc", name="统一社会信用代码", type="uscc", question=_ASK, prov=("G",)),
    FieldDef(id="kind", name="用途", type="choice", choices=("卖房", "其他"), question=_ASK, prov=("G",)),
    FieldDef(id="detail", name="具体内容", type="text", question=_ASK, prov=("G",)),
    FieldDef(id="price", name="成交价格", type="amount", unit="万元", question=_ASK, prov=("G",)),
    FieldDef(id="until", name="截止日期", type="date", question=_ASK, checks=("not_past",), prov=("G",)),
    FieldDef(id="agent_id", name="受托人身份证号", type="id_number", question=_ASK, sensitive=True, prov=("G",)),
    FieldDef(id="owner_id", name="委托人身份证号", type="id_number", question=_ASK, sensitive=True, prov=("G",)),
    FieldDef(id="phone", name="联系电话", type="phone", question=_ASK, sensitive=True, prov=("G",)),
    FieldDef(id="remark", name="备注", type="text", question=_ASK, prov=("G",)),
]
FIELDS = {field.id: field for field in _FIELDS}

FORM = Form(
    id="FM-99",
    version=3,
    title="委托办事申请表",
    item="SX-22",
    fields=(
        FormField(field="company_name", section="委托人"),
        FormField(field="uscc", section="委托人"),
        FormField(field="kind", section="事项"),
        FormField(field="detail", section="事项", when={"fact": "kind", "op": "==", "value": "其他"}),
        FormField(field="price", section="事项", when={"fact": "kind", "op": "==", "value": "卖房"}),
        FormField(field="until", section="事项"),
        FormField(field="agent_id", section="人员"),
        FormField(field="owner_id", section="人员", required=False),
        FormField(field="phone", section="人员"),
        FormField(field="remark", section="人员", required=False),
    ),
    findings=(
        Finding(field="price", when={"fact": "price", "op": "<", "value": 1}, text="价格低于 1 万元。", stops=True),
        Finding(field="price", when={"fact": "price", "op": ">", "value": 900}, text="价格超过 900 万元，请再看看。"),
    ),
    materials=(
        NeededMaterial(name="委托办事申请表", source="系统生成"),
        NeededMaterial(name="营业执照", source="部门共享"),
        NeededMaterial(name="不动产权证书", when={"fact": "kind", "op": "==", "value": "卖房"}, source="政府核发"),
        NeededMaterial(name="委托书"),
    ),
    prov=("G", "R"),
)
COMPILED = Compiled(FORM, FIELDS)

VALUES = {
    "company_name": "芦溪溪华电瓷有限公司",
    "uscc": "91360323MAXX00015C",
    "kind": "卖房",
    "price": "80000000",
    "until": "2026-12-31",
    "agent_id": "360323199001010010",
    "phone": "13812345678",
    "remark": "下午来",
}


def draft(values: dict[str, str] | None = None, **changes: object) -> Draft:
    """Of the small form, an hour old; the first two values are known, the rest was asked."""
    chosen = VALUES if values is None else values
    known = {"company_name": Source.SHARED, "uscc": Source.PROFILE}
    answers = {
        name: Answer(value=value, source=known.get(name, Source.SELF), confirmed=True, at=NOW)
        for name, value in chosen.items()
    }
    made = Draft(
        id="D7Q2K9",
        form="FM-99",
        version=3,
        owner="o-person-0001",
        uscc="91360323MAXX00015C",
        answers=answers,
        started_at=NOW - timedelta(hours=1),
        updated_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )
    return made.model_copy(update=changes)


@cache
def published() -> dict[str, Compiled]:
    """The forms of data/, without what they take from policies."""
    data = Path(__file__).parents[3] / "data"
    fields = [FieldDef.model_validate(row) for row in yaml.safe_load((data / "fields.yaml").read_text("utf-8"))]
    dictionary = {field.id: field for field in fields}
    rows = yaml.safe_load((data / "forms.yaml").read_text("utf-8"))
    return {form.id: Compiled(form, dictionary) for form in map(Form.model_validate, rows)}
