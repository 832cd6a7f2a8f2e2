"""What becomes of the entries of a call."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.sqlite_store import SqliteStore
from chalicelib.cases.model import CaseRow, CaseState
from chalicelib.errors import Refusal
from chalicelib.finance.life import live
from chalicelib.finance.model import LoanState
from chalicelib.partners import ingestion
from chalicelib.partners.model import Answer, Kind, Partner
from chalicelib.partners.refusals import Reason, Refused
from chalicelib.ports import Conflict
from tests.unit.partners.caller import (
    BANK_A,
    BANK_B,
    CASE_NO,
    START,
    USCC,
    County,
    case_event,
    case_row,
    loan_event,
    loan_row,
)

ENTERPRISE = {"uscc": USCC, "name": "示例电瓷有限公司", "industry_code": "3073"}


@pytest.fixture
def county() -> County:
    return County()


def texts(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(e["part"], e["row"], e["field"], e["text"]) for e in answer["errors"]]


# ------------------------------------------------------------------------------------------------------------- envelope


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"rows": [NaN]}',
        b'{"rows": [], "rows": [{}]}',
        b'{"rows": [1e5, Infinity]}',
        b"[" * 200_000,
        b'{"rows": ["\\ud800"]}',
        b'{"rows": [' + b"9" * 5000 + b"]}",
        b'\xef\xbb\xbf{"rows": [1]}',
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        ingestion.read(body)
    assert caught.value.reason is Reason.BAD_JSON


def test_bad_json_is_told_by_place() -> None:
    with pytest.raises(Refused) as caught:
        ingestion.read(b'{"rows":\n  [1,}')
    assert caught.value.detail == {"line": 2, "column": 6}


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"{}",
        b'{"rows": []}',
        b'{"rows": {}}',
        b'{"rows": null, "events": [1]}',
        b'{"rows": [1], "row": []}',
        b'{"rows": [' + b"1," * 500 + b"1]}",
    ],
)
def test_a_body_of_another_shape_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        ingestion.read(body)
    assert caught.value.reason is Reason.BAD_BODY


def test_five_hundred_entries_are_taken(county: County) -> None:
    rows = [case_row(f"36032320261122{n:05}") for n in range(400)]
    events = [case_event(f"e{n}", "SUBMITTED", "11-20T09:00", case_no=rows[n]["no"]) for n in range(100)]
    assert county.report(county.office, "cases", *rows, events=events)["counts"] == {
        "accepted": 500,
        "unchanged": 0,
        "errors": 0,
        "aside": 0,
    }


# ---------------------------------------------------------------------------------------------------------------- cases


def test_each_row_stands_for_itself(county: County) -> None:
    bad = case_row("3603232026112200131", promised={"n": -1, "unit": "wd"}, colour="red")
    answer = county.report(county.office, "cases", bad, case_row(), 7, case_row("123", phone_last4="13812345678"))
    assert answer["counts"] == {"accepted": 1, "unchanged": 0, "errors": 3, "aside": 0}
    assert answer["accepted"] == [{"part": "rows", "row": 2, "id": CASE_NO}]
    told = texts(answer)
    assert ("rows", 1, "承诺时限.天数", "应不小于 0，写的是“-1”") in told
    assert ("rows", 1, "colour", "没有这一列。请核对列名，或删去") in told
    assert ("rows", 3, None, "应是一组“名称: 值”") in told
    assert [t for t in told if t[1] == 4 and "13812345678" in t[3]] == []
    assert {e["row"]: e["id"] for e in answer["errors"]} == {1: "3603232026112200131", 3: None, 4: "123"}
    assert county.cases.get("3603232026112200131") is None
    Answer.model_validate(answer)


def test_rows_come_before_their_events_and_a_repeat_changes_nothing(county: County) -> None:
    event = case_event("e1", "SUBMITTED", "11-20T09:00")
    first = county.report(county.office, "cases", case_row(), events=[event])
    again = county.report(county.office, "cases", case_row(), events=[event])
    assert first["counts"] == {"accepted": 2, "unchanged": 0, "errors": 0, "aside": 0}
    assert again["counts"] == {"accepted": 0, "unchanged": 2, "errors": 0, "aside": 0}


def test_an_impossible_step_is_kept_told_and_applied_once_the_missing_one_comes(county: County) -> None:
    events = [{"id": "e1", "kind": "SUBMITTED", "at": "2026-11-18T09:00"}]
    late = {"id": "e9", "kind": "DECIDED_OK", "at": "2026-11-20T09:00"}
    answer = county.report(county.office, "cases", case_row(events=[*events, late]))
    assert answer["aside"] == [{"part": "rows", "row": 1, "event": "e9", "text": "“准予决定”不能接在“已申请”之后"}]
    assert (answer["counts"]["accepted"], answer["counts"]["aside"]) == (1, 1)
    missing = [
        case_event("e2", "RECEIVED", "11-18T10:00"),
        case_event("e3", "ACCEPTED", "11-18T11:00"),
        case_event("e4", "REVIEWING", "11-19T11:00"),
    ]
    assert county.report(county.office, "cases", events=missing)["counts"]["aside"] == 0
    case = county.cases.get(CASE_NO)
    assert case is not None and county.cases.live(case, START).state is CaseState.DECIDED_OK


def test_an_event_of_a_case_nobody_reported(county: County) -> None:
    answer = county.report(county.office, "cases", events=[case_event("e1", "SUBMITTED", "11-20T09:00")])
    assert texts(answer) == [("events", 1, None, f"没有办件 {CASE_NO}，请先导入办件基本信息再报进度")]


def test_a_received_event_cannot_be_changed_by_sending_it_again(county: County) -> None:
    county.report(county.office, "cases", case_row(), events=[case_event("e1", "SUBMITTED", "11-20T09:00")])
    other = case_event("e1", "SUBMITTED", "11-19T09:00")
    in_row = {name: value for name, value in other.items() if name != "case_no"}
    answer = county.report(county.office, "cases", case_row(title="改了", events=[in_row]), events=[other])
    assert answer["counts"]["errors"] == 2 and all("请换一个事件编号" in e["text"] for e in answer["errors"])
    case = county.cases.get(CASE_NO)
    assert case is not None and case.head.title == case_row()["title"] and case.events[0].at.day == 20


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-11-22T10:10:00+08:00", None),
        ("2026-11-22T10:10:01+08:00", "还没有到这个时间"),
        ("0001-01-01T00:00:00+08:00", "1990 年至 2100 年"),
        ("9999-12-31T23:59:59-08:00", "1990 年至 2100 年"),
        ("1970-01-01", "1990 年至 2100 年"),
    ],
)
def test_times_that_cannot_be(county: County, at: str, told: str | None) -> None:
    row = case_row(events=[{"id": "e1", "kind": "SUBMITTED", "at": at}])
    errors = county.report(county.office, "cases", row)["errors"]
    assert (told is None) == (errors == []) and all(told in error["text"] for error in errors if told)


def test_dates_past_all_calendars_are_refused_by_their_column(county: County) -> None:
    event = {"id": "e1", "kind": "CORRECTING", "at": "2026-11-20T09:00", "due": "9999-12-31"}
    assert texts(county.report(county.office, "cases", case_row(valid_to="0009-01-01", events=[event]))) == [
        ("rows", 1, "失效日期", "日期应在 1990 年至 2100 年之间，请核对"),
        ("rows", 1, "办理过程.第 1 项.要求补齐日期", "日期应在 1990 年至 2100 年之间，请核对"),
    ]


@pytest.mark.parametrize("events", [5, "abc", {"a": 1}, True])
def test_events_that_are_no_list(county: County, events: Any) -> None:
    assert texts(county.report(county.office, "cases", case_row(events=events))) == [
        ("rows", 1, "办理过程", "应是列表")
    ]


def test_where_a_row_comes_from_is_known_by_its_signature(county: County) -> None:
    county.report(county.office, "cases", case_row())
    case = county.cases.get(CASE_NO)
    assert case is not None
    head = case.head
    assert (head.prov, head.verified_by, head.source_note) == (("F",), "partner:lx-sjj", "县政数局报送")
    assert str(head.verified_at) == "2026-11-22" and not head.is_sample
    county.clock.advance(timedelta(days=30))
    assert county.report(county.office, "cases", case_row())["counts"]["unchanged"] == 1
    assert county.report(county.office, "cases", case_row(prov="R"))["counts"]["accepted"] == 1
    case = county.cases.get(CASE_NO)
    assert case is not None and case.head.is_sample


def test_another_partners_case_can_be_added_to_and_not_taken(county: County) -> None:
    bureau = Partner(id="lx-scjg", name="县市场监督管理局", scopes=(Kind.CASES,))
    county.partners.register(bureau)
    key = county.partners.issue_key(bureau.id, START)
    county.report(county.office, "cases", case_row(phone_last4="5678", verified_by="张三"))
    before = county.cases.get(CASE_NO)
    assert before is not None and before.head.verified_by == "partner:lx-sjj"
    for change in ({"uscc": "91360323MAXX000312"}, {"title": "别的事"}, {"dept": "别处"}, {"promised": None}):
        told = county.report(key, "cases", case_row(**{"verified_by": "partner:lx-sjj"} | change))
        assert (told["counts"]["accepted"], told["counts"]["errors"]) == (0, 1), change
    bare = case_row(phone_last4="0000", events=[case_event("e1", "RECEIVED", "11-20T09:00:00+08:00")])
    del bare["uscc"], bare["promised"]
    assert county.report(key, "cases", bare)["counts"]["accepted"] == 1
    after = county.cases.get(CASE_NO)
    assert after is not None and after.head == before.head
    assert [event.id for event in after.events] == ["e1"]
    assert county.cases.lookup("o-1", CASE_NO, "5678", START).head == before.head
    with pytest.raises(Refusal):
        county.cases.lookup("o-1", CASE_NO, "0000", START)


def test_only_its_reporter_gives_a_case_another_enterprise_and_nobody_takes_it_away(county: County) -> None:
    other = "91360323MAXX000312"
    county.report(county.office, "cases", case_row())
    row = case_row(phone_last4="5678")
    del row["uscc"]
    county.report(county.office, "cases", row)
    assert county.cases.get(CASE_NO).head.uscc == USCC  # type: ignore[union-attr]
    county.report(county.office, "cases", case_row(uscc=other))
    assert county.cases.get(CASE_NO).head.uscc == other  # type: ignore[union-attr]
    filed = CaseRow.model_validate(
        case_row("3603232026112200999", prov="F", verified_by="张三", source_note="窗口", verified_at="2026-11-22")
    )
    county.cases.save_row(filed, START)
    told = county.report(county.office, "cases", case_row(filed.no, uscc=other))
    assert texts(told)[0][2] == "统一社会信用代码" and county.cases.get(filed.no).head.uscc == USCC  # type: ignore[union-attr]
    assert county.report(county.office, "cases", case_row(filed.no, title="另一种写法"))["counts"]["accepted"] == 1


def test_a_row_that_somebody_else_is_writing_is_told_and_the_others_go_on() -> None:
    class Contended:
        def row(self, given: Any, partner: Partner, now: Any) -> tuple[str, bool]:
            if given["no"] == "1":
                raise Conflict([("case#1", "row")])
            return given["no"], True

        event = row

        def aside(self, key: str, now: Any) -> dict[str, str]:
            return {}

    taking = ingestion.Ingestion({kind: Contended() for kind in Kind})
    entries: ingestion.Entries = {"rows": [{"no": "1"}, {"no": "2"}], "events": []}
    answer = taking.take(Kind.CASES, entries, BANK_A, START)
    assert (answer.counts.accepted, answer.counts.errors) == (1, 1) and "稍后重报" in answer.errors[0].text


# ---------------------------------------------------------------------------------------------------------------- loans


def test_a_bank_reports_its_own_loans(county: County) -> None:
    events = [
        loan_event("b1", "ACCEPTED", "11-20T09:00"),
        loan_event("b2", "DUE_DILIGENCE", "11-20T15:00"),
        loan_event("b3", "REVIEWING", "11-21T15:00"),
    ]
    assert county.report(county.bank_a, "loans", loan_row(), events=events)["counts"]["accepted"] == 4
    assert county.report(county.bank_a, "loans", events=events)["counts"]["unchanged"] == 3
    loan = county.loans.get("LN-A-0001")
    assert loan is not None and live(loan).state is LoanState.REVIEWING


def test_a_breach_of_the_amounts_is_kept_aside_and_told(county: County) -> None:
    paid = loan_event("b9", "PAID_OUT", "11-21T09:00", amount="300万元")
    accepted = loan_event("b1", "ACCEPTED", "11-20T09:00")
    answer = county.report(county.bank_a, "loans", loan_row(), events=[accepted, paid])
    assert answer["aside"] == [{"part": "events", "row": 2, "event": "b9", "text": "“放款”不能接在“银行受理”之后"}]


def test_another_banks_loan_is_like_an_unknown_one(county: County) -> None:
    county.report(county.bank_a, "loans", loan_row())
    before = county.loans.get("LN-A-0001")
    step = loan_event("x", "ACCEPTED", "11-20T09:00")
    mine = loan_event("x", "ACCEPTED", "11-20T09:00", loan_id="LN-A-9999")
    answer = county.report(county.bank_b, "loans", loan_row(BANK_B), loan_row(BANK_A), events=[step, mine])
    assert answer["counts"] == {"accepted": 0, "unchanged": 0, "errors": 4, "aside": 0}
    told = {(e["part"], e["row"]): (e["field"], e["text"].replace("9999", "0001")) for e in answer["errors"]}
    unknown = ("贷款编号", "贵行没有编号为 LN-A-0001 的贷款。请核对编号，新贷款先报 rows")
    assert told["events", 1] == told["events", 2] == told["rows", 1] == unknown
    assert told["rows", 2] == ("银行", "贵行只能报送“乙银行芦溪支行”的贷款")
    assert county.loans.get("LN-A-0001") == before


def test_a_bank_cannot_take_over_a_loan_by_calling_it_its_own(county: County) -> None:
    county.report(county.office, "loans", loan_row(BANK_A))
    assert county.report(county.bank_b, "loans", loan_row(BANK_B))["counts"]["errors"] == 1
    assert county.report(county.bank_a, "loans", loan_row(BANK_A, product="续贷通"))["counts"]["accepted"] == 1


def test_two_banks_that_use_one_number_at_once_do_not_overwrite_each_other(tmp_path: Path) -> None:
    clock = FixedClock(START)
    store = SqliteStore(tmp_path / "test.db", clock, "NORMAL")
    county = County(store, clock)
    ids = [f"LN-2026-{n:04}" for n in range(15)]

    def send(who: str) -> set[str]:
        key, bank = (county.bank_a, BANK_A) if who == "a" else (county.bank_b, BANK_B)
        answer = county.report(key, "loans", *(loan_row(bank, loan_id) for loan_id in ids))
        return {taken["id"] for taken in answer["accepted"]}

    with ThreadPoolExecutor(2) as pool:
        taken_a, taken_b = pool.map(send, "ab")
    held = {loan_id: loan.head.bank for loan_id in ids if (loan := county.loans.get(loan_id))}
    store.close()
    assert taken_a | taken_b == set(ids) and not taken_a & taken_b
    assert held == dict.fromkeys(taken_a, BANK_A.bank) | dict.fromkeys(taken_b, BANK_B.bank)


def test_each_speaks_for_itself(county: County) -> None:
    county.report(county.bank_a, "loans", loan_row())
    demand = loan_event("d1", "DEMAND", "11-16T09:00", source="企业")
    refused = county.report(county.bank_a, "loans", loan_row(events=[demand]), events=[demand])
    assert [error["text"] for error in refused["errors"]] == ["事件 d1：银行报送的来源只能是“银行”"] * 2
    assert county.report(county.office, "loans", events=[demand])["counts"]["accepted"] == 1
    banks = county.report(county.office, "loans", events=[loan_event("b1", "ACCEPTED", "11-20T09:00")])
    assert banks["errors"][0]["text"] == "事件 b1：来源为“银行”的环节由银行自己报送"


def test_a_bank_is_registered_for_loans_only() -> None:
    for scopes in (["cases"], ["loans", "cases"]):
        with pytest.raises(ValidationError, match="银行只能有贷款"):
            Partner.model_validate({"id": "bank-c", "name": "丙银行", "scopes": scopes, "bank": "丙银行"})


# ---------------------------------------------------------------------------------------------------------- enterprises


def test_enterprises(county: County) -> None:
    assert county.report(county.office, "enterprises", ENTERPRISE)["counts"]["accepted"] == 1
    county.clock.advance(timedelta(days=2))
    answer = county.report(county.office, "enterprises", ENTERPRISE, ENTERPRISE | {"uscc": "123"}, events=[{"id": "e"}])
    assert answer["counts"] == {"accepted": 0, "unchanged": 1, "errors": 2, "aside": 0}
    assert texts(answer)[1] == ("events", 1, None, "企业没有办理过程，请写在 rows 里")
    assert county.enterprises.get(USCC) is not None


# ------------------------------------------------------------------------------------------------------------ whatever

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


def _broken(good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A good entry with some of its columns, or foreign ones, replaced by anything."""
    columns = st.sampled_from(
        [*good, "events", "prov", "valid_to", "records", "facts", "contacts", "materials", "amount"]
    )
    return st.dictionaries(columns, JSON, max_size=3).map(lambda changes: good | changes)


