"""Drafting, review, publication and what stays for good: from a file to the catalogue and back."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryBlobs, MemoryStore
from chalicelib.content.catalogue import CatalogueReader
from chalicelib.content.publishing import PolicyPublisher
from chalicelib.content.service import ContentRefused, ContentService
from chalicelib.errors import BadInput, Refusal
from chalicelib.policies.model import Policy, State
from tests.functional.support import DATA
from tests.unit.content.samples import NOW

CASE = {"name": "够", "day": "2026-11-22", "facts": {"revenue": 1500}, "outcome": "match", "amount_fen": 10_000_00}
ROW: dict[str, Any] = {
    "id": "P90",
    "prov": ["F1"],
    "verified_at": "2026-11-01",
    "verified_by": "核对员",
    "name": "测试奖励",
    "short": "测试奖励",
    "level": "县",
    "dept": "县工信局",
    "section": "政策直达",
    "category": "奖补",
    "target": "企业",
    "condition": {"fact": "revenue", "op": ">=", "value": 1000},
    "mode": "APPLY",
    "benefit": {"kind": "fixed", "amount": 10000},
    "benefit_text": "1 万元",
    "golden": [CASE],
}
SIGNED = {"state": "published", "author": "甲", "reviewer": "乙"}


class Office:
    """A folder, a store, and the people of an office."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(NOW)
        self.store, self.blobs = MemoryStore(self.clock), MemoryBlobs()
        self.content = ContentService(self.store, self.blobs)
        self.publisher = PolicyPublisher(self.store, self.blobs)
        self._reader = CatalogueReader(self.store, lambda: self.blobs)

    def write(self, **change: Any) -> Path:
        path = self.folder / "policies.json"
        path.write_text(json.dumps([ROW | change], ensure_ascii=False), encoding="utf-8")
        return path

    def load(self, **change: Any) -> None:
        self.content.load(self.write(**change), "导入员", self.clock.now())

    def problems(self, **change: Any) -> str:
        return "\n".join(self.content.check(self.write(**change)).lines())

    def step(self, name: str, by: str, version: int | None = None) -> Policy:
        self.clock.advance(timedelta(minutes=1))
        return self.publisher.step("P90", name, by, self.clock.now(), version)

    def through(self) -> None:
        for name, by in (("submit", "甲"), ("review", "乙"), ("publish", "丙")):
            self.step(name, by)

    @property
    def shown(self) -> tuple[int, State]:
        policy = self._reader.current().policies["P90"]
        return policy.version, policy.state


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_draft_is_not_in_force_until_two_people_and_a_publication(office: Office) -> None:
    office.load()
    assert office.shown == (1, State.DRAFT)
    with pytest.raises(Refusal, match="还没有提交复核"):
        office.step("review", "乙")
    office.step("submit", "甲")
    for same in ("甲", " 甲\u3000"):
        with pytest.raises(Refusal, match="复核人要换一个人"):
            office.step("review", same)
    with pytest.raises(Refusal, match="要写明经办人"):
        office.step("review", " ")
    with pytest.raises(Refusal, match="现在是“草稿”，不能发布；要先是：已复核、已暂停"):
        office.step("publish", "丙")
    reviewed = office.step("review", "乙")
    assert (reviewed.author, reviewed.reviewer, office.shown) == ("甲", "乙", (1, State.REVIEWED))
    office.step("publish", "丙")
    assert office.shown == (1, State.PUBLISHED)
    moves = [(each.by, each.before, each.after, each.note) for each in office.publisher.log("P90")]
    assert moves == [
        ("导入员", None, "draft", "导入"),
        ("甲", "draft", "draft", "提交复核"),
        ("乙", "draft", "reviewed", "复核通过"),
        ("丙", "reviewed", "published", "发布"),
    ]


def test_suspended_resumed_withdrawn(office: Office) -> None:
    office.load()
    office.through()
    for step, state in (
        ("suspend", State.SUSPENDED),
        ("publish", State.PUBLISHED),
        ("withdraw", State.WITHDRAWN),
    ):
        office.step(step, "丙")
        assert office.shown == (1, state)
    with pytest.raises(Refusal, match="已撤回"):
        office.step("withdraw", "丙")


@pytest.mark.parametrize(
    ("change", "said"),
    [({"golden": []}, "没有用例"), ({"golden": [CASE], "id": "P90"}, None)],
)
def test_publication_takes_a_golden_case(office: Office, change: dict[str, Any], said: str | None) -> None:
    office.load(**change)
    office.step("submit", "甲")
    office.step("review", "乙")
    if said is None:
        assert office.step("publish", "丙").state is State.PUBLISHED
    else:
        with pytest.raises(Refusal, match=said):
            office.step("publish", "丙")


def test_a_golden_case_that_fails_is_told_by_file_row_and_case(office: Office) -> None:
    said = office.problems(golden=[CASE, CASE | {"name": "不够", "facts": {"revenue": 900}}])
    assert "policies.json 第 1 条（P90）「用例」：用例“不够”：应为 match，算出 not_match" in said
    with pytest.raises(ContentRefused):
        office.load(golden=[CASE | {"amount_fen": 1}])


