"""The PDF of a sheet, drawn directly: for where there is no LibreOffice to print the Word file (Lambda)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from chalicelib.errors import Refusal
from chalicelib.forms.documents.code import Code
from chalicelib.forms.documents.context import Line, Sheet
from chalicelib.forms.documents.pdf_file import A4, Page, width, without_glyph, written

_LEFT, _RIGHT, _TOP, _BOTTOM = 60.0, A4[0] - 60.0, A4[1] - 60.0, 76.0
_COLUMNS = (_LEFT, _LEFT + 34, _LEFT + 160, _RIGHT)
_PAD, _BODY, _SMALL, _LEAD = 4.0, 10.5, 8.0, 16.0
_CODE = 74.0
_NOT_FIRST = "，。、；：？！）】》”’"
"""Never at the head of a line (GB/T 15834-2011 §5.1); they hang over the edge instead."""


class GlyphMissing(Refusal):
    """The typeface lacks a character that somebody entered: better no PDF than one with a hole in a name."""


def pdf(sheet: Sheet, code: Code) -> bytes:
    """The document. Raises GlyphMissing."""
    every = [sheet.title, sheet.dept, *sheet.materials, *(f"{line.name}{line.text}" for line in sheet.lines())]
    if lacking := without_glyph("".join(every)):
        raise GlyphMissing(f"“{lacking}”是生僻字，PDF 字库里没有，请下载 Word 版打印。")
    paper = _Paper()
    _head(paper, sheet, code)
    for section in sheet.sections:
        paper.heading(section.title)
        for line in section.lines:
            paper.row(line)
        paper.rule()
    _rest(paper, sheet)
    _foot(paper.pages, sheet, code)
    about = {"Title": sheet.title, "Author": "溪小办", "Subject": "；".join(sheet.marks), "Keywords": sheet.draft}
    return written(paper.pages, about)


def _head(paper: _Paper, sheet: Sheet, code: Code) -> None:
    _draw_code(paper.page, code)
    if sheet.sample:
        paper.words(f"【{sheet.marks[0]}】")
    paper.words(sheet.title, size=18, right=_RIGHT - _CODE)
    if sheet.dept:
        paper.words(f"受理部门：{sheet.dept}", right=_RIGHT - _CODE)
    paper.words(f"填表日期：{sheet.day}", right=_RIGHT - _CODE)
    paper.words(f"草稿编号：{sheet.draft}", right=_RIGHT - _CODE)


def _rest(paper: _Paper, sheet: Sheet) -> None:
    if sheet.materials:
        paper.heading("到窗口还要带")
        for each in sheet.materials:
            paper.words(f"□ {each}")
    paper.down(_LEAD)
    paper.words("申请人（签名或盖章）：                              年    月    日")


def _foot(pages: list[Page], sheet: Sheet, code: Code) -> None:
    for number, page in enumerate(pages, 1):
        page.text(_LEFT, 52, _SMALL, f"核对码 {code.check}  第 {number} 页，共 {len(pages)} 页")
        for place, mark in enumerate(sheet.marks):
            page.text(_LEFT, 40 - 12 * place, _SMALL, mark)


def _draw_code(page: Page, code: Code) -> None:
    rows = code.matrix()
    module = _CODE / len(rows)
    for down, row in enumerate(rows):
        for across, dark in enumerate(row):
            if dark:
                page.box(_RIGHT - _CODE + across * module, _TOP + 20 - (down + 1) * module, module, module)


class _Paper:
    """Goes down the page, and on to the next one."""

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.next_page()

    @property
    def page(self) -> Page:
        return self.pages[-1]

    def next_page(self) -> None:
        self.pages.append(Page())
        self.y = _TOP

    def down(self, points: float) -> bool:
        """Whether that led to a new page."""
        self.y -= points
        if self.y >= _BOTTOM:
            return False
        self.next_page()
        return True

    def words(self, text: str, size: float = _BODY, right: float = _RIGHT) -> None:
        for part in _wrapped(text, right - _LEFT, size):
            self.down(size * 1.5)
            self.page.text(_LEFT, self.y, size, part)

    def heading(self, title: str) -> None:
        if self.y < _BOTTOM + 4 * _LEAD:
            self.next_page()
        self.y -= 8
        self.words(title or "填写内容", size=12)
        self.y -= 6

    def row(self, line: Line) -> None:
        """One field, split over pages where it is longer than one."""
        self.rule()
        cells = (str(line.number), line.name, line.text)
        parts = [
            _wrapped(cell, _COLUMNS[place + 1] - _COLUMNS[place] - 2 * _PAD, _BODY) for place, cell in enumerate(cells)
        ]
        for texts in zip_longest(*parts, fillvalue=""):
            if self.y - _LEAD < _BOTTOM:
                self.rule()
                self.next_page()
                self.rule()
            self.y -= _LEAD
            for left, text in zip(_COLUMNS, texts, strict=False):
                if text:
                    self.page.text(left + _PAD, self.y + 4.5, _BODY, text)
            for edge in _COLUMNS:
                self.page.line(edge, self.y, edge, self.y + _LEAD)

    def rule(self) -> None:
        self.page.line(_LEFT, self.y, _RIGHT, self.y)


def _wrapped(text: str, wide: float, size: float) -> Iterator[str]:
    """Lines not wider than ``wide``; at least one. No character is left out or put in."""
    line, used = "", 0.0
    for each in text:
        step = width(each, size)
        if line and used + step > wide and each not in _NOT_FIRST:
            yield line
            line, used = "", 0.0
        line, used = line + each, used + step
    yield line
