"""A small, strict XML reader for what the platform pushes: elements and text, nothing else.

Document type declarations, and with them entities (billion laughs, external files), are refused by the parser itself
and not by a search for ``<!DOCTYPE``: a user may well send those characters as text, inside CDATA.
"""

from __future__ import annotations

from typing import Never
from xml.parsers import expat

from chalicelib.wechat.refused import Refused

Node = dict[str, "str | Node | list[str | Node]"]
"""Children by element name; a leaf is its text, exactly as sent; a repeated element is a list."""

MAX_DEPTH = 8
MAX_ELEMENTS = 1000


def parse(document: bytes, root: str = "xml") -> Node:
    """The children of the root element of a UTF-8 document. Raises Refused(400)."""
    builder = _Builder()
    try:
        text = document.decode("utf-8")
        builder.parser.Parse(text, True)
    except UnicodeDecodeError:
        raise Refused(400, "body is not UTF-8") from None
    except expat.ExpatError as error:
        raise Refused(400, f"body is not XML ({expat.ErrorString(error.code)})") from None
    top = builder.top.get(root)
    if not isinstance(top, dict):
        raise Refused(400, f"no <{root}> with elements in it")
    return top


def text_of(node: Node, name: str) -> str | None:
    """The text of a leaf; None when it is absent, repeated or has children."""
    value = node.get(name)
    return value if isinstance(value, str) else None


class _Builder:
    """Collects elements as expat reports them. ``top`` holds the document's root under its name."""

    def __init__(self) -> None:
        self.top: Node = {}
        self._open: list[tuple[str, Node, list[str]]] = [("", self.top, [])]
        self._count = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.CharacterDataHandler = self._text
        self.parser.EndElementHandler = self._end

    def _doctype(self, *_: object) -> Never:
        raise Refused(400, "document type declarations are not accepted")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise Refused(400, "too many or too deep elements")
        self._open.append((name, {}, []))

    def _text(self, data: str) -> None:
        self._open[-1][2].append(data)

    def _end(self, _name: str) -> None:
        name, children, text = self._open.pop()
        value: str | Node = children or "".join(text)
        siblings = self._open[-1][1]
        before = siblings.get(name)
        if before is None:
            siblings[name] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            siblings[name] = [before, value]
