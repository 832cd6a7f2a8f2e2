"""The promise of ports.Store, held against every adapter."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.ports import Check, Conflict, Delete, Page, Put, Record, Store


def row(pk: str = "p", sk: str = "row", **changes: Any) -> Record:
    return Record(pk, sk, changes.pop("body", {"n": 1}), **changes)


def soon(clock: FixedClock, seconds: int = 60) -> int:
    return int(clock.now().timestamp()) + seconds


def every(store: Store, pk: str, index: str | None = None, **options: Any) -> list[str]:
    """Sort keys over all pages."""
    found: list[str] = []
    page: str | None = None
    while True:
        answer: Page = (
            store.query(pk, page=page, **options)
            if index is None
            else store.query_index(index, pk, page=page, **options)  # type: ignore[arg-type]
        )
        assert len(answer.records) <= options.get("limit", 100)
        found += [record.sk for record in answer.records]
        if answer.next is None:
            return found
        page = answer.next


def test_absent_row_reads_as_none(store: Store) -> None:
    assert store.get("p", "nothing") is None


def test_many_rows_come_in_the_order_asked(store: Store, clock: FixedClock) -> None:
    for number in range(3):
        store.put(row(sk=str(number), body={"n": number}))
    store.put(row("q", expires_at=soon(clock, 5)))
    store.add("p", "count", {"n": 7})
    clock.advance(6)
    asked = [("p", "2"), ("p", "none"), ("p", "0"), ("q", "row"), ("p", "count")]
    found = store.get_many(asked)
    assert [record and record.body["n"] for record in found] == [2, None, 0, None, 7]
    assert found == [store.get(*key) for key in asked]
    assert store.get_many([]) == []


@pytest.mark.parametrize("keys", [[("p", "1"), ("p", "1")], [("p", str(n)) for n in range(101)], [("", "row")]])
def test_keys_that_cannot_be_read_together_are_refused(store: Store, keys: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError):
        store.get_many(keys)


def test_a_hundred_rows_are_read_together(store: Store) -> None:
    for number in range(100):
        store.put(row(sk=str(number), body={"words": "长" * 3000}))
    found = store.get_many([("p", str(number)) for number in range(100)])
    assert [record.sk for record in found if record] == [str(number) for number in range(100)]


def test_round_trip_of_chinese_nested_values_and_all_keys(store: Store, clock: FixedClock) -> None:
    body = {
        "名称": "芦溪县宣风镇“老表”粉店\n二楼\u0000é𠮷",
        "money_fen": 9_007_199_254_740_993,
        "nested": [{"a": [1, 2.5, None, True, {"深": []}]}, "", {}],
    }
    written = store.put(Record("企业#1", "简介", body, gsi1=("名单#3", "b"), gsi2=("g2", "s"), expires_at=soon(clock)))
    assert written.version == 1
    assert store.get("企业#1", "简介") == Record("企业#1", "简介", body, 1, ("名单#3", "b"), ("g2", "s"), soon(clock))


def test_put_counts_versions_and_replaces_everything(store: Store, clock: FixedClock) -> None:
    store.put(row(body={"a": 1}, gsi1=("g", "1"), gsi2=("h", "1"), expires_at=soon(clock)))
    assert store.put(row(body={"b": 2})).version == 2
    assert store.get("p", "row") == row(body={"b": 2}, version=2)
    assert every(store, "g", "gsi1") == [] and every(store, "h", "gsi2") == []


def test_later_changes_of_a_body_do_not_reach_the_store(store: Store) -> None:
    body: dict[str, Any] = {"list": [1]}
    store.put(row(body=body))
    body["list"].append(2)
    got = store.get("p", "row")
    assert got is not None
    got.body["list"].append(3)
    again = store.get("p", "row")
    assert again is not None and again.body == {"list": [1]}


def test_put_if_absent(store: Store) -> None:
    assert store.put(row(), if_absent=True).version == 1
    with pytest.raises(Conflict) as refused:
        store.put(row(body={"n": 2}), if_absent=True)
    assert refused.value.keys == [("p", "row")]
    assert store.get("p", "row") == row(version=1)


@pytest.mark.parametrize("version", [0, 2])
def test_put_if_version_refuses_another_version(store: Store, version: int) -> None:
    store.put(row())
    with pytest.raises(Conflict):
        store.put(row(body={"n": 9}), if_version=version)
    assert store.get("p", "row") == row(version=1)


def test_put_if_version_over_that_version(store: Store) -> None:
    store.put(row(gsi1=("g", "1")))
    assert store.put(row(body={"n": 2}), if_version=1).version == 2
    assert store.get("p", "row") == row(body={"n": 2}, version=2)


def test_put_if_version_needs_a_row(store: Store) -> None:
    for version in (0, 1):
        with pytest.raises(Conflict):
            store.put(row(), if_version=version)
    assert store.get("p", "row") is None


def test_delete(store: Store) -> None:
    store.delete("p", "row")
    store.put(row(gsi1=("g", "1")))
    with pytest.raises(Conflict) as refused:
        store.delete("p", "row", if_version=2)
    assert refused.value.keys == [("p", "row")]
    store.delete("p", "row", if_version=1)
    assert store.get("p", "row") is None
    assert every(store, "g", "gsi1") == []
    with pytest.raises(Conflict):
        store.delete("p", "row", if_version=1)
    assert store.put(row()).version == 1


# -------------------------------------------------------------------------------------------------------------- expiry


def test_an_expired_row_is_absent_for_every_reader(store: Store, clock: FixedClock) -> None:
    store.put(row(gsi1=("g", "1"), gsi2=("h", "1"), expires_at=soon(clock, 60)))
    clock.advance(59.9)
    assert store.get("p", "row") is not None
    clock.advance(0.1)
    assert store.get("p", "row") is None
    assert every(store, "p") == every(store, "g", "gsi1") == every(store, "h", "gsi2") == []


def test_an_expired_row_is_absent_for_every_condition(store: Store, clock: FixedClock) -> None:
    for sk in ("absent", "plain", "checked"):
        store.put(row(sk=sk))
        store.put(row(sk=sk, gsi1=("g", sk), expires_at=soon(clock, 60)))
    clock.advance(60)
    for conditions in ({"if_version": 2}, {"if_version": 1}):
        with pytest.raises(Conflict):
            store.put(row(sk="plain"), **conditions)
    with pytest.raises(Conflict):
        store.delete("p", "plain", if_version=2)
    with pytest.raises(Conflict):
        store.transact([Check("p", "checked")])
    with pytest.raises(Conflict):
        store.transact([Check("p", "checked", if_version=2)])
    store.transact([Check("p", "checked", if_absent=True)])
    assert store.put(row(sk="absent"), if_absent=True).version == 1
    assert store.put(row(sk="plain")).version == 1
    store.delete("p", "checked")
    assert [(r.sk, r.version, r.gsi1) for r in store.query("p").records] == [("absent", 1, None), ("plain", 1, None)]


def test_expired_rows_in_a_transaction_start_again(store: Store, clock: FixedClock) -> None:
    for sk in ("a", "b", "c"):
        store.put(row(sk=sk, body={"old": True}, expires_at=soon(clock, 60) if sk != "c" else None))
    clock.advance(60)
    store.transact([Put(row(sk=sk)) for sk in ("a", "b", "c", "d")])
    assert [(r.sk, r.version) for r in store.query("p").records] == [("a", 1), ("b", 1), ("c", 2), ("d", 1)]


def test_a_page_of_expired_rows_does_not_end_the_list(store: Store, clock: FixedClock) -> None:
    for i in range(9):
        store.put(row(sk=f"{i}", expires_at=soon(clock, 60) if i % 4 else None))
    clock.advance(60)
    assert every(store, "p", limit=2) == ["0", "4", "8"]


# --------------------------------------------------------------------------------------------------------------- query


@pytest.fixture
def listed(store: Store) -> Store:
    for i, sk in enumerate(["case#1", "case#2", "case#3", "case", "casf", "事项", "𠮷", "\uffee", "caseé"]):
        store.put(row("list", sk, gsi1=("index", f"{'odd' if i % 2 else 'even'}#{i // 4}"), gsi2=("all", sk)))
    store.put(row("list2", "case#1", gsi1=("index2", "even#0")))
    return store


ORDER = ["case", "case#1", "case#2", "case#3", "caseé", "casf", "事项", "\uffee", "𠮷"]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_go_in_order_of_utf8_both_ways(listed: Store, limit: int) -> None:
    assert every(listed, "list", limit=limit) == ORDER
    assert every(listed, "list", limit=limit, reverse=True) == ORDER[::-1]


def test_prefix_and_range(listed: Store) -> None:
    for limit in (1, 100):
        for reverse in (False, True):
            way = {"limit": limit, "reverse": reverse}
            turned = slice(None, None, -1 if reverse else 1)
            assert every(listed, "list", prefix="case#", **way) == ORDER[1:4][turned]
            assert every(listed, "list", prefix="\uffee", **way) == ["\uffee"]
            assert every(listed, "list", start="case#2", end="casf", **way) == ORDER[2:6][turned]
            assert every(listed, "list", start="casf", **way) == ORDER[5:][turned]
            assert every(listed, "list", end="case#1", **way) == ORDER[:2][turned]
    assert every(listed, "list", start="b", end="a") == []
    assert every(listed, "nobody") == []


def test_index_pages_hold_every_row_once(listed: Store) -> None:
    for limit in (1, 2, 100):
        forward = every(listed, "index", "gsi1", limit=limit)
        assert sorted(forward) == sorted(ORDER)
        backward = every(listed, "index", "gsi1", limit=limit, reverse=True)
        assert sorted(backward) == sorted(ORDER)
        keys = [r.gsi1[1] for r in listed.query_index("gsi1", "index").records if r.gsi1]
        assert keys == sorted(keys)


def test_index_prefix_and_range(listed: Store) -> None:
    assert sorted(every(listed, "index", "gsi1", prefix="odd#0", limit=1)) == ["case", "case#2"]
    assert every(listed, "all", "gsi2", start="case#2", end="casf", limit=1) == ORDER[2:6]
    assert every(listed, "all", "gsi2", start="case#2", end="casf", limit=1, reverse=True) == ORDER[2:6][::-1]


def test_index_follows_the_row(store: Store) -> None:
    store.put(row(gsi1=("g", "1"), gsi2=("h", "1")))
    store.put(row(gsi1=("g", "2")))
    [record] = store.query_index("gsi1", "g").records
    assert record == row(version=2, gsi1=("g", "2"))
    assert store.query_index("gsi2", "h").records == []
    store.put(row())
    assert store.query_index("gsi1", "g").records == []


def test_queries_that_make_no_sense_are_refused(listed: Store) -> None:
    token = listed.query("list", limit=1).next
    with pytest.raises(ValueError, match="exclude"):
        listed.query("list", prefix="a", start="b")
    with pytest.raises(ValueError, match="limit"):
        listed.query("list", limit=0)
    for wrong in ("!", "", "bm9uc2Vuc2U="):
        with pytest.raises(ValueError, match="page token"):
            listed.query("list", page=wrong)
    with pytest.raises(ValueError, match="page token"):
        listed.query_index("gsi1", "index", page=token)


def test_rows_that_cannot_be_are_refused(store: Store) -> None:
    for wrong in (row(""), row(sk=""), row(sk="x" * 1025), row(gsi1=("g", "")), row(body={"n": float("nan")})):
        with pytest.raises(ValueError):
            store.put(wrong)
    with pytest.raises(ValueError, match="larger"):
        store.put(row(body={"text": "字" * 130_000}))
    with pytest.raises(ValueError, match="exclude"):
        store.put(row(), if_absent=True, if_version=1)
    store.put(row(body={"text": "字" * 120_000}))
    assert every(store, "p") == ["row"]


# ------------------------------------------------------------------------------------------------------------ transact


def test_transact_writes_all(store: Store) -> None:
    store.put(row(sk="changed"))
    store.put(row(sk="dropped"))
    store.put(row(sk="there"))
    store.transact(
        [
            Put(row(sk="new"), if_absent=True),
            Put(row(sk="changed", body={"n": 2}, gsi1=("g", "1")), if_version=1),
            Put(row(sk="plain")),
            Delete("p", "dropped", if_version=1),
            Delete("p", "never there"),
            Check("p", "there", if_version=1),
            Check("q", "free", if_absent=True),
        ]
    )
    found = [(r.sk, r.version, r.body["n"]) for r in store.query("p").records]
    assert found == [("changed", 2, 2), ("new", 1, 1), ("plain", 1, 1), ("there", 1, 1)]
    assert every(store, "g", "gsi1") == ["changed"]


def test_transact_names_every_row_that_refuses_and_writes_nothing(store: Store) -> None:
    store.put(row(sk="there"))
    with pytest.raises(Conflict) as refused:
        store.transact(
            [
                Put(row(sk="new")),
                Put(row(sk="there"), if_absent=True),
                Put(row(sk="missing"), if_version=1),
                Delete("p", "gone", if_version=3),
                Check("q", "nobody"),
                Put(row(sk="other"), if_absent=True),
            ]
        )
    assert refused.value.keys == [("p", "there"), ("p", "missing"), ("p", "gone"), ("q", "nobody")]
    assert [(r.sk, r.version) for r in store.query("p").records] == [("there", 1)]


def test_transact_limits(store: Store) -> None:
    store.transact([])
    store.transact([Put(row(sk=f"{i}")) for i in range(100)])
    with pytest.raises(ValueError, match="at most"):
        store.transact([Put(row(sk=f"x{i}")) for i in range(101)])
    with pytest.raises(ValueError, match="once"):
        store.transact([Put(row()), Delete("p", "row")])
    with pytest.raises(ValueError, match="exclude"):
        store.transact([Check("p", "row", if_absent=True, if_version=1)])
    assert len(store.query("p", limit=200).records) == 100


# ----------------------------------------------------------------------------------------------------------------- add


def test_add_counts(store: Store, clock: FixedClock) -> None:
    assert store.add("p", "tries", {"wrong": 1}, expires_at=soon(clock)) == {"wrong": 1}
    assert store.add("p", "tries", {"wrong": 2, "今天": 5}) == {"wrong": 3, "今天": 5}
    assert store.add("p", "tries", {"wrong": -1}) == {"wrong": 2, "今天": 5}
    assert store.get("p", "tries") == Record("p", "tries", {"wrong": 2, "今天": 5}, 3, expires_at=soon(clock))
    assert store.add("p", "tries", {"wrong": 1}, expires_at=soon(clock, 90)) == {"wrong": 3, "今天": 5}
    got = store.get("p", "tries")
    assert got is not None and got.expires_at == soon(clock, 90)
    with pytest.raises(ValueError, match="nothing"):
        store.add("p", "tries", {})


def test_add_stops_at_most(store: Store) -> None:
    with pytest.raises(Conflict):
        store.add("p", "n", {"a": 3}, at_most={"a": 2})
    assert store.get("p", "n") is None
    assert store.add("p", "n", {"a": 2, "b": 1}, at_most={"a": 2, "c": 0}) == {"a": 2, "b": 1}
    for counts, limits in (({"a": 1}, {"a": 2}), ({"b": 1}, {"a": 1}), ({"b": 1, "c": 4}, {"b": 9, "c": 3})):
        with pytest.raises(Conflict) as refused:
            store.add("p", "n", counts, at_most=limits)
        assert refused.value.keys == [("p", "n")]
    got = store.get("p", "n")
    assert got is not None and (got.body, got.version) == ({"a": 2, "b": 1}, 1)


def test_add_starts_again_over_an_expired_row(store: Store, clock: FixedClock) -> None:
    store.add("p", "n", {"a": 5, "b": 1}, expires_at=soon(clock, 60))
    clock.advance(60)
    with pytest.raises(Conflict):
        store.add("p", "n", {"a": 6}, at_most={"a": 5})
    assert store.add("p", "n", {"a": 5}, at_most={"a": 5}) == {"a": 5}
    assert store.get("p", "n") == Record("p", "n", {"a": 5}, 1)
