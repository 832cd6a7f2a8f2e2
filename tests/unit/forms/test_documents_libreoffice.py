"""The documents open in LibreOffice, and it reads in them what was confirmed."""

import os
import re
from io import BytesIO

import pytest
from pypdf import PdfReader

from chalicelib.adapters.libreoffice import LibreOffice, PrintingFailed
from chalicelib.forms.documents.code import code
from chalicelib.forms.documents.context import sheet
from chalicelib.forms.documents.word import docx
from tests.unit.forms.sample_forms import COMPILED, ON, VALUES, draft

OFFICE = LibreOffice.installed()
NEEDED = os.environ.get("XIXINBAN_TEST_NEEDS_OFFICE") == "1"


@pytest.mark.skipif(OFFICE is None and not NEEDED, reason="没有安装 LibreOffice（soffice），没有检验 Word 文件能否打开")
def test_libreoffice_prints_field_by_field_what_was_confirmed() -> None:
    assert OFFICE is not None, "this run needs LibreOffice: apt-get install libreoffice-writer-nogui"
    values = {**VALUES, "remark": "{{ 7*7 }}<w:t>&amp;{_{x}_}" + "长" * 600}
    made = sheet(COMPILED, draft(values), ON, "芦溪县公证处")
    printed = OFFICE.pdf(docx(made, code(made, "secret", "https://x.example")))
    text = _bare("".join(page.extract_text() for page in PdfReader(BytesIO(printed)).pages))
    for line in made.lines():
        assert _bare(f"{line.number}{line.name}{line.text[:40]}") in text
    assert text.count("长") == 600
    assert all(_bare(mark) in text for mark in made.marks)


def test_an_office_that_does_not_start_is_said() -> None:
    with pytest.raises(PrintingFailed, match="Word"):
        LibreOffice("/no/such/program").pdf(b"")


def test_an_office_that_makes_nothing_is_said() -> None:
    with pytest.raises(PrintingFailed, match="Word"):
        LibreOffice("true").pdf(b"")


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)
