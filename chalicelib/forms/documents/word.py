"""Word (DOCX) from a template that an office edits in Word (docxtpl, docs/forms.md).

What a person entered is data: it is put in after the template was read, escaped, and never evaluated. A template can
name only what ``_context`` gives it; what it names else is a mistake that is told with the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

from chalicelib.errors import Refusal
from chalicelib.forms.documents.code import Code
from chalicelib.forms.documents.context import Line, Sheet

TEMPLATES = Path(__file__).parent.parent / "templates"
GENERIC = "generic.docx"
"""For every form without a template of its own: title, sections with their fields, materials, signature, code."""

_TAGS = re.compile(r"<[^>]*>")
_NAMED = re.compile(r"\bf\.([a-z][a-z0-9_]*)")
_CODE_MM = 26
_MADE_BY = "溪小办"


class TemplateWrong(Refusal):
    """A template cannot be printed; the text tells the operator which and why."""


def docx(sheet: Sheet, code: Code, template: str = "", folder: Path = TEMPLATES) -> bytes:
    """The document. ``template`` is the form's file name in ``folder`` (``template_path``). Raises TemplateWrong."""
    from docxtpl import DocxTemplate
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    path = template_path(sheet, template, folder)
    document = DocxTemplate(path)
    try:
        strict = SandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
        document.render(_context(sheet, code, document), strict)
    except TemplateError as error:
        raise TemplateWrong(f"模板 {path.name} 不能用：{_reason(str(error))}。请用 Word 改好再试。") from None
    _describe(document, sheet)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def template_path(sheet: Sheet, template: str, folder: Path = TEMPLATES) -> Path:
    """The form's own file where there is one that prints every field of the sheet, else the generic one: what was
    confirmed reaches the department whole. A name never leads out of the folder."""
    own = folder / (Path(template).name or GENERIC)
    return own if own.is_file() and not left_out(sheet, own) else folder / GENERIC


def left_out(sheet: Sheet, path: Path) -> tuple[Line, ...]:
    """The fields of the sheet that a template does not name; none where it goes through them all by ``line.text``."""
    with ZipFile(path) as parts:
        text = _TAGS.sub("", parts.read("word/document.xml").decode())
    if "line.text" in text:
        return ()
    named = frozenset(_NAMED.findall(text))
    return tuple(line for line in sheet.lines() if line.field not in named)


def _context(sheet: Sheet, code: Code, document: Any) -> dict[str, Any]:
    """``f`` are the values by field, those not wanted empty; ``sections`` the same as numbered lines."""
    from docx.shared import Mm
    from docxtpl import InlineImage

    values = {line.field: _plain(line.text) for line in sheet.lines()}
    return {
        "title": _plain(sheet.title),
        "dept": _plain(sheet.dept),
        "date": sheet.day,
        "draft": sheet.draft,
        "check": code.check,
        "marks": [_plain(mark) for mark in sheet.marks],
        "sample": sheet.sample,
        "materials": [_plain(each) for each in sheet.materials],
        "sections": [_section(section.title, section.lines) for section in sheet.sections],
        "f": SimpleNamespace(**{**dict.fromkeys(sheet.blank, ""), **values}),
        "qr": InlineImage(document, BytesIO(code.png()), width=Mm(_CODE_MM)),
    }


def _section(title: str, lines: Any) -> Mapping[str, Any]:
    shown = [{"number": line.number, "name": _plain(line.name), "text": _plain(line.text)} for line in lines]
    return {"title": _plain(title), "lines": shown}


def _plain(text: str) -> Any:
    """Text as XML that stays text. Braces become references: docxtpl would take ``{_{`` in a value for a mark of its
    own, and change it."""
    from markupsafe import Markup, escape

    return escape(text).replace("{", Markup("&#123;")).replace("}", Markup("&#125;"))


def _describe(document: Any, sheet: Sheet) -> None:
    properties = document.docx.core_properties
    properties.title, properties.author, properties.last_modified_by = sheet.title, _MADE_BY, _MADE_BY
    properties.comments = "；".join(sheet.marks)
    properties.identifier = sheet.draft


def _reason(error: str) -> str:
    """'… has no attribute 'agent'' → 里面写的“agent”这张表没有."""
    parts = error.split("'")
    undefined = "undefined" in error or "no attribute" in error
    return f"里面写的“{parts[-2]}”这张表没有" if undefined and len(parts) > 2 else f"标记写得不对（{error}）"
