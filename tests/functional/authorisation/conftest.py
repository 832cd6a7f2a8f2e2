"""Two enterprises with a case and a loan each, in a store that writes down what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import pytest

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.cases.model import CaseRow
from chalicelib.dialogue.model import Incoming, Session, Turn
from chalicelib.enterprises.consent import NOTICE_VERSION
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.finance.model import LoanRow
from chalicelib.pages import site
from chalicelib.pages.cookies import SESSION
from chalicelib.pages.http import PageRequest, PageResponse
from chalicelib.pages.session import Sessions
from chalicelib.ports import Page, Put, Record, Store, Write
from chalicelib.settings import Settings
from tests.functional.support import MONDAY_10, SETTINGS, Post
from tests.houses import chosen

OURS, THEIRS = "91360323MAXX00015C", "91360323MAXX000312"
CASES = {OURS: "3603232026111600019", THEIRS: "3603232026111600027"}
LOANS = {OURS: "LN-2026-0101", THEIRS: "LN-2026-0102"}
NAMES = {OURS: "溪华示例公司", THEIRS: "邻家示例公司"}
TITLES = {OURS: "不动产转移登记", THEIRS: "食品经营许可"}
BANKS = {OURS: "示例甲银行", THEIRS: "示例乙银行"}


class ReadingStore:
    """``reads`` lists what is asked of it, by kind of partition; asking for rows there are and rows there are not looks
    the same. A way to ask that is not among these methods is none of the port's."""

    meanwhile: tuple[str, Callable[[], object]] | None = None
    """What happens, once, right before a row of this kind of partition is put in a transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads: list[str] = []

    def happened(self) -> bool:
        return self.meanwhile is None

    def get(self, pk: str, sk: str) -> Record | None:
        self.reads.append(f"get {pk.split('#')[0]}")
        return self._store.get(pk, sk)

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Record | None]:
        self.reads += [f"get {pk.split('#')[0]}" for pk, _ in keys] + ["many"]
        return self._store.get_many(keys)

    def query(self, pk: str, **options: Any) -> Page:
        self.reads.append(f"query {pk.split('#')[0]} {options.get('prefix')}")
        return self._store.query(pk, **options)

    def query_index(self, index: Any, pk: str, **options: Any) -> Page:
        self.reads.append(f"index {pk.split('#')[0]}")
        return self._store.query_index(index, pk, **options)

    def put(self, record: Record, **options: Any) -> Record:
        self.reads.append(f"put {record.pk.split('#')[0]}")
        return self._store.put(record, **options)

    def delete(self, pk: str, sk: str, **options: Any) -> None:
        self.reads.append(f"delete {pk.split('#')[0]}")
        self._store.delete(pk, sk, **options)

    def add(self, pk: str, sk: str, counts: Mapping[str, int], **options: Any) -> dict[str, int]:
        self.reads.append(f"add {pk.split('#')[0]}")
        return self._store.add(pk, sk, counts, **options)

    def transact(self, writes: Sequence[Write]) -> None:
        self.reads.append(f"transact {len(writes)}")
        if self.meanwhile and any(
            isinstance(w, Put) and w.record.pk.split("#")[0] == self.meanwhile[0] for w in writes
        ):
            (_, happens), self.meanwhile = self.meanwhile, None
            happens()
        self._store.transact(writes)


class County:
    """``say`` runs one action of the conversation, ``open`` one page, both as this person."""

    def __init__(self) -> None:
        house = chosen.current().house(MONDAY_10)
        self.store = ReadingStore(house.store)
        self.app = Application(
            Settings(**{**SETTINGS, **house.settings}),  # type: ignore[arg-type]
            clock=house.clock,
            store=cast(Store, self.store),
            queue=house.queue,
            blobs=house.blobs,
            messenger=Post(),
        )
        bootstrap.install(self.app)
        self.now = house.clock.now()
        for uscc in (OURS, THEIRS):
            self._furnish(uscc)

    def _furnish(self, uscc: str) -> None:
        self.app.enterprises.save(Enterprise(uscc=uscc, name=NAMES[uscc], reg_status="存续", prov=("R",)), self.now)
        case: dict[str, Any] = {
            "no": CASES[uscc],
            "uscc": uscc,
            "title": TITLES[uscc],
            "dept": "县政务服务中心",
            "prov": "R",
        }
        case["events"] = [{"id": "e1", "kind": "RECEIVED", "at": "2026-11-16 10:12"}]
        case["promised"] = {"n": 5, "unit": "wd"}
        self.app.cases.save_row(CaseRow.model_validate(case), self.now)
        loan: dict[str, Any] = {"id": LOANS[uscc], "uscc": uscc, "bank": BANKS[uscc], "product": "科贷通", "prov": "R"}
        loan["events"] = [
            {"id": "e1", "state": "ACCEPTED", "at": "2026-11-01 10:00", "amount": 100_000_000, "source": "银行"}
        ]
        self.app.loans.save_row(LoanRow.model_validate(loan), self.now)

    def bind(self, openid: str, role: Role, uscc: str = OURS) -> None:
        code = self.app.bindings.issue_code(uscc, role, "op", self.now).code
        self.app.followers.follow(openid, self.now)
        self.app.bindings.redeem(openid, code, self.now)
        self.app.consents.grant(openid, Scope, NOTICE_VERSION, "chat", self.now)

    def say(self, openid: str, action: str, **args: str) -> str:
        turn = Turn(Incoming(openid, self.now, "text"), Session())
        return self.app.dialogue.router.run(turn, action, args).text

    def open(self, openid: str, page: str, key: str = "", **query: str) -> PageResponse:
        cookie = Sessions(SETTINGS["session_secret"]).cookie(openid, self.now)  # type: ignore[arg-type]
        request = PageRequest(page=page, key=key, now=self.now, query=query, cookies={SESSION: cookie})
        return site.answer(request, self.app)

    def post(self, openid: str, page: str, key: str, form: dict[str, str]) -> PageResponse:
        """Sends a form; ``token`` is put in where the page did not give one: the right, not the token, is asked for."""
        sessions = Sessions(SETTINGS["session_secret"])  # type: ignore[arg-type]
        cookie = sessions.cookie(openid, self.now)
        session = sessions.read(cookie, self.now)
        assert session is not None
        sent = {"token": session.form_token, "uscc": OURS, **form}
        request = PageRequest(page, self.now, key, "POST", cookies={SESSION: cookie}, form=sent)
        return site.answer(request, self.app)


@pytest.fixture
def county() -> Iterator[County]:
    yield County()
    bootstrap.install(None)
