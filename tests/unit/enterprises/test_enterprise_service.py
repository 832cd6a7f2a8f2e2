from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.adapters.memory import MemoryStore
from chalicelib.enterprises import uscc
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.service import EnterpriseService
from tests.unit.enterprises.conftest import START


def enterprise(number: int, **more: Any) -> Enterprise:
    body = f"91360323MAXX{number:05d}"
    base = {"prov": "R", "uscc": body + uscc.check_character(body), "name": f"芦溪示例{number}号电瓷有限公司"}
    return Enterprise.model_validate(base | more)


def test_a_profile_is_found_by_its_code_however_it_is_typed(store: MemoryStore) -> None:
    service = EnterpriseService(store)
    row = enterprise(1, facts={"revenue": {"value": 9800.5, "unit": "万元"}}, records={"quals": [{"code": "LG"}]})
    assert service.save(row, START)
    assert service.get(row.uscc) == row
    assert service.get(f" {row.uscc.lower()[:8]} {row.uscc[8:]}") == row
    assert service.get("91360323MAXX003300") is None
    assert service.get("") is None


def test_an_unchanged_profile_is_not_written_again(store: MemoryStore) -> None:
    service = EnterpriseService(store)
    row = enterprise(1, facts={"a": 1})
    service.save(row, START)
    before = store.get(f"enterprise#{row.uscc}", "profile")
    assert not service.save(enterprise(1, facts={"a": 1}), START + timedelta(days=1))
    assert store.get(f"enterprise#{row.uscc}", "profile") == before
    assert service.save(enterprise(1, facts={"a": None}), START)
    assert service.get(row.uscc) == enterprise(1, facts={"a": None})


def test_zero_false_and_one_true_are_different_profiles(store: MemoryStore) -> None:
    service = EnterpriseService(store)
    service.save(enterprise(1, facts={"a": 0, "b": 1}), START)
    assert service.save(enterprise(1, facts={"a": False, "b": True}), START)
    held = service.get(enterprise(1).uscc)
    assert held is not None
    assert held.facts["a"].value is False


def test_all_walks_every_shard_and_page_once(store: MemoryStore) -> None:
    service = EnterpriseService(store)
    rows = [enterprise(number) for number in range(450)]
    for row in rows:
        service.save(row, START)
    found = [row.uscc for row in service.all()]
    assert len(found) == 450
    assert set(found) == {row.uscc for row in rows}
    pages = list(service._rows.bodies(page_size=7))
    assert len(pages) == 450


def test_search_by_present_and_former_name(store: MemoryStore) -> None:
    service = EnterpriseService(store)
    service.save(enterprise(1, name="芦溪溪华电瓷有限公司", name_used="芦溪县第一瓷厂"), START)
    service.save(enterprise(2, name="江西溪盾环保科技股份有限公司"), START)
    assert [row.name for row in service.find_by_name("溪华 电瓷")] == ["芦溪溪华电瓷有限公司"]
    assert [row.name for row in service.find_by_name("第一瓷厂")] == ["芦溪溪华电瓷有限公司"]
    assert len(service.find_by_name("公司", limit=1)) == 1
    assert service.find_by_name("  ") == []
    assert service.find_by_name("没有这家") == []
