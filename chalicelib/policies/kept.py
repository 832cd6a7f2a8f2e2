"""Answers of enterprises to the leaves of policies, kept between runs (索引). For batch code: needs numpy.

A leaf's answer depends on the enterprises' facts and on nothing else, so it lasts as long as they do. Bits lie in one
file a chunk, one row [must, may] a leaf, and are mapped, not read; a new leaf adds a row to each file. The list of
leaves is written last: rows it does not name were left by a run that broke off, and are written over. Rows of leaves
that no policy has any more stay until the folder is removed, which costs nothing but one slower run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from chalicelib.policies.columns import Bits

_FORMAT = 1
"""Another number with another layout or another ``program.CHUNK``: what older code kept is then made anew."""
_ABOUT = "index.json"


class KeptBits:
    """What lies in ``folder``, made for the enterprises that ``source`` names (a digest, or a version); of others,
    nothing is believed. ``keys`` are the leaves kept, in the order of the rows."""

    def __init__(self, folder: Path, source: str) -> None:
        self._folder = folder
        self._source = source
        self.keys: tuple[str, ...] = self._keys()

    def chunk(self, number: int, width: int) -> Bits:
        """[leaf, must or may, byte] of one chunk."""
        shape = (len(self.keys), 2, width)
        return _mapped(self._path(number), shape) if self.keys else np.empty(shape, np.uint8)

    def append(self, number: int, kept: Bits, fresh: Bits) -> Bits:
        """Rows ``kept`` and after them ``fresh``, in the file and as they are now."""
        path = self._path(number)
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.truncate(kept.nbytes)
            file.seek(kept.nbytes)
            file.write(fresh.data)
        return _mapped(path, (len(kept) + len(fresh), 2, fresh.shape[2]))

    def save(self, keys: tuple[str, ...]) -> None:
        """Every chunk now has these rows."""
        if keys == self.keys:
            return
        sizes = {path.name: path.stat().st_size for path in self._folder.glob("*.bits")}
        about = {"format": _FORMAT, "source": self._source, "keys": keys, "sizes": sizes}
        beside = self._folder / f".{_ABOUT}.part"
        beside.write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
        beside.replace(self._folder / _ABOUT)
        self.keys = keys

    def _keys(self) -> tuple[str, ...]:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            about: Any = json.loads((self._folder / _ABOUT).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            about = {}
        if (about.get("format"), about.get("source")) == (_FORMAT, self._source) and self._whole(about["sizes"]):
            return tuple(about["keys"])
        for path in self._folder.glob("*.bits"):
            path.unlink()
        return ()

    def _whole(self, sizes: dict[str, int]) -> bool:
        paths = {self._folder / name: size for name, size in sizes.items()}
        return all(path.exists() and path.stat().st_size >= size for path, size in paths.items())

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:05}.bits"


def _mapped(path: Path, shape: tuple[int, int, int]) -> Bits:
    """A plain array over the file's pages: numpy's own memmap does extra work for every row taken out of it."""
    return np.asarray(np.memmap(path, np.uint8, "r", shape=shape))
