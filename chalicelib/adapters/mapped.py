"""A file of Blobs mapped into memory: copied once to the machine's temporary folder, then shared by its processes."""

from __future__ import annotations

import mmap
import os
import tempfile
from hashlib import sha256
from pathlib import Path

from chalicelib.ports import Blobs


def mapped(blobs: Blobs, name: str, folder: Path | None = None) -> memoryview | None:
    """The file, read-only; None when there is none. ``name`` must change with its content.

    ``folder``: where copies are kept, the user's own under the temporary folder by default. Where nothing can be
    written the bytes are held in memory instead.
    """
    kept = (folder or Path(tempfile.gettempdir()) / f"xixinban-{os.getuid()}") / sha256(name.encode()).hexdigest()
    if not kept.exists():
        data = blobs.get(name)
        if data is None:
            return None
        try:
            _write(kept, data)
        except OSError:
            return memoryview(data)
    with kept.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _write(path: Path, data: bytes) -> None:
    """Beside its place, then renamed: another process never maps half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}")
    half.write_bytes(data)
    half.replace(path)
