"""How an entry of each kind goes to its capability, and what a partner may not do there.

A partner's entry differs from an operator's file in three things. Its origin need not be stated: the signature is the
check, so what is missing of the provenance columns is filled in. An event once received cannot be changed by sending
it again. And a bank speaks for itself only: for its own loans, and with events of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from chalicelib.cases.model import Case, CaseEvent, CaseHead, CaseRow
from chalicelib.cases.service import CaseService
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.service import EnterpriseService
from chalicelib.finance.life import live as live_loan
from chalicelib.finance.model import Loan, LoanEvent, LoanRow
from chalicelib.finance.service import LoanService
from chalicelib.partners.model import Kind, Partner
from chalicelib.partners.validation import BadEntry, validated
from chalicelib.ports import Conflict, JsonObject, Record, Store
from chalicelib.provenance import Provenanced
from chalicelib.times import local_date

BANK = "银行"
"""``LoanEvent.source`` of what a bank reports."""

_PARTNER = "partner:"
"""Before a partner's id in ``verified_by``."""

Row = TypeVar("Row", bound=Provenanced)


class Register(Protocol):
    """Takes entries of one kind. ``row`` and ``event`` return (id of the register's row, whether anything changed).

    They raise BadEntry, or the capability's Refusal, and have kept nothing then.
    """

    def row(self, given: JsonObject, partner: Partner, now: datetime) -> tuple[str, bool]: ...

    def event(self, given: JsonObject, partner: Partner, now: datetime) -> tuple[str, bool]: ...

    def aside(self, key: str, now: datetime) -> Mapping[str, str]:
        """Events of this row that were kept but not applied: reason by event id."""
        ...


class CaseRegister:
    """A case belongs to the partner that reported it, by its signature and not by what the row says of its origin.
    Another partner may add to what is done on it (办理过程), not change whose it is or what it is."""

    def __init__(self, cases: CaseService) -> None:
        self._cases = cases

    def row(self, given: JsonObject, partner: Partner, now: datetime) -> tuple[str, bool]:
        row = validated(CaseRow, _with_origin(given, partner, now) | {"verified_by": _origin(partner)}, now)

        def fit(row: CaseRow, held: Case) -> CaseRow:
            _check_unchanged(row.events, held.events)
            if held.head.verified_by == row.verified_by or not _of_a_partner(held.head):
                return _keeping_owner(_keeping_date(row, held.head, given), held.head)
            return _adding_to(row, held.head)

        return row.no, self._cases.save_row(row, now, fit)

    def event(self, given: JsonObject, partner: Partner, now: datetime) -> tuple[str, bool]:
        event = validated(CaseEvent, given, now)
        return event.case_no, self._cases.record(event, now)

    def aside(self, key: str, now: datetime) -> Mapping[str, str]:
        case = self._cases.get(key)
        return {one.event.id: one.reason for one in self._cases.live(case, now).aside} if case else {}


class LoanRegister:
    """A bank's loans are its own: whoever files a new loan first owns its id (row ``loanowner#{id}``), so that two
    banks that use one id at the same moment cannot overwrite each other."""

    def __init__(self, store: Store, loans: LoanService) -> None:
        self._store = store
        self._loans = loans

    def row(self, given: JsonObject, partner: Partner, now: datetime) -> tuple[str, bool]:
        row = validated(LoanRow, _with_origin(given, partner, now), now)
        if partner.bank is not None and row.bank != partner.bank:
            raise BadEntry((_title(LoanRow, "bank"), f"贵行只能报送“{partner.bank}”的贷款"))
        _check_speaker(row.events, partner)
        held = self._own(row.id, partner, new=True)
        if held is not None:
            _check_unchanged(row.events, held.events)
            row = _keeping_date(row, held.head, given)
        return row.id, self._loans.save_row(row, now)

    def event(self, given: JsonObject, partner: Partner, now: datetime) -> tuple[str, bool]:
        event = validated(LoanEvent, given, now)
        _check_speaker([event], partner)
        self._own(event.loan_id, partner, new=False)
        return event.loan_id, self._loans.record(event, now)

    def aside(self, key: str, now: datetime) -> Mapping[str, str]:
        loan = self._loans.get(key)
        return {one.event.id: one.reason for one in live_loan(loan).aside} if loan else {}

    def _own(self, loan_id: str, partner: Partner, *, new: bool) -> Loan | None:
        """The loan as held, or None. To a bank, an unknown loan and another bank's are the same: it learns nothing."""
        held = self._loans.get(loan_id)
        if partner.bank is None:
            return held
        owner = held.head.bank if held else self._claimed(loan_id, partner.bank) if new else None
        if owner != partner.bank:
            raise BadEntry(
                (_title(LoanEvent, "loan_id"), f"贵行没有编号为 {loan_id} 的贷款。请核对编号，新贷款先报 rows")
            )
        return held

    def _claimed(self, loan_id: str, bank: str) -> str:
        pk = f"loanowner#{loan_id}"
        try:
            self._store.put(Record(pk, "row", {"bank": bank}), if_absent=True)
        except Conflict:
            record = self._store.get(pk, "row")
            return str(record.body["bank"]) if record else ""
        return bank


