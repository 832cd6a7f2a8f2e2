"""The guides' index as a published file (索引文件): made by ``guide index``, found by what it was made from.

Its name is the hash of the documents in it, so a file can be missing but never out of date: content that was loaded
after it, or a phrasing confirmed since, is simply another name, and the words' index is built in memory until then.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from hashlib import sha256
from io import BytesIO
from typing import Any

from chalicelib.guidance import documents, indexfile
from chalicelib.guidance.search import Document, Progress, Ranks, SearchIndex
from chalicelib.ports import Embedder

Bytes = Callable[[str], memoryview | None]
"""Reads a file by name, mapped where that is possible; None when there is none."""


def name_of(known: Sequence[Document]) -> str:
    digest = sha256(repr([(one.id, one.title, one.body, one.phrasings, one.prior) for one in known]).encode())
    return f"catalogue/guide-{digest.hexdigest()[:32]}.idx"


def encode(known: Sequence[Document], embedder: Embedder | None, told: Progress | None = None) -> bytes:
    """The file; with vectors when there is an embedder and not too much text for it.

    ``told`` is called with (texts read, texts in all) now and then.
    """
    out = BytesIO()
    words = SearchIndex.build(known, documents.EMPHASIS, told)
    indexfile.write(out, words, name_of(known), _vectors(known, embedder) if embedder else None)
    return out.getvalue()


def opened(known: Sequence[Document], read: Bytes, embedder: Callable[[], Embedder | None]) -> Ranks:
    """The published index of these documents, or one of words alone, built now.

    ``embedder`` is called only when the file holds vectors; where it gives None, words must do.
    """
    data = read(name_of(known))
    if data is None:
        return SearchIndex.build(known, documents.EMPHASIS)
    try:
        found = indexfile.read(data)
    except indexfile.BadIndexFile:
        return SearchIndex.build(known, documents.EMPHASIS)
    model = embedder() if "meaning.vectors" in found.columns else None
    if model is None or not len(found.index):
        return found.index
    from chalicelib.guidance.fusion import FusedIndex, Meanings

    columns = found.columns
    width, weight = model.dimensions, columns["meaning.weight"][0]
    meanings = Meanings.of_columns(columns["meaning.vectors"], columns["meaning.starts"], width, weight)
    return FusedIndex(found.index, meanings, model)


def _vectors(known: Sequence[Document], embedder: Embedder) -> dict[str, array[Any]]:
    from chalicelib.guidance.fusion import Meanings, TooMuchText

    try:
        meanings = Meanings.of(known, embedder)
    except TooMuchText:
        return {}
    return {
        "meaning.vectors": array("f", meanings.vectors.tobytes()),
        "meaning.starts": array("q", meanings.starts.astype("<i8").tobytes()),
        "meaning.weight": array("d", [meanings.weight]),
    }
