from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from chalicelib.content import wording
from chalicelib.content.kinds import KINDS
from chalicelib.enterprises.model import Enterprise
from chalicelib.guidance.model import ServiceItem
from tests.unit.content.samples import enterprise, item

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def told(model: type[BaseModel], values: dict[str, Any]) -> dict[str | None, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    return dict(wording.explain(caught.value, model))


def test_the_problem_of_a_credit_code_is_told_as_its_rule_says_it() -> None:
    problems = told(Enterprise, enterprise("91360323MAXX00015D"))
    assert list(problems) == ["统一社会信用代码"]
    assert "校验" in problems["统一社会信用代码"] or "末位" in problems["统一社会信用代码"]


def test_nested_fields_are_named_by_their_titles() -> None:
    spoilt = item(legal={"n": -1, "unit": "wd", "prov": ["G"]}, name=None)
    spoilt["materials"][0]["form"] = "传真"
    del spoilt["dept"]
    problems = told(ServiceItem, spoilt | {"colour": 1})
    assert problems == {
        "事项名称": "应是文字，写的是“None”。如果是编号，请加引号或把这一列设为文本",
        "实施主体": "没有填。请补上",
        "法定办结时限.数量": "应不小于 0，写的是“-1”",
        "申请材料.第 1 项.材料形式": "只能填 电子、纸质、均可，写的是“传真”",
        "colour": "没有这一列。请核对列名，或删去",
    }


def test_patterns_are_told_by_example() -> None:
    assert told(ServiceItem, item("X1"))["事项编号"] == "应是 SX- 加 2 至 6 位数字，如 SX-01，写的是“X1”"


def test_the_tries_of_a_union_become_one_sentence() -> None:
    problems = told(Enterprise, enterprise(facts={"revenue": {"value": {"a": 1}}}))
    assert problems == {"画像数据.revenue.值": "内容的类型不对，请核对写法"}


def test_personal_values_are_not_repeated() -> None:
    spoilt = enterprise(contacts=[{"name": ["张三丰"], "mobile": "13800000101", "role": "法人"}])
    [(column, text)] = told(Enterprise, spoilt).items()
    assert column == "联系人.第 1 项.姓名"
    assert "张三丰" not in text


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str) and "type" in schema:
            yield schema["pattern"]
        for value in schema.values():
            yield from patterns(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from patterns(value)


@pytest.mark.parametrize("name", list(KINDS))
def test_every_pattern_of_every_kind_has_its_words(name: str) -> None:
    schema = KINDS[name].model.model_json_schema()
    own = {p.strip("^$") for p in patterns(schema) if not p.startswith(r"^(?!^[-+.]*$)")}  # pydantic's own, of Decimal
    assert own <= set(wording.PATTERNS)


def test_every_text_is_chinese_and_fills_in() -> None:
    context = dict.fromkeys(
        "min_length max_length expected gt ge lt le multiple_of actual_length decimal_places".split(), 1
    )
    for kind in wording._TEXTS:
        text = wording.sentence({"type": kind, "loc": (), "msg": "", "input": "值", "ctx": context})
        assert CHINESE.search(text) and "{" not in text, kind
    assert CHINESE.search(wording.sentence({"type": "url_parsing", "loc": (), "msg": "", "input": 1}))
