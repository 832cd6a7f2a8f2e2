"""分办表: which department answers a concern. Rows are content (``content load routes.yaml``); none is assumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.concerns.model import ConcernRoute
from chalicelib.ports import Put, Record, Store

_LIST = "concernroutes"
"""One list: a county has some dozen topics."""


class RouteService:
    """Rows ``concernroute#{topic}``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, topic: str) -> ConcernRoute | None:
        row = self._store.get(_key(topic), "row")
        return ConcernRoute.model_validate(row.body) if row else None

    def save_row(self, route: ConcernRoute) -> bool:
        """Enter or change a row; True when that changed anything. Raises Conflict when somebody is doing it too."""
        old = self._store.get(_key(route.topic), "row")
        body = route.model_dump(mode="json")
        if old and old.body == body:
            return False
        record = Record(_key(route.topic), "row", body, gsi1=(_LIST, route.topic))
        self._store.transact([Put(record, if_absent=old is None, if_version=old.version if old else None)])
        return True

    def all(self) -> Iterator[ConcernRoute]:
        page: str | None = None
        while True:
            found = self._store.query_index("gsi1", _LIST, page=page)
            yield from (ConcernRoute.model_validate(record.body) for record in found.records)
            if (page := found.next) is None:
                return


def meant(text: str, routes: Sequence[ConcernRoute]) -> ConcernRoute | None:
    """The one topic whose words the text has most of, counted by letters; None where none or two stand equal."""
    scores = sorted(((sum(len(w) for w in (r.topic, *r.words) if w in text), r) for r in routes), key=lambda s: -s[0])
    if not scores or not scores[0][0] or (len(scores) > 1 and scores[0][0] == scores[1][0]):
        return None
    return scores[0][1]


def _key(topic: str) -> str:
    return f"concernroute#{topic}"
