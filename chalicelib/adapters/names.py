"""Names of blobs: slash-separated words that are safe as file paths and as object keys."""

from __future__ import annotations

import re

MAX_NAME_BYTES = 512
_WORD = re.compile(r"[^\W_][\w.\-]*")


def checked(name: str) -> str:
    """The name itself. Raises ValueError for a path escape, an absolute path, a hidden or an odd name."""
    if len(name.encode()) > MAX_NAME_BYTES or not all(_WORD.fullmatch(word) for word in name.split("/")):
        raise ValueError(f"not a blob name: {name[:80]!r}")
    return name
