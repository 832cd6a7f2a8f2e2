"""The sheet (申请表内容): what a form's document says, nothing about how it looks.

It is made once, when the form is handed in, and kept; every document is printed from it. Its fingerprint is written
into the case, so that what a department receives can be held against what was confirmed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from itertools import groupby

from pydantic import ConfigDict

from chalicelib.forms.draft import Draft
from chalicelib.forms.model import Compiled, Source
from chalicelib.forms.review import missing
from chalicelib.forms.values import show
from chalicelib.forms.wanted import wanted
from chalicelib.provenance import SAMPLE_NOTE
from chalicelib.shape import Shape

AUTOMATIC = "本表由溪小办按规则自动填写（自动回复），没有使用生成式人工智能；内容以申请人核对、签名为准。"
"""Nothing here is written by a model, so the label of 《人工智能生成合成内容标识办法》 does not apply (facts §6.6)."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SHOWN_INSTEAD = "□"


class _Part(Shape):
    model_config = ConfigDict(frozen=True)


class Line(_Part):
    """One field: its number in the form, its name, and its value as printed. ``source`` says who filled it in; it is
    kept for who asks later, and not printed."""

    number: int
    field: str
    name: str
    text: str
    source: Source | None = None


class Section(_Part):
    title: str
    lines: tuple[Line, ...]


class Sheet(_Part):
    """``on`` is the day it was handed in (China). ``blank`` are fields of the form that were not wanted: a template
    may name them and prints nothing. ``materials`` are what is still to be brought."""

    draft: str
    form: str
    version: int
    title: str
    dept: str
    on: date
    sections: tuple[Section, ...]
    blank: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    sample: bool = False

    def lines(self) -> Iterator[Line]:
        for section in self.sections:
            yield from section.lines

    @property
    def day(self) -> str:
        return f"{self.on.year}年{self.on.month}月{self.on.day}日"

    @property
    def marks(self) -> tuple[str, ...]:
        """What has to stand on every page: 示例数据 where it is, and how it was made."""
        return (f"{SAMPLE_NOTE}，不能用于办理", AUTOMATIC) if self.sample else (AUTOMATIC,)

    def data(self) -> bytes:
        """The sheet as it is kept; the same bytes for the same content."""
        return self.model_dump_json().encode()

    def fingerprint(self) -> str:
        """核对指纹: the SHA-256 of ``data``, 64 hex digits."""
        return sha256(self.data()).hexdigest()


def sheet(compiled: Compiled, draft: Draft, on: date, dept: str = "") -> Sheet:
    """What the draft says as things stand: the wanted fields with a value or none, in the order of the form."""
    form, asked = compiled.form, wanted(compiled, draft.values())
    by_section = groupby((compiled.uses[name] for name in asked), key=lambda use: use.section)
    return Sheet(
        draft=draft.id,
        form=form.id,
        version=form.version,
        title=form.title,
        dept=dept,
        on=on,
        sections=tuple(
            Section(title=title, lines=tuple(_line(compiled, draft, use.field) for use in uses))
            for title, uses in by_section
        ),
        blank=tuple(name for name in form.field_ids() if name not in asked),
        materials=tuple(each.name for each in missing(compiled, draft)),
        sample=draft.sample or form.is_sample,
    )


def printable(text: str) -> str:
    """The text with everything that cannot be seen (controls, direction marks, unassigned) shown as □: nothing on
    paper may read otherwise than it was entered, and a Word file holds no control characters."""
    return "".join(_SHOWN_INSTEAD if unicodedata.category(each) in _UNSEEN else each for each in text)


def _line(compiled: Compiled, draft: Draft, name: str) -> Line:
    answer, field = draft.answers.get(name), compiled.fields[name]
    return Line(
        number=compiled.number(name),
        field=name,
        name=field.name,
        text=printable(show(field, answer.value)) if answer else "",
        source=answer.source if answer else None,
    )
