"""The Blobs port on a folder."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from chalicelib.adapters import names

_HALF = ".half-"


class FileBlobs:
    """A file is written beside its place, synced and renamed, so readers and a power cut never see half of it."""

    def __init__(self, directory: str | Path) -> None:
        self._directory = Path(directory)

    def put(self, name: str, data: bytes) -> None:
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=_HALF, delete=False) as half:
            try:
                half.write(data)
                half.flush()
                os.fsync(half.fileno())
                Path(half.name).replace(path)
            except BaseException:
                Path(half.name).unlink(missing_ok=True)
                raise
        _sync_folder(path.parent)

    def get(self, name: str) -> bytes | None:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def list(self, prefix: str) -> list[str]:
        found = (path for path in self._directory.rglob("*") if path.is_file() and not path.name.startswith(_HALF))
        every = (path.relative_to(self._directory).as_posix() for path in found)
        return sorted(name for name in every if name.startswith(prefix))

    def delete(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._directory / names.checked(name)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
