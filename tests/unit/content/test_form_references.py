"""Forms and fields that do not hold together are told with the row and the column, and nothing is loaded."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.content import form_checks
from chalicelib.content.catalogue import catalogue_of
from chalicelib.content.problems import Place
from chalicelib.forms.model import FieldDef, Form
from chalicelib.ports import JsonObject


def field(id: str, **changes: Any) -> JsonObject:
    row = {"id": id, "name": f"名称{id}", "type": "text", "question": "请填这一项？", "prov": ["R"]} | changes
    return FieldDef.model_validate(row).model_dump(mode="json")


def form(**changes: Any) -> JsonObject:
    row = {
        "id": "FM-01",
        "version": 1,
        "title": "示例表",
        "fields": [{"field": "aa"}, {"field": "bb", "when": {"fact": "aa", "op": "==", "value": "甲"}}],
        "prov": ["R"],
    }
    return Form.model_validate(row | changes).model_dump(mode="json")


def told(fields: list[JsonObject], *forms: JsonObject) -> list[str]:
    bodies = {"fields": {str(one["id"]): one for one in fields}, "forms": {str(one["id"]): one for one in forms}}
    found = form_checks.broken(bodies, set(), lambda kind, key: Place(f"{kind}.yaml", key=key))
    return [str(problem) for problem in found]


AA, BB = field("aa"), field("bb")


def test_what_holds_together_is_not_told() -> None:
    assert told([AA, BB], form()) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"fields": [{"field": "aa"}, {"field": "cc"}]}, "字段 cc 不在字段字典里"),
        ({"fields": [{"field": "aa", "when": {"fact": "bb", "op": "==", "value": "甲"}}]}, "事实字典里没有“bb”"),
        (
            {
                "fields": [
                    {"field": "aa", "when": {"fact": "bb", "op": "exists"}},
                    {"field": "bb", "when": {"fact": "aa", "op": "exists"}},
                ]
            },
            "aa 的条件绕回了自己",
        ),
        (
            {"findings": [{"field": "aa", "when": {"fact": "aa", "op": ">", "value": 1}, "text": "太大了。"}]},
            "不能用于",
        ),
        ({"materials": [{"name": "执照", "when": {"fact": "zz", "op": "exists"}}]}, "事实字典里没有“zz”"),
        ({"fits": {"fact": "no_such_fact", "op": "exists"}}, "「适用条件」"),
        ({"template": "FM-98.docx"}, "没有模板文件 FM-98.docx"),
        ({"renamed": {"old": "cc"}}, "old 改成的 cc 不在这张表里"),
        ({"renamed": {"aa": "bb"}}, "aa 还在这张表里"),
        ({"situation": {"cc": "甲"}}, "字段 cc 不在字段字典里"),
        ({"situation": {"aa": "甲"}}, "“甲”不是“名称aa”的选项"),
    ],
)
def test_a_form_that_names_what_there_is_not(changes: dict[str, Any], says: str) -> None:
    lines = told([AA, BB], form(**changes))
    assert len(lines) >= 1
    assert lines[0].startswith("forms.yaml（FM-01）「")
    assert any(says in line for line in lines)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"profile": "no_column"}, "没有“no_column”这一列"),
        ({"profile": "fact:no_such_fact"}, "没有“no_such_fact”这项企业数据"),
        ({"profile": "contact:经理.mobile"}, "应写成 contact:角色.name"),
        ({"profile": "record:projects.colour"}, "没有“projects.colour”这项明细"),
        ({"computed": "guessed"}, "没有“guessed”这种算法"),
        ({"checks": ["nice"]}, "没有“nice”这条规则"),
        ({"checks": ["mobile"]}, "“mobile”不能用于 text 类型"),
        ({"least": 1}, "只有金额、数字、比例"),
        ({"type": "amount", "unit": "亿元"}, "金额的单位只能写"),
    ],
)
def test_a_field_that_names_what_there_is_not(changes: dict[str, Any], says: str) -> None:
    [line] = told([field("aa", **changes), BB])
    assert line.startswith("fields.yaml（aa）「") and says in line


def test_names_and_inputs_within_a_form() -> None:
    assert any("有两个字段都叫“名称aa”" in line for line in told([AA, field("bb", name="名称aa")], form()))
    born = field("bb", type="date", computed="birth_of_worker")
    assert any("由 worker_id 算出，这张表里没有" in line for line in told([AA, born], form()))


def test_what_could_not_be_read_is_not_judged() -> None:
    bodies = {"fields": {}, "forms": {"FM-01": form()}}
    assert list(form_checks.broken(bodies, {"fields"}, lambda kind, key: Place(kind))) == []


def test_what_was_published_before_there_were_forms_is_still_read() -> None:
    held = catalogue_of(7, {"items": {}, "policies": {}})
    assert (held.version, held.fields, held.forms) == (7, {}, {})
    assert list(form_checks.broken({"items": {}}, set(), lambda kind, key: Place(kind))) == []
