"""Handing in: one draft case a draft, found by its owner and an operator, with what was confirmed kept beside it."""

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO

import pytest
from docx import Document
from pypdf import PdfReader

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryBlobs, MemoryStore
from chalicelib.cases.model import CaseState, lookup_key
from chalicelib.cases.numbers import find_case_no
from chalicelib.cases.service import CaseService
from chalicelib.errors import Refusal
from chalicelib.forms.documents.context import Sheet
from chalicelib.forms.documents.kept import DocumentAltered, DocumentGone, Documents, Printer, over
from chalicelib.forms.problems import SubmissionRefused
from chalicelib.forms.submission import SubmissionService
from chalicelib.ports import Record
from tests.unit.cases.samples import CALENDAR
from tests.unit.forms.sample_forms import COMPILED, NOW, VALUES, draft


@dataclass
class Room:
    store: MemoryStore
    blobs: MemoryBlobs
    clock: FixedClock
    cases: CaseService
    service: SubmissionService


def room(printer: Printer | None = None) -> Room:
    clock = FixedClock(NOW)
    store, blobs = MemoryStore(clock), MemoryBlobs()
    cases = CaseService(store, CALENDAR)
    documents = Documents(lambda: blobs, "secret", "https://x.example", lambda: printer)
    return Room(store, blobs, clock, cases, SubmissionService(store, cases, documents, dict))


def test_a_draft_opens_one_case_however_often_it_is_handed_in() -> None:
    here = room()
    first = here.service.submit(draft(), COMPILED, NOW)
    assert [here.service.submit(draft(), COMPILED, NOW) for _ in range(2)] == [first, first]
    assert find_case_no(first) == first and first == "3603232026112390001"
    assert [case.no for case in here.cases.of_enterprise(draft().uscc)] == [first]
    assert here.service.submit(draft(id="D-ANOTHER"), COMPILED, NOW) == "3603232026112390002"


def test_the_case_begins_as_a_draft_with_the_fingerprint_of_what_was_confirmed() -> None:
    here = room()
    case = here.cases.get(here.service.submit(draft(), COMPILED, NOW))
    assert case is not None
    assert here.cases.live(case, NOW).state is CaseState.DRAFT
    (event,) = case.events
    kept = here.service.of_draft(draft().id)
    assert kept is not None and kept.fingerprint in event.note and draft().id in event.note
    data = here.blobs.get(f"{kept.name}.json")
    assert data is not None and sha256(data).hexdigest() == kept.fingerprint
    texts = {line.field: line.text for line in Sheet.model_validate_json(data).lines()}
    assert texts["phone"] == VALUES["phone"]


def test_the_case_tells_no_name_and_no_phone_and_is_found_by_number_and_digits() -> None:
    here = room()
    no = here.service.submit(draft(uscc=""), COMPILED, NOW)
    case = here.cases.get(no)
    assert case is not None and case.head.uscc is None
    assert not any(VALUES[name] in case.model_dump_json() for name in ("phone", "agent_id", "company_name"))
    assert here.cases.lookup("o1", no, "5678", NOW).no == no
    assert here.store.get(f"caselookup#{lookup_key(no, '0000')}", "row") is None


def test_a_form_that_stops_is_not_handed_in_and_nothing_is_written() -> None:
    here = room()
    with pytest.raises(SubmissionRefused, match="第 5 项"):
        here.service.submit(draft({**VALUES, "price": "900000"}), COMPILED, NOW)
    assert here.blobs.list("documents/") == [] and here.service.of_draft(draft().id) is None


def test_a_number_that_an_office_took_is_never_written_over() -> None:
    here = room()
    no = "3603232026112390001"
    here.store.put(Record(f"case#{no}", "row", {"theirs": True}))
    assert here.service.submit(draft(), COMPILED, NOW) == "3603232026112390002"
    row = here.store.get(f"case#{no}", "row")
    assert row is not None and row.body == {"theirs": True}


def test_a_day_has_an_end_of_numbers() -> None:
    here = room()
    here.store.add("formserial#2026-11-23", "row", {"last": 9999})
    with pytest.raises(SubmissionRefused, match="明天"):
        here.service.submit(draft(), COMPILED, NOW)


def test_both_documents_say_what_was_confirmed_and_are_kept() -> None:
    here = room()
    here.service.submit(draft(), COMPILED, NOW)
    word = here.service.document(draft().id, "docx")
    cells = [cell.text for table in Document(BytesIO(word)).tables for row in table.rows for cell in row.cells]
    paper = here.service.document(draft().id, "pdf")
    page = PdfReader(BytesIO(paper)).pages[0].extract_text()
    for value in ("芦溪溪华电瓷有限公司", "80 万元", "360323199001010010"):
        assert value in cells and value in page
    assert here.service.document(draft().id, "docx") == word
    assert len(here.blobs.list("documents/2026-11-23/")) == 3


def test_names_of_documents_cannot_be_guessed() -> None:
    here, other = room(), room()
    here.service.submit(draft(), COMPILED, NOW)
    other.service.submit(draft({**VALUES, "remark": "上午来"}), COMPILED, NOW)
    mine, theirs = here.service.of_draft("D7Q2K9"), other.service.of_draft("D7Q2K9")
    assert mine is not None and theirs is not None and mine.name != theirs.name
    assert len(mine.name.rpartition("/")[2]) == 32 and "d7q2k9" not in mine.name.lower()


def test_what_was_altered_in_the_store_is_not_printed() -> None:
    here = room()
    here.service.submit(draft(), COMPILED, NOW)
    (name,) = here.blobs.list("documents/")
    data = here.blobs.get(name) or b""
    here.blobs.put(name, data.replace("80 万元".encode(), "90 万元".encode()))
    with pytest.raises(DocumentAltered):
        here.service.document(draft().id, "pdf")


def test_a_printer_is_used_where_there_is_one_and_done_without_where_it_fails() -> None:
    class Working:
        def pdf(self, docx: bytes) -> bytes:
            return b"%PDF printed " + docx[:2]

    class Broken:
        def pdf(self, docx: bytes) -> bytes:
            raise Refusal("纸没了")

    for printer, begin in ((Working(), b"%PDF printed PK"), (Broken(), b"%PDF-1.4")):
        here = room(printer)
        here.service.submit(draft(), COMPILED, NOW)
        assert here.service.document(draft().id, "pdf").startswith(begin)


def test_thirty_days_after_it_was_handed_in_a_document_goes() -> None:
    here = room()
    here.service.submit(draft(), COMPILED, NOW)
    names = here.blobs.list("documents/")
    assert list(over(here.blobs, date(2026, 12, 23))) == []
    assert list(over(here.blobs, date(2026, 12, 24))) == names
    here.clock.advance(timedelta(days=30))
    with pytest.raises(DocumentGone):
        here.service.document(draft().id, "docx")


def test_forgetting_removes_every_file_and_leaves_the_case() -> None:
    here = room()
    no = here.service.submit(draft(), COMPILED, NOW)
    here.service.document(draft().id, "docx")
    here.service.forget(draft().id)
    here.service.forget(draft().id)
    assert here.blobs.list("documents/") == [] and here.cases.get(no) is not None
    with pytest.raises(DocumentGone):
        here.service.document(draft().id, "docx")
