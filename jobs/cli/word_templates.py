"""The Word templates of forms, made from scratch (表单模板): what ``chalicelib/forms/templates`` holds, and a first one
for a form that has none, for an office to go on with in Word.

Marks are those of docxtpl: ``{{ f.field }}`` is a value, ``{%tr … %}`` repeats a row, ``{%p … %}`` a paragraph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import groupby
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Length, Pt

from chalicelib.forms.model import Compiled, FormField

_SERIF, _HEADING = "宋体", "黑体"
_HEAD = ("序号", "项目", "填写内容")
_NUMBERED = (Cm(1.4), Cm(4.6), Cm(10.4))
_TWO_PAIRS = (Cm(3.4), Cm(4.8), Cm(3.4), Cm(4.8))


def generic() -> bytes:
    """For every form: its sections with numbered fields, whatever they are."""
    paper = _paper()
    _title(paper)
    _wanted_sections(paper)
    _rest(paper)
    return _saved(paper)


def starter(compiled: Compiled) -> bytes:
    """For one form: each of its fields by name, in its sections."""
    paper = _paper()
    _title(paper)
    _sections(paper, compiled)
    _rest(paper)
    return _saved(paper)


def power_of_attorney() -> bytes:
    """FM-05 委托书公证: the application, and the letter of attorney itself on a page of its own."""
    paper = _paper()
    _title(paper)
    _wanted_sections(paper)
    _rest(paper)
    paper.add_page_break()
    paper.add_paragraph("委托书", style="Heading 1").alignment = WD_ALIGN_PARAGRAPH.CENTER
    for text in _LETTER:
        letter = paper.add_paragraph(text)
        letter.paragraph_format.first_line_indent, letter.paragraph_format.line_spacing = Pt(22), 1.5
    paper.add_paragraph("委托人（当着公证员的面签名）：").paragraph_format.space_before = Pt(30)
    paper.add_paragraph("　　　　年　　月　　日")
    return _saved(paper)


_LETTER = (
    (
        "委托人：{{ f.company_name or f.principal_name }}，{% if f.uscc %}统一社会信用代码 {{ f.uscc }}，"
        "法定代表人 {{ f.legal_rep }}，住所 {{ f.reg_address }}{% else %}身份证号 {{ f.principal_id }}，"
        "住址 {{ f.principal_address }}{% endif %}，电话 {{ f.contact_phone }}。"
    ),
    "受托人：{{ f.agent_name }}，身份证号 {{ f.agent_id }}，电话 {{ f.agent_phone }}。",
    (
        "委托人因不能亲自办理，现委托上述受托人为代理人，以委托人的名义办理：{{ f.entrust_matter }}"
        "{% if f.entrust_detail %}（{{ f.entrust_detail }}）{% endif %}。"
    ),
    "{%p if f.property_address %}",
    "房屋坐落：{{ f.property_address }}{% if f.property_cert_no %}，不动产权证号 {{ f.property_cert_no }}{% endif %}。",
    "{%p endif %}",
    "{%p if f.agent_powers %}",
    "代理权限：{{ f.agent_powers }}。",
    "{%p endif %}",
    "{%p if f.loan_bank %}",
    "贷款银行：{{ f.loan_bank }}，金额不超过 {{ f.loan_ceiling }}。",
    "{%p endif %}",
    "委托期限：自 {{ f.entrust_from }} 起至 {{ f.entrust_until }} 止。",
    "受托人{{ '有' if f.may_redelegate == '是' else '没有' }}转委托权。",
)


def food_licence(compiled: Compiled) -> bytes:
    """FM-04 食品经营许可: two fields a row, as offices are used to, and the applicant's declaration."""
    paper = _paper()
    _title(paper)
    for section, uses in _by_section(compiled):
        paper.add_paragraph(section, style="Heading 2")
        pairs = [text for use in uses for text in (compiled.fields[use.field].name, f"{{{{ f.{use.field} }}}}")]
        rows = [tuple(pairs[at : at + 4]) for at in range(0, len(pairs), 4)]
        _table(paper, rows, _TWO_PAIRS)
    paper.add_paragraph("申请人声明", style="Heading 2")
    paper.add_paragraph("本申请书所填内容和所交材料真实有效；提供虚假材料的，愿依食品安全法承担责任。")
    _rest(paper)
    return _saved(paper)


