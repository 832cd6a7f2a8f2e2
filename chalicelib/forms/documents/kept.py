"""Documents as they are kept (文书存档): the confirmed sheet once and for ever, and what was printed from it.

Names are unguessable and belong to one content; all of them go 30 days after the form was handed in (facts §6.4).
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol

from chalicelib.errors import Refusal
from chalicelib.forms.documents.code import Code, code
from chalicelib.forms.documents.context import Sheet
from chalicelib.forms.documents.pdf import pdf
from chalicelib.forms.documents.word import TEMPLATES, docx
from chalicelib.ports import Blobs

Kind = Literal["docx", "pdf"]

KEPT_DAYS = 30
_FOLDER = "documents/"
_SHEET = ".json"


class DocumentGone(Refusal):
    """It was removed when its time was over."""


class DocumentAltered(Refusal):
    """What is kept is not what was confirmed: nothing is printed from it."""


class Printer(Protocol):
    """Makes a PDF that looks as the Word file does (``adapters.libreoffice``). Raises Refusal where it cannot."""

    def pdf(self, docx: bytes) -> bytes: ...


class Documents:
    """Keeps sheets and prints them, each kind when it is first asked for."""

    def __init__(
        self,
        blobs: Callable[[], Blobs],
        secret: str,
        public_url: str,
        printer: Callable[[], Printer | None] = lambda: None,
        former: Sequence[str] = (),
    ) -> None:
        self._blobs, self._secret, self._public_url, self._printer = blobs, secret, public_url, printer
        self._former = former

    def keep(self, sheet: Sheet) -> str:
        """The name it is kept under; the same sheet twice is kept once."""
        digest = hmac.digest(self._secret.encode(), f"document\n{sheet.fingerprint()}".encode(), "sha256")
        name = f"{_FOLDER}{sheet.on}/{base64.b32encode(digest[:20]).decode().lower()}"
        self._blobs().put(name + _SHEET, sheet.data())
        return name

    def sheet(self, name: str, fingerprint: str) -> Sheet:
        """What was confirmed. Raises DocumentGone, and DocumentAltered where it does not bear this fingerprint."""
        data = self._blobs().get(name + _SHEET)
        if data is None:
            raise DocumentGone(f"文书保存 {KEPT_DAYS} 天，已经删除。要用请重新填一份。")
        if not hmac.compare_digest(sha256(data).hexdigest(), fingerprint):
            raise DocumentAltered("存档的表和您确认的不一致，已停止打印。请拨 12345，工作人员会核对。")
        return Sheet.model_validate_json(data)

    def printed(self, name: str, fingerprint: str, kind: Kind, template: str = "") -> bytes:
        """The document, made when first asked for. Raises as ``sheet`` does, TemplateWrong and GlyphMissing."""
        content, blobs, place = self.sheet(name, fingerprint), self._blobs(), f"{name}.{kind}"
        made = blobs.get(place)
        if made is None:
            made = self.print(content, kind, template)
            blobs.put(place, made)
        return made

    def print(self, sheet: Sheet, kind: Kind, template: str = "", folder: Path = TEMPLATES) -> bytes:
        """The document of a sheet that need not be kept (``form try``)."""
        if kind == "pdf" and self._printer() is None:
            return pdf(sheet, self.code(sheet))
        word = docx(sheet, self.code(sheet), template, folder)
        return word if kind == "docx" else self._as_pdf(sheet, word)

    def _as_pdf(self, sheet: Sheet, word: bytes) -> bytes:
        """By the printer; drawn where it fails."""
        printer = self._printer()
        if printer is not None:
            with suppress(Refusal):
                return printer.pdf(word)
        return pdf(sheet, self.code(sheet))

    def code(self, sheet: Sheet) -> Code:
        return code(sheet, self._secret, self._public_url)

    def former_codes(self, sheet: Sheet) -> list[Code]:
        """What it bears if it was printed before the secret was changed (轮换)."""
        return [code(sheet, secret, self._public_url) for secret in self._former]

    def remove(self, name: str) -> None:
        for ending in (_SHEET, ".docx", ".pdf"):
            self._blobs().delete(name + ending)


def over(blobs: Blobs, today: date) -> Iterator[str]:
    """Files whose time is over."""
    last = (today - timedelta(days=KEPT_DAYS)).isoformat()
    yield from (name for name in blobs.list(_FOLDER) if name.split("/")[1] < last)
