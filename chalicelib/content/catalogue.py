"""The catalogue (目录): every published item, bundle, point, term, policy and form, one version at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.content import snapshots
from chalicelib.content.kinds import CATALOGUE, KINDS, Kind
from chalicelib.ports import Blobs, JsonObject, Record, Store

if TYPE_CHECKING:
    from chalicelib.forms.model import FieldDef, Form
    from chalicelib.guidance.model import Bundle, ServiceItem
    from chalicelib.guidance.terms import Term
    from chalicelib.points.model import ServicePoint
    from chalicelib.policies.model import Policy


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Rows by id. Version 0 is the empty catalogue before anything was loaded."""

    version: int = 0
    items: Mapping[str, ServiceItem] = field(default_factory=dict)
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    points: Mapping[str, ServicePoint] = field(default_factory=dict)
    terms: Mapping[str, Term] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    fields: Mapping[str, FieldDef] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)


class _Rows(Mapping[str, Any]):
    """Rows of one kind in JSON form, made into models when one of them is first asked for: who answers about a guide
    reads no policy. Raises pydantic's ValidationError then."""

    def __init__(self, kind: Kind, bodies: Mapping[str, JsonObject]) -> None:
        self._kind = kind
        self._bodies = bodies

    @cached_property
    def _rows(self) -> dict[str, Any]:
        model = self._kind.model
        return {key: model.model_validate(body) for key, body in self._bodies.items()}

    def __getitem__(self, key: str) -> Any:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._bodies)

    def __len__(self) -> int:
        return len(self._bodies)


def catalogue_of(version: int, bodies: Mapping[str, Mapping[str, JsonObject]]) -> Catalogue:
    """Rows in JSON form → catalogue."""
    return Catalogue(version, **{name: _Rows(KINDS[name], bodies.get(name, {})) for name in CATALOGUE})


class CatalogueReader:
    """``current`` costs one read of the store; the snapshot is read again only when the head has moved.

    ``blobs`` is called when a snapshot is needed for the first time.
    """

    def __init__(self, store: Store, blobs: Callable[[], Blobs]) -> None:
        self._store = store
        self._blobs = blobs
        self._lock = threading.Lock()
        self._held = Catalogue()
        self._pinned = threading.local()

    @contextmanager
    def pinned(self) -> Iterator[None]:
        """Within it this thread sees one version, read once: an answer is not made of two."""
        outer = getattr(self._pinned, "depth", 0)
        self._pinned.depth = outer + 1
        try:
            yield
        finally:
            self._pinned.depth = outer
            if not outer:
                self._pinned.catalogue = self._pinned.ahead = None

    @property
    def key(self) -> tuple[str, str]:
        """The row that tells which version counts, for who reads it together with another."""
        return snapshots.PK, snapshots.HEAD

    def read_ahead(self, head: Record | None) -> None:
        """That row, as it was read just now: what this thread pins next is of this version, and asks for none."""
        self._pinned.ahead = (head,)

    def current(self) -> Catalogue:
        """The published catalogue of this moment. Raises SnapshotMissing."""
        if not getattr(self._pinned, "depth", 0):
            return self._read()
        if getattr(self._pinned, "catalogue", None) is None:
            ahead: tuple[Record | None] | None = getattr(self._pinned, "ahead", None)
            self._pinned.catalogue = self._of(snapshots.published(*ahead)) if ahead else self._read()
        pinned: Catalogue = self._pinned.catalogue
        return pinned

    def _read(self) -> Catalogue:
        return self._of(snapshots.read_head(self._store))

    def _of(self, published: snapshots.Published | None) -> Catalogue:
        version = published.head.version if published else 0
        with self._lock:
            if published is not None and self._held.version != version:
                self._held = catalogue_of(version, snapshots.read_bodies(self._blobs(), published.head))
            return self._held if published else Catalogue()