ENTRIES = {
    "cases": (case_row(), case_event("e1", "SUBMITTED", "11-20T09:00")),
    "loans": (loan_row(), loan_event("e1", "DEMAND", "11-20T09:00", source="企业")),
    "enterprises": (ENTERPRISE, {"id": "e1"}),
}


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_sent_every_entry_is_answered_for(data: st.DataObject) -> None:
    county = County()
    kind = data.draw(st.sampled_from(list(ENTRIES)))
    row, event = ENTRIES[kind]
    rows = data.draw(st.lists(_broken(row) | JSON, min_size=1, max_size=3))
    events = data.draw(st.lists(_broken(event) | JSON, max_size=3))
    answer = Answer.model_validate(county.report(county.office, kind, *rows, events=events))
    told = {(one.part, one.row) for one in answer.accepted + answer.unchanged} | {
        (e.part, e.row) for e in answer.errors
    }
    sent = {("rows", n + 1) for n in range(len(rows))} | {("events", n + 1) for n in range(len(events))}
    assert told == sent
    counts = answer.counts
    assert counts.accepted + counts.unchanged + counts.errors == len(sent)


@given(order=st.permutations(range(6)), repeats=st.lists(st.integers(0, 5), max_size=6))
@settings(max_examples=40, deadline=None)
def test_any_order_and_repetition_comes_to_the_same(order: list[int], repeats: list[int]) -> None:
    kinds = ["SUBMITTED", "RECEIVED", "ACCEPTED", "REVIEWING", "DECIDED_OK", "FINISHED"]
    events = [case_event(f"e{n}", kind, f"11-1{n}T09:00") for n, kind in enumerate(kinds, 3)]
    county = County()
    county.report(county.office, "cases", case_row())
    for n in [*order, *repeats]:
        county.report(county.office, "cases", events=[events[n]])
    case = county.cases.get(CASE_NO)
    assert case is not None
    life = county.cases.live(case, START)
    assert (life.state, life.aside, len(case.events)) == (CaseState.FINISHED, (), 6)
