"""The code on a form (二维码 and 核对码): what the counter scans, and what it compares.

The QR holds the address of the draft's page and the check code, no name, no number. The page opens for its owner after
sign-in (facts §6.2); an operator finds the draft by the id in it. The check code is keyed: a sheet that was altered, or
made elsewhere, does not bear the right one.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from io import BytesIO

from chalicelib.forms.documents.context import Sheet

_MODULE_PIXELS = 6
_QUIET_ZONE = 4
"""Modules around the code (ISO/IEC 18004)."""


@dataclass(frozen=True, slots=True)
class Code:
    """``check`` is eight letters and digits in two groups (核对码); ``url`` is what the QR says."""

    check: str
    url: str

    def matrix(self) -> tuple[tuple[bool, ...], ...]:
        """Rows of modules, True is dark, with the quiet zone around."""
        import segno

        made = segno.make(self.url, error="m", micro=False)
        return tuple(tuple(bool(each) for each in row) for row in made.matrix_iter(border=_QUIET_ZONE))

    def png(self) -> bytes:
        import segno

        file = BytesIO()
        segno.make(self.url, error="m", micro=False).save(file, kind="png", scale=_MODULE_PIXELS, border=_QUIET_ZONE)
        return file.getvalue()


def code(sheet: Sheet, secret: str, public_url: str) -> Code:
    """The code of exactly what is printed: another answer makes another check code."""
    printed = "\n".join(f"{line.number} {line.text}" for line in sheet.lines())
    digest = hmac.digest(secret.encode(), f"form\n{sheet.draft}\n{printed}".encode(), "sha256")
    letters = base64.b32encode(digest[:5]).decode()
    return Code(f"{letters[:4]}-{letters[4:]}", f"{public_url}/h5/form/{sheet.draft}?c={letters}")
