"""Word: what a template gives, read back from its XML; entered text is text whatever it looks like."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.forms.documents.code import code
from chalicelib.forms.documents.context import Line, Section, Sheet, printable, sheet
from chalicelib.forms.documents.word import TEMPLATES, TemplateWrong, docx, left_out
from jobs.cli.form_sample import sample_draft
from jobs.cli.word_templates import generic, starter
from tests.unit.forms.sample_forms import COMPILED, NOW, ON, VALUES, draft, published

SHEET = sheet(COMPILED, draft(), ON, "芦溪县公证处")
CODE = code(SHEET, "secret", "https://x.example")
HOSTILE = (
    "{{ 7*7 }}",
    "{% for x in y %}",
    "{_{ f.uscc }_} {_% raw %_}",
    "</w:t></w:r><w:p/>&amp;&#65;<!--",
    "]]>'\"\\n\\t{#x#}",
    "r{{r f}}{%tr%}{%p x %}",
)


def printed_lines(file: bytes) -> list[tuple[str, ...]]:
    """Rows of the tables of fields, without the head of each."""
    rows = [row for table in Document(BytesIO(file)).tables for row in table.rows]
    texts = [tuple(cell.text for cell in row.cells) for row in rows if len(row.cells) == 3]
    return [row for row in texts if row[0] != "序号"]


def expected(made: Sheet) -> list[tuple[str, ...]]:
    return [(str(line.number), line.name, line.text) for line in made.lines()]


def with_remark(text: str) -> Sheet:
    return sheet(COMPILED, draft({**VALUES, "remark": text}), ON, text[:20])


def test_the_document_says_what_was_confirmed_field_by_field() -> None:
    file = docx(SHEET, CODE)
    assert printed_lines(file) == expected(SHEET)
    document = Document(BytesIO(file))
    paragraphs = [each.text for each in document.paragraphs]
    assert {"□ 不动产权证书", "□ 委托书", "【示例数据，不能用于办理】"} <= set(paragraphs)
    footer = document.sections[0].footer.paragraphs[0].text
    assert CODE.check in footer and all(mark in footer for mark in SHEET.marks)
    assert (document.core_properties.title, document.core_properties.identifier) == (SHEET.title, SHEET.draft)
    assert CODE.png() in [ZipFile(BytesIO(file)).read(name) for name in ZipFile(BytesIO(file)).namelist()]


def test_sources_are_not_printed() -> None:
    xml = ZipFile(BytesIO(docx(SHEET, CODE))).read("word/document.xml").decode()
    assert not any(word in xml for word in ("部门共享", "企业档案", "您填写"))


@pytest.mark.parametrize("text", [*HOSTILE, "字" * 10_000, "a\x00b\x1b\u202ec"])
def test_hostile_text_is_printed_and_never_evaluated(text: str) -> None:
    made = with_remark(text)
    assert printed_lines(docx(made, CODE)) == expected(made)
    assert expected(made)[-1][2] == printable(text)


@given(st.text(alphabet=st.sampled_from("{}%#_<>&'\"/ 溪r-.ptr"), min_size=20, max_size=60).map(str.strip))
@settings(max_examples=8, deadline=None)
def test_any_mixture_of_marks_is_printed_as_it_is(text: str) -> None:
    made = with_remark(text)
    assert printed_lines(docx(made, CODE)) == expected(made)


def write(folder: Path, mark: str) -> None:
    """A template that prints every field, and ``mark``."""
    template = Document()
    template.add_paragraph(" ".join(f"{{{{ f.{line.field} }}}}" for line in SHEET.lines()))
    template.add_paragraph(mark)
    template.save(str(folder / "FM-99.docx"))


def test_a_template_that_leaves_out_what_was_confirmed_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "generic.docx").write_bytes(generic())
    template = Document()
    template.add_paragraph("{{ f.company_name }}{{ f.uscc }}{{ f.kind }}{{ f.price }}{{ f.until }}{{ f.agent_id }}")
    template.save(str(tmp_path / "FM-99.docx"))
    assert [line.field for line in left_out(SHEET, tmp_path / "FM-99.docx")] == ["owner_id", "phone", "remark"]
    assert printed_lines(docx(SHEET, CODE, "FM-99.docx", tmp_path)) == expected(SHEET)


def test_a_template_that_names_what_the_form_has_not_is_told_with_the_name(tmp_path: Path) -> None:
    write(tmp_path, "{{ f.nobody }}")
    with pytest.raises(TemplateWrong, match=r"FM-99\.docx.*nobody"):
        docx(SHEET, CODE, "FM-99.docx", tmp_path)


@pytest.mark.parametrize("mark", ["{{ f.__class__.__mro__ }}", "{{ f.phone.__class__ }}", "{% if %}"])
def test_a_template_reaches_nothing_but_the_form(tmp_path: Path, mark: str) -> None:
    write(tmp_path, mark)
    with pytest.raises(TemplateWrong):
        docx(SHEET, CODE, "FM-99.docx", tmp_path)


@pytest.mark.parametrize("name", ["FM-04", "FM-05", "FM-01"])
def test_a_template_prints_its_form_full_and_empty(name: str) -> None:
    """Two with a template of their own, and one by the generic."""
    form = published()[name]
    template = form.form.template
    if (own := TEMPLATES / template).is_file():
        made = sheet(form, sample_draft(form, None, NOW), ON)
        assert left_out(made, own) == ()
    uses = [
        Line(number=form.number(name), field=name, name=form.fields[name].name, text=f"值{name}")
        for name in form.fields
    ]
    full = SHEET.model_copy(update={"sections": (Section(title="全部", lines=tuple(uses)),), "blank": ()})
    text = "\n".join(each for row in _all_text(docx(full, CODE, template)) for each in row)
    assert all(line.text in text for line in uses), form.form.id
    none = SHEET.model_copy(update={"sections": (), "blank": form.form.field_ids()})
    docx(none, CODE, template)


def _all_text(file: bytes) -> list[list[str]]:
    document = Document(BytesIO(file))
    tables = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
    return [[each.text for each in document.paragraphs], *tables]


def test_a_first_template_for_a_form_prints_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "FM-99.docx").write_bytes(starter(COMPILED))
    (tmp_path / "generic.docx").write_bytes(generic())
    rows = printed_lines(docx(SHEET, CODE, "FM-99.docx", tmp_path))
    assert [row for row in rows if row[2]] == [row for row in expected(SHEET) if row[2]]
    assert printed_lines(docx(SHEET, CODE, "no-such.docx", tmp_path)) == expected(SHEET)