def own_templates(forms: Mapping[str, Compiled]) -> dict[str, bytes]:
    """What the folder of templates holds, by file name; forms without one of their own use the generic one."""
    return {
        "generic.docx": generic(),
        "FM-04.docx": food_licence(forms["FM-04"]),
        "FM-05.docx": power_of_attorney(),
    }


# -------------------------------------------------------------------------------------------------------------- parts


def _paper() -> Any:
    """A4, Chinese type, marks on every page."""
    paper = Document()
    page = paper.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.3)
    page.top_margin, page.bottom_margin = Cm(2.2), Cm(2.0)
    for style, face, size in (("Normal", _SERIF, 11), ("Heading 1", _HEADING, 20), ("Heading 2", _HEADING, 12.5)):
        _face(paper.styles[style], face, size)
    footer = page.footer.paragraphs[0]
    footer.text = "核对码 {{ check }} · {{ marks | join(' · ') }}"
    footer.runs[0].font.size = Pt(8)
    return paper


def _face(style: Any, face: str, size: float) -> None:
    style.font.name, style.font.size, style.font.color.rgb = face, Pt(size), None
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), face)


def _title(paper: Any) -> None:
    """Title and particulars on the left, the code to scan on the right."""
    paper.add_paragraph("{%p if sample %}")
    paper.add_paragraph("【示例数据，不能用于办理】").alignment = WD_ALIGN_PARAGRAPH.CENTER
    paper.add_paragraph("{%p endif %}")
    head = paper.add_table(rows=1, cols=2)
    head.autofit = False
    left, right = head.rows[0].cells
    for column, width in zip(head.columns, (Cm(13.2), Cm(3.2)), strict=True):
        column.width = column.cells[0].width = width
    left.paragraphs[0].style, left.paragraphs[0].text = paper.styles["Heading 1"], "{{ title }}"
    for text in ("受理部门：{{ dept }}", "填表日期：{{ date }}", "草稿编号：{{ draft }}"):
        left.add_paragraph(text)
    right.text = "{{ qr }}"


def _by_section(compiled: Compiled) -> list[tuple[str, list[FormField]]]:
    found = groupby(compiled.form.fields, key=lambda use: use.section)
    return [(section or "填写内容", list(uses)) for section, uses in found]


def _wanted_sections(paper: Any) -> None:
    """The wanted fields in their sections, whatever they are."""
    paper.add_paragraph("{%p for section in sections %}")
    paper.add_paragraph("{{ section.title }}", style="Heading 2")
    line = ("{{ line.number }}", "{{ line.name }}", "{{ line.text }}")
    _table(paper, (_HEAD, ("{%tr for line in section.lines %}",), line, ("{%tr endfor %}",)), _NUMBERED, head=True)
    paper.add_paragraph("{%p endfor %}")


def _sections(paper: Any, compiled: Compiled) -> None:
    for section, uses in _by_section(compiled):
        paper.add_paragraph(section, style="Heading 2")
        named = [(use.field, compiled.fields[use.field].name) for use in uses]
        rows = [(str(compiled.number(field)), name, f"{{{{ f.{field} }}}}") for field, name in named]
        _table(paper, (_HEAD, *rows), _NUMBERED, head=True)


def _table(paper: Any, rows: Sequence[Sequence[str]], widths: Sequence[Length], head: bool = False) -> None:
    """``head``: the first row stands at the top of each page that the table goes on to."""
    table = paper.add_table(rows=len(rows), cols=len(widths))
    table.style = "Table Grid"
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, width, text in zip(row.cells, widths, [*texts, "", "", ""], strict=False):
            cell.width, cell.text = width, text
    if head:
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _rest(paper: Any) -> None:
    paper.add_paragraph("{%p if materials %}")
    paper.add_paragraph("到窗口还要带", style="Heading 2")
    paper.add_paragraph("{%p for each in materials %}")
    paper.add_paragraph("□ {{ each }}")
    paper.add_paragraph("{%p endfor %}")
    paper.add_paragraph("{%p endif %}")
    paper.add_paragraph(
        "申请人（签名或盖章）：　　　　　　　　　　　　　　　年　　月　　日"
    ).paragraph_format.space_before = Pt(18)


def _saved(paper: Any) -> bytes:
    out = BytesIO()
    paper.save(out)
    return out.getvalue()
