"""PDF drawn directly: the text that a reader takes out again is what was confirmed."""

import re
from io import BytesIO

import pytest
from pypdf import PdfReader

from chalicelib.forms.documents.code import code
from chalicelib.forms.documents.context import Sheet, printable, sheet
from chalicelib.forms.documents.pdf import GlyphMissing, pdf
from jobs.cli.form_sample import sample_draft
from tests.unit.forms.sample_forms import COMPILED, NOW, ON, VALUES, draft, published

SHEET = sheet(COMPILED, draft(), ON, "芦溪县公证处")


def drawn(made: Sheet) -> bytes:
    return pdf(made, code(made, "secret", "https://x.example"))


def pages(file: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(file), strict=True).pages]


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_the_text_can_be_taken_out_again_field_by_field() -> None:
    (page,) = pages(drawn(SHEET))
    rows = [line.rstrip() for line in page.splitlines()]
    for line in SHEET.lines():
        assert f"{line.number} {line.name} {line.text}".rstrip() in rows
    assert {SHEET.title, "受理部门：芦溪县公证处", "填表日期：2026年11月23日", "□ 委托书", *SHEET.marks} <= set(rows)
    assert "核对码" in page


def test_what_it_is_stands_in_its_properties() -> None:
    about = PdfReader(BytesIO(drawn(SHEET))).metadata
    assert about is not None
    assert (about.title, about.author, about.subject) == (SHEET.title, "溪小办", "；".join(SHEET.marks))


def test_the_same_sheet_makes_the_same_bytes() -> None:
    assert drawn(SHEET) == drawn(SHEET)


@pytest.mark.parametrize(
    "text", ["{{ 7*7 }} {% x %}", ") Tj ET <feff> \\( %%EOF", "a\x00b\u202ec", "Ⅳ级—“电瓷”《甲》①"]
)
def test_hostile_text_is_printed(text: str) -> None:
    made = sheet(COMPILED, draft({**VALUES, "remark": text}), ON)
    assert bare(printable(text)) in bare("".join(pages(drawn(made))))


def test_a_long_text_goes_over_pages_and_loses_nothing() -> None:
    text = "".join(chr(0x4E00 + each % 5000) for each in range(10_000))
    made = sheet(COMPILED, draft({**VALUES, "remark": text}), ON)
    found = pages(drawn(made))
    assert len(found) > 5
    assert all(f"第 {number} 页，共 {len(found)} 页" in page for number, page in enumerate(found, 1))
    assert all(mark in page for page in found for mark in made.marks)
    lines = [line for page in found for line in page.splitlines()]
    first = next(place for place, line in enumerate(lines) if line.startswith("10 备注 "))
    kept = [line for line in lines[first:] if "核对码" not in line and line.strip() not in made.marks]
    assert "".join(kept).removeprefix("10 备注 ").startswith(text)


@pytest.mark.parametrize("name", ["王𬭎", "李𠮷", "한국"])
def test_a_character_without_a_glyph_is_refused_not_left_out(name: str) -> None:
    made = sheet(COMPILED, draft({**VALUES, "remark": name}), ON)
    with pytest.raises(GlyphMissing, match=f"“.*{name[-1]}”.*Word"):
        drawn(made)


def test_rare_characters_of_extension_a_are_printed() -> None:
    made = sheet(COMPILED, draft({**VALUES, "remark": "㐀㙟䶮"}), ON)
    assert "㐀㙟䶮" in "".join(pages(drawn(made)))


def test_every_form_filled_in_by_its_examples_reads_back_field_by_field() -> None:
    for compiled in published().values():
        made = sheet(compiled, sample_draft(compiled, None, NOW), ON)
        found = bare("".join(pages(drawn(made))))
        place = 0
        for line in made.lines():
            place = found.find(bare(f"{line.number}{line.name}{line.text}"), place)
            assert place >= 0, f"{compiled.form.id} {line.field}"
