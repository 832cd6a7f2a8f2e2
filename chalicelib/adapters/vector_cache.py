"""Passage vectors kept on disk by the hash of their text: embedding 4,000 passages takes ten minutes, reading one."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from chalicelib.ports import Embedder

BATCH = 32
Progress = Callable[[int, int], None]


class CachedEmbedder:
    """``ports.Embedder`` that asks ``inner`` only for passages it has not seen. ``model`` names the vectors' maker.

    Saved batch by batch, so a stopped run goes on where it was. ``progress`` is called with (done, all).
    """

    def __init__(self, inner: Embedder, path: Path, model: str, progress: Progress | None = None) -> None:
        self._inner = inner
        self._path = path
        self._model = model
        self._progress = progress

    @property
    def dimensions(self) -> int:
        return self._inner.dimensions

    def embed_queries(self, texts: Sequence[str]) -> list[list[float]]:
        return self._inner.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path)) as file:
            file.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
            vectors: list[list[float]] = []
            for start in range(0, len(texts), BATCH):
                vectors += self._batch(file, texts[start : start + BATCH])
                if self._progress:
                    self._progress(len(vectors), len(texts))
            return vectors

    def _batch(self, file: sqlite3.Connection, texts: Sequence[str]) -> list[list[float]]:
        keys = [self._key(text) for text in texts]
        known = {key: vector for key in keys if (vector := self._read(file, key)) is not None}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        made = self._inner.embed_passages(list(new.values())) if new else []
        for key, vector in zip(new, made, strict=True):
            known[key] = array("f", vector).tolist()  # as it will be read again: the same on every run
            file.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?)", (key, array("f", vector).tobytes()))
        file.commit()
        return [known[key] for key in keys]

    def _read(self, file: sqlite3.Connection, key: bytes) -> list[float] | None:
        row = file.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        vector = array("f")
        vector.frombytes(row[0])
        return vector.tolist() if len(vector) == self.dimensions else None

    def _key(self, text: str) -> bytes:
        return sha256(f"{self._model}\n{text}".encode()).digest()
