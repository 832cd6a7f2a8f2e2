"""关注 and 取消关注: who follows, and the deletion that the platform's rules ask for when they stop.

All of a person's rows go; what stays is the history of their consents under a pseudonym, as proof.
Rule: 个人信息保护法 article 47 (deletion when consent ends).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from chalicelib.enterprises.binding import pair_deletes
from chalicelib.enterprises.consent import held_consents, withdrawals
from chalicelib.enterprises.races import ATTEMPTS, settled
from chalicelib.enterprises.repository import FOLLOWER, PAIRS, Follower, is_following, person_key
from chalicelib.ports import Check, Conflict, Delete, Put, Record, Store, Write

_ROWS_A_BATCH = 40  # a binding takes two writes of the hundred that a transaction holds


class FollowerService:
    """Follow and unfollow events; both may arrive twice, and late.

    ``happened`` is the event's own time, by the platform's clock; None for what a person asks of us themselves, which
    is never late. ``now`` is ours.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def is_following(self, openid: str) -> bool:
        """Whether pushes may reach the person at all."""
        return is_following(self._store, openid)

    def came(self, openid: str) -> datetime | None:
        """When they followed, by the platform's clock; None where no event told."""
        held = self._held(openid)[1]
        return held.came if held else None

    def is_leaving(self, openid: str) -> bool:
        """Whether a leave was cut short."""
        held = self._held(openid)[1]
        return held is not None and held.leaving_at is not None

    def follow(self, openid: str, now: datetime, scene: str | None = None, happened: datetime | None = None) -> None:
        """The person follows. A repeat changes nothing.

        If an earlier leave was cut short, it is finished first: nobody comes back to half of their old data.
        """
        follower = Follower(openid=openid, followed_at=now, scene=scene, came=happened).record()
        settled(lambda: self._follow(follower, openid, happened))

    def _follow(self, follower: Record, openid: str, happened: datetime | None) -> None:
        row, held = self._held(openid)
        if held is not None and (held.leaving_at is None or _before(happened, held.left)):
            return  # known already, or a late copy of an older event
        if row is not None:
            self._erase_rows(openid, row.version)
        self._store.put(follower, if_absent=row is None, if_version=row.version if row else None)

    def unfollow(self, openid: str, now: datetime, happened: datetime | None = None) -> None:
        """The person left: nothing is sent to them from here on, and all of their rows are deleted.

        Cut short anywhere, a second call goes on where the first stopped. Consents and the follower's mark change
        first and together, so that what is left in between can no longer be pushed to; the mark goes last.
        An event older than the present following is a late copy and changes nothing.
        """
        mark = self.shut(openid, now, happened)
        if mark is not None:
            self.forget(openid, mark)

    def shut(self, openid: str, now: datetime, happened: datetime | None = None) -> int | None:
        """Mark the person as leaving and withdraw all consents, together. Returns what ``forget`` wants, None for a
        late copy."""
        for attempt in range(ATTEMPTS):
            row, held = self._held(openid)
            if held is not None and _before(happened, held.came):
                return None
            try:  # a microsecond on, should the history already hold a line of this very instant
                return self._shut(openid, row, held, now + timedelta(microseconds=attempt), happened)
            except Conflict:
                continue
        raise Conflict([(person_key(openid), FOLLOWER)])

    def forget(self, openid: str, mark: int, but: Collection[str] = ()) -> None:
        """Delete all rows of who is leaving, as long as they are: who is back keeps what they do from then on.
        ``but``: sort keys of rows that somebody else is about to write over."""
        try:
            self._erase_rows(openid, mark, but)
            self._store.delete(person_key(openid), FOLLOWER, if_version=mark)
        except Conflict:
            return  # another copy of the event took over, or the person is back already

    def _held(self, openid: str) -> tuple[Record | None, Follower | None]:
        row = self._store.get(person_key(openid), FOLLOWER)
        return row, None if row is None else Follower.model_validate(row.body)

    def _shut(
        self, openid: str, row: Record | None, held: Follower | None, now: datetime, happened: datetime | None
    ) -> int:
        """The version of the mark."""
        leaving = held or Follower(openid=openid, followed_at=now)
        changes = {"leaving_at": leaving.leaving_at or now, "left": leaving.left or happened}
        mark = leaving.model_copy(update=changes).record()
        put = Put(mark, if_absent=True) if row is None else Put(mark, if_version=row.version)
        self._store.transact([put, *withdrawals(openid, held_consents(self._store, openid), "unfollow", now)])
        return row.version + 1 if row else 1

    def _erase_rows(self, openid: str, mark: int, but: Collection[str] = ()) -> None:
        """Every row of the person, whoever wrote it, but for the mark, while that is the same. Raises Conflict."""
        same = Check(person_key(openid), FOLLOWER, if_version=mark)
        while rows := self._some_rows(openid, {FOLLOWER, *but}):
            self._store.transact([same, *(write for row in rows for write in _deletes(openid, row))])

    def _some_rows(self, openid: str, but: Collection[str]) -> list[Record]:
        token = None
        while True:
            page = self._store.query(person_key(openid), limit=_ROWS_A_BATCH, page=token)
            rows = [row for row in page.records if row.sk not in but]
            if rows or page.next is None:
                return rows
            token = page.next


def _deletes(openid: str, row: Record) -> list[Write]:
    for prefix in PAIRS:
        if row.sk.startswith(prefix):
            return pair_deletes(prefix, openid, row.sk.removeprefix(prefix))
    return [Delete(row.pk, row.sk)]


def _before(happened: datetime | None, other: datetime | None) -> bool:
    return happened is not None and other is not None and happened < other
