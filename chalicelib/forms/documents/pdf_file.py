"""The few parts of a PDF (ISO 32000-1) that a printed form needs: pages with Chinese text, lines and filled boxes.

The typeface is STSong-Light by name and not in the file (ISO 32000-1 §9.7.5.2, predefined CMap UniGB-UCS2-H): whoever
opens it puts in a Song typeface of their own, as GB readers have. docs/adr/0018 says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FACE = "STSong-Light"
A4 = (595.28, 841.89)

_HALF_WIDE = range(0x20, 0x7F)
_EXTENSION_A = range(0x3400, 0x4DB6)


def width(text: str, size: float) -> float:
    """Points: half an em a Latin letter or digit, one em everything else."""
    return size * sum(0.5 if ord(each) in _HALF_WIDE else 1.0 for each in text)


def without_glyph(text: str) -> str:
    """The characters that the typeface does not have (outside GB 18030-2000's two bytes and extension A)."""
    return "".join(dict.fromkeys(each for each in text if not _has_glyph(each)))


def _has_glyph(each: str) -> bool:
    if ord(each) in _HALF_WIDE or ord(each) in _EXTENSION_A:
        return True
    try:
        each.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(slots=True)
class Page:
    """Draws from the lower left corner, in points."""

    ops: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, size: float, text: str) -> None:
        """On the baseline ``y``. The text has to be within the typeface (``without_glyph``)."""
        self.ops.append(f"BT /F1 {size:g} Tf {x:.2f} {y:.2f} Td <{text.encode('utf-16-be').hex()}> Tj ET")

    def line(self, x: float, y: float, to_x: float, to_y: float) -> None:
        self.ops.append(f"{x:.2f} {y:.2f} m {to_x:.2f} {to_y:.2f} l S")

    def box(self, x: float, y: float, wide: float, high: float) -> None:
        self.ops.append(f"{x:.2f} {y:.2f} {wide:.2f} {high:.2f} re f")


def written(pages: list[Page], about: dict[str, str]) -> bytes:
    """The file: the same pages make the same bytes. ``about`` are entries of the information dictionary."""
    first = 6
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (zh-CN) >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        "<< {} >>".format(" ".join(f"/{name} {_text_string(text)}" for name, text in about.items())).encode(),
        f"<< /Type /Font /Subtype /Type0 /BaseFont /{FACE} /Encoding /UniGB-UCS2-H"
        " /DescendantFonts [5 0 R] >>".encode(),
        f"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /{FACE} /DW 1000 /W [1 95 500]"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >>"
        f" /FontDescriptor << /Type /FontDescriptor /FontName /{FACE} /Flags 6 /FontBBox [-25 -254 1000 880]"
        " /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >> >>".encode(),
    ]
    for number, page in enumerate(pages):
        objects += _page(page, first + 2 * number + 1)
    return _file(objects)


def _page(page: Page, content: int) -> list[bytes]:
    drawn = "\n".join(["0.5 w", *page.ops]).encode("ascii")
    head = (
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {A4[0]} {A4[1]}] /Contents {content} 0 R"
        " /Resources << /Font << /F1 4 0 R >> >> >>"
    )
    return [head.encode(), b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn)]


def _file(objects: list[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n%\xe4\xb8\xad\xe6\x96\x87\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start, count = len(out), len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % count
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, start)
    return bytes(out)


def _text_string(text: str) -> str:
    """UTF-16 with its mark, as hex: ISO 32000-1 §7.9.2.2."""
    return f"<feff{text.encode('utf-16-be').hex()}>"
