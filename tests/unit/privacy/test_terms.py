"""The table of terms says what the code does."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chalicelib import once
from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.dialogue import inbox
from chalicelib.enterprises import binding, consent, handover, joining
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.consent import ConsentService
from chalicelib.enterprises.joining import JoinService
from chalicelib.enterprises.repository import consent_log_key
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.guidance import questions
from chalicelib.notices import ledger, receipts
from chalicelib.privacy.terms import TERMS, End

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
USCC = "91360323MAXX00015C"
ROOT = Path(__file__).resolve().parents[3]


def term(rows: str) -> timedelta | None:
    return next(one.term for one in TERMS if one.rows == rows)


def test_what_expires_by_itself_expires_as_the_table_says() -> None:
    assert term("inbound#*") == inbox.KEEP
    assert term("person#*/session") == inbox.SESSION_KEEP
    assert term("bindcode#*") == binding.CODE_LIFE
    assert term("bindscene#*") == binding.SCENE_LONGEST
    assert term("*/joining#*") == joining.LIFE
    assert term("*/suspended#*") == handover.SUSPENDED_LIFE
    assert term("notice#*") == ledger.KEEP
    assert term("person#*/notice#*") == ledger.POINTER_KEEP
    assert term("consentlog#*") == consent.HISTORY_KEPT
    assert term("asked#*") == questions.KEEP
    assert term("once#*") == once.REMEMBERED
    assert term("receipt#*") == receipts._KEEP


def test_every_term_has_a_source_and_the_audit_log_no_end() -> None:
    assert all(one.source and one.what for one in TERMS)
    assert len({one.rows for one in TERMS}) == len(TERMS)
    kept = [one for one in TERMS if one.end is End.KEPT]
    assert "audit#*" in [one.rows for one in kept]
    assert all("由县里" in one.source for one in kept if one.rows != "audit#*")
    assert all((one.term is None) == (one.rows == "person#*" or one.end is End.KEPT) for one in TERMS)


def test_the_operators_page_lists_every_term() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for one in TERMS:
        assert re.search(re.escape(one.what), page), one.what


NOBODYS = frozenset(
    "breaker bundle caseaside caselookup caseof commitmentfor concernkey concernroute content contentdraft "
    "decision demandkey digest drop emissionfactors formserial holidays limit loanof loanowner looks monthly night "
    "nights partner partneranswer partnernonce partnerrate phrasings policy project rematch rule runs servicelevel "
    "told unit wechat".split()
)
"""Kinds of rows that hold nobody's name, number, words or openid: keys, counts, content, figures of enterprises."""


def test_every_kind_of_row_has_its_term_or_is_nobodys() -> None:
    """By the table of rows in docs/architecture.md: a new kind must be put in one of the two places."""
    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("## Rows")[1].split("\n## ")[0]
    keys = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ") and "---" not in line][1:]
    kinds = {kind for cell in keys for kind in re.findall(r"`([a-z0-9]+)[#`]", cell)}
    terms = {kind for one in TERMS for kind in re.findall(r"(?:^|, )([a-z0-9]+)#", one.rows)}
    assert len(kinds) > 50
    assert kinds - terms - NOBODYS == set()
    assert not terms & (NOBODYS)


def test_a_history_has_a_term_only_once_the_consent_is_over() -> None:
    clock = FixedClock(NOW)
    store = MemoryStore(clock)
    consents = ConsentService(store)
    consents.grant("o1", [Scope.CASE_ALERT, Scope.LOAN_ALERT], "v1", "chat", clock.now())
    clock.advance(timedelta(days=5000))
    assert len(consents.history("o1")) == 2
    consents.withdraw("o1", [Scope.CASE_ALERT], "page", clock.now())
    clock.advance(consent.HISTORY_KEPT - timedelta(seconds=1))
    assert [event.action for event in consents.history("o1")] == ["granted", "granted", "withdrawn"]
    clock.advance(timedelta(seconds=1))
    assert [(event.scope, event.action) for event in consents.history("o1")] == [(Scope.LOAN_ALERT, "granted")]


def test_a_newer_version_ends_the_older_consent() -> None:
    clock = FixedClock(NOW)
    store = MemoryStore(clock)
    consents = ConsentService(store)
    consents.grant("o1", [Scope.CASE_ALERT], "v1", "chat", clock.now())
    clock.advance(timedelta(days=1))
    consents.grant("o1", [Scope.CASE_ALERT], "v2", "chat", clock.now())
    clock.advance(consent.HISTORY_KEPT)
    assert [event.version for event in consents.history("o1")] == ["v2"]
    assert consents.allows("o1", Scope.CASE_ALERT)


def test_the_rows_that_must_end_carry_their_end() -> None:
    clock = FixedClock(NOW)
    store = MemoryStore(clock)
    bindings = BindingService(store)
    bindings.issue_code(USCC, Role.LEGAL, "op", NOW)
    bindings.issue_scene(USCC, Role.LEGAL, "op", NOW)
    JoinService(store, bindings).ask("o1", USCC, Role.TAX, "张三", NOW)
    assert store._rows
    assert all(record.expires_at for record, _ in store._rows.values())
    assert consent_log_key("o1") not in {record.pk for record, _ in store._rows.values()}