def test_a_published_rule_does_not_change_under_its_number(office: Office) -> None:
    office.load()
    office.through()
    said = office.problems(condition={"fact": "revenue", "op": ">=", "value": 1200})
    assert "「版本」：政策 P90 第 1 版发布过，“条件”不能再改。请把版本改为 2 后再导入" in said
    assert office.problems(contact="12345", note="改了电话") == ""
    office.load(contact="12345")
    assert office.shown == (1, State.PUBLISHED)


@pytest.mark.parametrize("field", sorted(Policy.model_fields.keys() - {"id", "version"}))
def test_every_field_is_rule_or_editorial(field: str) -> None:
    from chalicelib.policies.editions import EDITORIAL, rule_changes

    old = Policy.model_validate(ROW)
    new = old.model_copy(update={field: "另一个"})
    assert bool(rule_changes(old, new)) is (field not in EDITORIAL)


def test_a_new_version_waits_beside_the_one_in_force(office: Office) -> None:
    office.load()
    office.through()
    office.load(version=2, benefit={"kind": "fixed", "amount": 20000}, golden=[CASE | {"amount_fen": 20_000_00}])
    assert office.shown == (1, State.PUBLISHED)
    office.through()
    assert office.shown == (2, State.PUBLISHED)
    assert [each.state for each in office.publisher.editions("P90")] == [State.WITHDRAWN, State.PUBLISHED]
    assert any(each.note == "由第 2 版接替" for each in office.publisher.log("P90"))


def test_versions_do_not_go_back_by_loading(office: Office) -> None:
    office.load(version=3)
    assert "已有第 3 版。请用第 4 版" in office.problems(version=2)


def test_a_rollback_is_a_new_publication_of_the_old_rule(office: Office) -> None:
    office.load()
    office.through()
    office.load(version=2, condition={"fact": "revenue", "op": ">=", "value": 1200})
    office.through()
    back = office.publisher.rollback("P90", 1, "丁", office.clock.now())
    assert (back.version, back.condition["value"], office.shown) == (3, 1000, (3, State.PUBLISHED))
    states = [each.state for each in office.publisher.editions("P90")]
    assert states == [State.WITHDRAWN, State.WITHDRAWN, State.PUBLISHED]
    with pytest.raises(BadInput, match="没有发布过第 7 版"):
        office.publisher.rollback("P90", 7, "丁", office.clock.now())


def test_loading_the_same_again_changes_nothing_not_even_a_state(office: Office) -> None:
    office.load()
    office.through()
    office.step("suspend", "丙")
    before = office.publisher.log("P90")
    office.load()
    office.load(state="published")
    assert office.shown == (1, State.SUSPENDED)
    assert office.publisher.log("P90") == before


def test_a_changed_draft_has_to_be_reviewed_again(office: Office) -> None:
    office.load()
    office.step("submit", "甲")
    office.step("review", "乙")
    office.load(benefit_text="一万元")
    assert office.shown == (1, State.DRAFT)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": "published"}, "要有编制人和复核人"),
        (SIGNED | {"golden": []}, "没有用例"),
        (SIGNED, ""),
        ({"state": "published", "prov": ["R"], "golden": []}, ""),
        ({"state": "reviewed"}, ""),
    ],
)
def test_what_a_file_may_claim(office: Office, change: dict[str, Any], said: str) -> None:
    found = office.problems(**change)
    assert (said in found) if said else (found == "")


def test_a_review_is_made_in_the_store(office: Office) -> None:
    office.load(state="reviewed", author="甲", reviewer="乙")
    assert office.shown == (1, State.DRAFT)


def test_a_sample_does_not_become_real_unreviewed(office: Office) -> None:
    """Verified rows are pushed; setting 核对日期 on a published sample must not slip past the second person."""
    office.load(state="published", prov=["R"])
    assert office.shown == (1, State.PUBLISHED)
    assert "要有编制人和复核人" in office.problems(state="published")
    assert office.problems(**SIGNED) == ""
    office.load(**SIGNED)
    assert office.shown == (1, State.PUBLISHED)


def test_two_at_once_both_count(office: Office) -> None:
    """Somebody else publishes between reading and writing: the step is taken on what is there then."""
    office.load()
    office.step("submit", "甲")
    transact = office.store.transact

    def beaten(writes: Any) -> None:
        office.store.transact = transact  # type: ignore[method-assign]
        office.load(contact="12345")
        transact(writes)

    office.store.transact = beaten  # type: ignore[method-assign]
    assert office.step("review", "乙").contact == "12345"
    assert office.shown == (1, State.REVIEWED)


def test_the_sample_content_loads_twice_and_stays_in_force(tmp_path: Path) -> None:
    office = Office(tmp_path)
    first = office.content.load(DATA, "甲", NOW)
    again = office.content.load(DATA, "甲", NOW)
    assert not any(again.kinds[name] for name in ("items", "bundles", "points", "policies"))
    assert again.version == first.version
    assert len(office.publisher.log("P01")) == 1


def test_there_is_no_such_policy(office: Office) -> None:
    with pytest.raises(BadInput, match="没有编号为 P91 的政策"):
        office.publisher.step("P91", "publish", "甲", NOW)