class EnterpriseRegister:
    def __init__(self, enterprises: EnterpriseService) -> None:
        self._enterprises = enterprises

    def row(self, given: JsonObject, partner: Partner, now: datetime) -> tuple[str, bool]:
        row = validated(Enterprise, _with_origin(given, partner, now), now)
        held = self._enterprises.get(row.uscc)
        if held is not None:
            row = _keeping_date(row, held, given)
        return row.uscc, self._enterprises.save(row, now)

    def event(self, given: JsonObject, partner: Partner, now: datetime) -> tuple[str, bool]:
        raise BadEntry((None, "企业没有办理过程，请写在 rows 里"))

    def aside(self, key: str, now: datetime) -> Mapping[str, str]:
        return {}


def registers(
    store: Store, cases: CaseService, loans: LoanService, enterprises: EnterpriseService
) -> dict[Kind, Register]:
    return {
        Kind.CASES: CaseRegister(cases),
        Kind.LOANS: LoanRegister(store, loans),
        Kind.ENTERPRISES: EnterpriseRegister(enterprises),
    }


# ---------------------------------------------------------------------------------------------------------------- rules


def _with_origin(given: JsonObject, partner: Partner, now: datetime) -> JsonObject:
    """Provenance columns that the row leaves out. A row that calls itself a sample (R) stays one."""
    origin = {
        "prov": ["F"],
        "source_note": f"{partner.name}报送",
        "verified_at": local_date(now).isoformat(),
        "verified_by": _origin(partner),
    }
    return origin | given


def _origin(partner: Partner) -> str:
    return f"{_PARTNER}{partner.id}"


def _of_a_partner(head: Provenanced) -> bool:
    return (head.verified_by or "").startswith(_PARTNER)


def _keeping_owner(row: CaseRow, held: CaseHead) -> CaseRow:
    """A row that names no enterprise leaves the case with its own; only who reported the case names another."""
    if row.uscc is None:
        return row.model_copy(update={"uscc": held.uscc})
    if held.uscc not in (None, row.uscc) and held.verified_by != row.verified_by:
        raise BadEntry((_title(CaseRow, "uscc"), "和已登记的企业不一致，没有收下。请核对编号；要更正请联系县政数局"))
    return row


def _adding_to(row: CaseRow, held: CaseHead) -> CaseRow:
    """Another partner's case, with this row's events. What else the row says must be what is known."""
    for name in sorted((row.model_fields_set & set(CaseHead.model_fields)) - set(Provenanced.model_fields)):
        if getattr(row, name) != getattr(held, name):
            text = "这个办件由另一单位报送，不能改它的基本信息。只报办理过程请写在 events 里"
            raise BadEntry((_title(CaseRow, name), text))
    known = {name: getattr(held, name) for name in CaseHead.model_fields}
    return row.model_copy(update=known | {"phone_last4": None})


def _keeping_date(row: Row, held: Provenanced, given: JsonObject) -> Row:
    """The day that we filled in is that of the first report: the same row again tomorrow is no change."""
    if "verified_at" in given or held.verified_by != row.verified_by or held.verified_at is None:
        return row
    return row.model_copy(update={"verified_at": held.verified_at})


def _check_unchanged(
    events: Iterable[CaseEvent] | Iterable[LoanEvent], held: Iterable[CaseEvent] | Iterable[LoanEvent]
) -> None:
    known = {event.id: event for event in held}
    for event in events:
        if known.get(event.id, event) != event:
            text = f"事件 {event.id} 已收过而内容不同；请换一个事件编号重报"
            raise BadEntry((_title(CaseRow, "events"), text))


def _check_speaker(events: Iterable[LoanEvent], partner: Partner) -> None:
    """What a bank did is reported by that bank alone, and a bank reports nothing else (facts §5.3)."""
    for event in events:
        if partner.bank is not None and event.source != BANK:
            raise BadEntry((_title(LoanEvent, "source"), f"事件 {event.id}：银行报送的来源只能是“{BANK}”"))
        if partner.bank is None and event.source == BANK:
            raise BadEntry((_title(LoanEvent, "source"), f"事件 {event.id}：来源为“{BANK}”的环节由银行自己报送"))


def _title(model: type[CaseRow] | type[LoanRow] | type[LoanEvent], field: str) -> str:
    return model.model_fields[field].title or field
