"""LibreOffice as a printer: a Word file becomes a PDF that looks as in Word, with its typefaces in it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from chalicelib.errors import Refusal

_SECONDS = 60
"""A cold start takes some ten seconds; what takes longer hangs."""


class PrintingFailed(Refusal):
    """LibreOffice did not print it; the text is for an operator."""


class LibreOffice:
    """Each call is a process of its own with a profile of its own: calls do not wait for each other."""

    def __init__(self, program: str) -> None:
        self._program = program

    @classmethod
    def installed(cls) -> LibreOffice | None:
        """The one on this machine, or None."""
        program = shutil.which("soffice") or shutil.which("libreoffice")
        return cls(program) if program else None

    def pdf(self, docx: bytes) -> bytes:
        """Raises PrintingFailed."""
        with TemporaryDirectory(prefix="xixinban-print-") as name:
            folder = Path(name)
            (folder / "form.docx").write_bytes(docx)
            self._print(folder)
            made = folder / "form.pdf"
            if not made.is_file():
                raise PrintingFailed("LibreOffice 没有打印出 PDF，请用 Word 版。")
            return made.read_bytes()

    def _print(self, folder: Path) -> None:
        words = [
            self._program,
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            "pdf",
            "--outdir",
            str(folder),
            str(folder / "form.docx"),
        ]
        try:
            subprocess.run(words, capture_output=True, timeout=_SECONDS, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise PrintingFailed(f"LibreOffice 没有打印出 PDF（{type(error).__name__}），请用 Word 版。") from error
