"""Loans and library entries over a real store in a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib import money
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.finance.library import LibraryTotals, ProjectService, is_listed, totals
from chalicelib.finance.life import live
from chalicelib.finance.model import LoanRow, LoanState, TransitionProject
from chalicelib.finance.service import LoanEventChanged, LoanService, LoanUnknown
from chalicelib.ports import Conflict, Page
from tests.unit.finance.loan_samples import ID, PAID, UP_TO_LINE, USCC, event, wall

NOW = wall("11-22")


class HandClock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "test.db", HandClock(), "NORMAL")
    yield store
    store.close()


@pytest.fixture
def loans(store: SqliteStore) -> LoanService:
    return LoanService(store)


def row(*events: Any, **more: Any) -> LoanRow:
    fields = {"prov": ("R",), "id": ID, "uscc": USCC, "bank": "示例银行"}
    return LoanRow(**(fields | {"events": tuple(events)} | more))


def test_a_row_is_taken_in_once_and_adds_up(loans: LoanService) -> None:
    assert loans.save_row(row(*UP_TO_LINE[:3]), NOW)
    assert not loans.save_row(row(*UP_TO_LINE[:3]), wall("11-23"))
    assert loans.save_row(row(*UP_TO_LINE[3:]), NOW)
    kept = loans.get(ID)
    assert kept is not None
    assert live(kept).state is LoanState.LINE_GRANTED
    assert kept.updated == NOW


def test_a_file_corrects_what_a_bank_may_not_change(loans: LoanService) -> None:
    loans.save_row(row(*PAID), NOW)
    other = event("PAID_OUT", "11-22 11:00", 1300, PAID[-1].id)
    with pytest.raises(LoanEventChanged, match=PAID[-1].id):
        loans.record(other, NOW)
    assert loans.save_row(row(other), NOW)
    kept = loans.get(ID)
    assert kept is not None
    assert live(kept).amounts.drawn == money.wan(1300)
    assert len(kept.events) == len(PAID)


def test_events_are_idempotent_in_any_order(loans: LoanService) -> None:
    with pytest.raises(LoanUnknown, match=ID):
        loans.record(PAID[0], NOW)
    loans.save_row(row(), NOW)
    for step in (*reversed(PAID), *PAID):
        loans.record(step, NOW)
    kept = loans.get(ID)
    assert kept is not None
    assert live(kept).amounts.balance == money.wan(1200)
    assert not live(kept).aside
    assert not loans.record(PAID[0], NOW)


def test_events_are_found_by_when_they_arrived(loans: LoanService) -> None:
    loans.save_row(row(*UP_TO_LINE), NOW)
    late = event("SIGNED", "11-21 20:00", 2000)
    loans.record(late, wall("11-23"))
    assert loans.events_since(ID, wall("11-23")) == [late]
    assert len(loans.events_since(ID, NOW)) == len(UP_TO_LINE) + 1
    assert loans.events_since("LN-none", NOW) == []


def test_an_enterprise_sees_its_own(loans: LoanService) -> None:
    loans.save_row(row(*PAID), NOW)
    loans.save_row(row(id="LN-2026-0002"), wall("11-23"))
    loans.save_row(row(id="LN-2026-0003", uscc="91360323MAXX00015C"), NOW)
    assert [loan.id for loan in loans.of_enterprise(USCC)] == ["LN-2026-0002", ID]
    assert loans.of_enterprise("91360323MAXX000237") == []


def test_a_closed_loan_is_watched_until_its_last_word_is_out(loans: LoanService) -> None:
    loans.save_row(row(*UP_TO_LINE), NOW)
    assert [loan.id for loan in loans.open_loans()] == [ID]
    loans.record(event("WITHDRAWN", "11-22"), NOW)
    assert list(loans.open_loans()) == []
    assert [loan.id for loan in loans.watched_loans()] == [ID]
    assert loans.retire(wall("11-29")) == 0
    assert loans.retire(wall("11-29 09:01")) == 1
    assert loans.retire(wall("11-30")) == 0
    assert list(loans.watched_loans()) == []
    kept = loans.get(ID)
    assert kept is not None
    assert kept.updated == NOW


class BusyStore:
    """Somebody else writes between our read and our write, a few times."""

    def __init__(self, store: SqliteStore, times: int) -> None:
        self._store, self._times = store, times

    def transact(self, writes: Any) -> None:
        if self._times > 0:
            self._times -= 1
            found = self._store.get(f"loan#{ID}", "row")
            assert found is not None
            self._store.put(found, if_version=found.version)
        self._store.transact(writes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_race_is_run_again_and_gives_up_aloud(store: SqliteStore) -> None:
    LoanService(store).save_row(row(), NOW)
    assert LoanService(BusyStore(store, 3)).record(PAID[0], NOW)
    with pytest.raises(Conflict):
        LoanService(BusyStore(store, 99)).record(PAID[1], NOW)


class LaggingStore:
    """An index that still shows what was there when it was made."""

    def __init__(self, store: SqliteStore, uscc: str) -> None:
        self._store = store
        self._old = store.query_index("gsi1", f"enterprise#{uscc}")

    def query_index(self, *args: Any, **more: Any) -> Page:
        return self._old

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_loan_that_changed_hands_is_not_shown_by_a_lagging_index(loans: LoanService, store: SqliteStore) -> None:
    loans.save_row(row(), NOW)
    lagging = LoanService(LaggingStore(store, USCC))
    assert [loan.id for loan in lagging.of_enterprise(USCC)] == [ID]
    loans.save_row(row(uscc="91360323MAXX00015C"), NOW)
    assert lagging.of_enterprise(USCC) == []


# ---------------------------------------------------------------------------------------------------------- library


def project(**more: Any) -> TransitionProject:
    fields = {
        "prov": "R",
        "id": "TP-2026-001",
        "name": "隧道窑余热利用改造",
        "uscc": USCC,
        "subject": "项目",
        "industry_code": 3073,
        "stage": "入库",
        "entered_on": "2026-01-10",
        "expires_on": "2028-01-09",
        "path": ["余热利用"],
        "line": "1000万元",
        "drawn": "800万元",
        "balance": "722万元",
    }
    return TransitionProject.model_validate(fields | more)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"balance": "801万元"}, "累计放款"),
        ({"line": "700万元"}, "不能大于授信"),
        ({"investment": "100万元", "equipment": "200万元"}, "设备投资"),
        ({"base_year": 2025, "target_year": 2025}, "目标年"),
        ({"expires_on": None}, "有效期"),
    ],
)
def test_an_entry_that_does_not_add_up_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        project(**wrong)


def test_entries_are_kept_and_listed(store: SqliteStore) -> None:
    service = ProjectService(store)
    assert service.save_row(project())
    assert not service.save_row(project())
    assert service.save_row(project(name="隧道窑余热利用二期"))
    service.save_row(project(id="TP-2026-002", uscc="91360323MAXX00015C"))
    assert service.get("TP-2026-001") == project(name="隧道窑余热利用二期")
    assert {entry.id for entry in service.all()} == {"TP-2026-001", "TP-2026-002"}
    assert [entry.id for entry in service.of_enterprise(USCC)] == ["TP-2026-001"]
    assert service.get("TP-none") is None


def test_the_validity_of_an_entry_ends() -> None:
    assert is_listed(project(), date(2028, 1, 9))
    assert not is_listed(project(), date(2028, 1, 10))
    assert not is_listed(project(stage="评审"), date(2026, 11, 22))


@given(st.lists(st.tuples(st.integers(0, 10**11), st.integers(0, 10**11), st.integers(0, 10**11)), max_size=8))
def test_totals_are_the_sum_of_the_parts(parts: list[tuple[int, int, int]]) -> None:
    entries = []
    for number, part in enumerate(parts):
        balance, drawn, line = sorted(part)
        entries.append(project(id=f"TP-2026-{number:03}", line=line, drawn=drawn, balance=balance))
    result = totals(entries)
    assert result.entries == len(parts)
    assert result.balance == sum(min(part) for part in parts)
    assert result.balance <= result.drawn <= result.line


def test_the_reported_rate_of_use() -> None:
    reported = LibraryTotals(83, 83, money.wan(286_900), 0, money.wan(207_000))
    assert reported.use_percent == Decimal("72.2")  # 20.70 of 28.69 亿 (facts §5.2)
    assert totals([]).use_percent is None
