"""入库评审 and 打捆申报: acts in their order by different people; a grant divided to the last 分."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.finance.bundles import Bundle, BundleError, BundleService, allocate
from chalicelib.finance.library import ProjectService
from chalicelib.finance.model import TransitionProject
from chalicelib.finance.review import SCORING, Act, ReviewError, ReviewStep, total, until

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)
E01, E02, E09 = "91360323MAXX00015C", "91360323MAXX000237", "91360323MAXX000905"
SCORES = {"目录符合性": 28, "减碳强度": 20, "技术成熟": 10, "财务": 12, "披露": 5}


@pytest.fixture
def library() -> ProjectService:
    service = ProjectService(MemoryStore(FixedClock(NOW)))
    service.save_row(
        TransitionProject.model_validate(
            {"id": "ZX-0001", "name": "隧道窑余热利用", "uscc": E01, "subject": "企业", "industry_code": "3073",
             "stage": "申报", "path": ["余热利用"], "prov": ["R"]}
        )
    )  # fmt: skip
    return service


def act(what: Act, by: str = "甲", on: date = DAY, **more: Any) -> ReviewStep:
    return ReviewStep(act=what, by=by, on=on, **more)


def walk(library: ProjectService) -> TransitionProject:
    for step in (
        act(Act.FORM),
        act(Act.MEASURE, "测算机构"),
        act(Act.SCORE, "乙", scores=SCORES),
        act(Act.NOTICE),
    ):
        library.review("ZX-0001", step)
    return library.review("ZX-0001", act(Act.ENTER))


def test_from_application_to_the_library_and_out_again(library: ProjectService) -> None:
    entered = walk(library)
    assert (entered.stage, entered.score, entered.entered_on, entered.expires_on) == (
        "入库",
        75,
        DAY,
        date(2028, 11, 22),
    )
    renewed = library.review("ZX-0001", act(Act.RENEW, on=date(2027, 11, 1)))
    assert renewed.expires_on == date(2029, 10, 31)
    with pytest.raises(ReviewError, match="原因"):
        library.review("ZX-0001", act(Act.LEAVE, on=date(2027, 11, 2)))
    assert library.review("ZX-0001", act(Act.LEAVE, on=date(2027, 11, 2), note="停产")).stage == "出库"
    assert [each.act for each in library.history("ZX-0001")] == [*list(Act)]


def test_the_same_act_again_changes_nothing(library: ProjectService) -> None:
    walk(library)
    before = library.history("ZX-0001")
    library.review("ZX-0001", act(Act.ENTER))
    assert library.history("ZX-0001") == before


def test_who_checked_the_form_may_not_score(library: ProjectService) -> None:
    library.review("ZX-0001", act(Act.FORM))
    library.review("ZX-0001", act(Act.MEASURE))
    with pytest.raises(ReviewError, match="另一个人"):
        library.review("ZX-0001", act(Act.SCORE, "甲", scores=SCORES))
    kept = library.get("ZX-0001")
    assert kept is not None and kept.stage == "第三方测算" and kept.score is None


@pytest.mark.parametrize("what", [each for each in Act if each not in (Act.FORM, Act.LEAVE)])
def test_no_step_is_jumped(library: ProjectService, what: Act) -> None:
    with pytest.raises(ReviewError, match="申报"):
        library.review("ZX-0001", act(what, scores=SCORES))


def test_dates_do_not_run_backwards_and_the_entry_must_be_there(library: ProjectService) -> None:
    library.review("ZX-0001", act(Act.FORM))
    with pytest.raises(ReviewError, match="早于"):
        library.review("ZX-0001", act(Act.MEASURE, on=date(2026, 11, 1)))
    with pytest.raises(ReviewError, match="ZX-0009"):
        library.review("ZX-0009", act(Act.FORM))


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ({**SCORES, "披露": 11}, "0 到 10"),
        ({**SCORES, "披露": -1}, "0 到 10"),
        ({name: points for name, points in SCORES.items() if name != "财务"}, "财务"),
        ({**SCORES, "印象": 5}, "印象"),
    ],
)
def test_a_score_outside_the_table_is_refused(scores: dict[str, int], says: str) -> None:
    with pytest.raises(ReviewError, match=says):
        total(scores)


def test_the_table_is_of_a_hundred() -> None:
    assert sum(each.points for each in SCORING) == 100
    assert until(date(2024, 2, 29)) == date(2026, 2, 28)


@given(st.integers(0, 10**13), st.dictionaries(st.text("ABC123", min_size=1), st.integers(1, 10**9), min_size=1))
def test_every_split_sums_to_the_grant_and_is_fair_to_the_fen(grant: int, shares: dict[str, int]) -> None:
    parts = allocate(grant, shares)
    assert sum(parts.values()) == grant and parts.keys() == shares.keys()
    whole = sum(shares.values())
    assert all(abs(parts[each] * whole - grant * share) < whole for each, share in shares.items())
    assert allocate(grant, dict(reversed(shares.items()))) == parts


def test_the_cents_left_over_go_to_the_largest_remainders_then_the_lower_code() -> None:
    assert allocate(100, {"A": 1, "B": 1, "C": 1}) == {"A": 34, "B": 33, "C": 33}
    assert allocate(10, {"A": 1, "B": 5, "C": 1}) == {"A": 2, "B": 7, "C": 1}
    with pytest.raises(BundleError):
        allocate(100, {"A": 0, "B": 1})


def bundle(**more: Any) -> Bundle:
    row = {
        "id": "DK-2026-01",
        "policy": "P15",
        "lead": E09,
        "unit": "吨标准煤",
        "basis": "核查报告（示例）",
        "members": [{"uscc": E01, "share": 2}, {"uscc": E02, "share": 1}],
        **more,
    }
    return Bundle.model_validate(row)


def test_each_member_sees_its_own_part_only() -> None:
    service = BundleService(MemoryStore(FixedClock(NOW)))
    assert service.enter(bundle()) and not service.enter(bundle())
    assert [(part.share, part.amount) for part in service.of_enterprise(E01)] == [(2, None)]
    settled = service.confirm("DK-2026-01", 10_000, "甲", NOW)
    assert settled.parts() == {E01: 6667, E02: 3333}
    assert [part.amount for part in service.of_enterprise(E01)] == [6667]
    assert [part.amount for part in service.of_enterprise(E02)] == [3333]
    assert list(service.of_enterprise(E09)) == []
    assert service.confirm("DK-2026-01", 10_000, "乙", NOW) == settled
    with pytest.raises(BundleError, match="不能再改"):
        service.confirm("DK-2026-01", 9_999, "乙", NOW)
    assert not service.enter(bundle())


def test_a_bundle_is_not_replaced_nor_doubled() -> None:
    service = BundleService(MemoryStore(FixedClock(NOW)))
    service.enter(bundle())
    with pytest.raises(BundleError, match="换一个编号"):
        service.enter(bundle(basis="另一份"))
    with pytest.raises(BundleError, match="DK-2026-09"):
        service.confirm("DK-2026-09", 1, "甲", NOW)
    with pytest.raises(ValueError, match="写了两次"):
        bundle(members=[{"uscc": E01, "share": 2}, {"uscc": E01, "share": 1}])
