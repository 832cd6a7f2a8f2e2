"""The circuit breaker (熔断): what stops sending for everybody, on one channel, or with one template, for a while.

Row: ``breaker``/``all``, ``channel#{wire}`` or ``template#{id}``; it ends by itself, so that one attempt then tells
whether the trouble is over, and the answer trips it again if it is not.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from pydantic import ConfigDict

from chalicelib.ports import Conflict, Record, Store
from chalicelib.shape import Shape

log = logging.getLogger(__name__)

EVERYTHING = "all"
LOOK = timedelta(seconds=2)
PAUSE_ALL = timedelta(minutes=10)
PAUSE_TEMPLATE = timedelta(hours=1)
PAUSE_CHANNEL = timedelta(minutes=1)
_TRIES = 8


class Pause(Shape):
    """Nothing goes out under this name before ``until``. ``code`` is the platform's errcode, ``detail`` for operators
    what it said and what is to be done."""

    model_config = ConfigDict(frozen=True)

    name: str
    since: datetime
    until: datetime
    code: int | None
    cause: str
    detail: str = ""

    @property
    def told(self) -> str:
        """For operators."""
        return f"{self.cause}：{self.detail}" if self.detail else self.cause


def template_name(template_id: str) -> str:
    return f"template#{template_id}"


def channel_name(wire: str) -> str:
    """Of the platform's call: ``template``, ``subscription`` or ``custom``."""
    return f"channel#{wire}"


class Breaker:
    """Reads the pauses at most every LOOK: one that another process makes holds here that much later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: tuple[datetime, list[Pause]] | None = None

    def holding(self, now: datetime) -> dict[str, Pause]:
        """The pauses that hold now, by name."""
        if self._seen is None or not timedelta(0) <= now - self._seen[0] < LOOK:
            self._seen = now, self.all(now)
        return {pause.name: pause for pause in self._seen[1] if now < pause.until}

    def trip(self, name: str, now: datetime, code: int | None, cause: str, retry_after: int, detail: str = "") -> Pause:
        """Pause, and raise the alarm: the log line is what the alarm of infra/ counts. A longer pause of this name
        stands, whoever made it: an answer that was under way before it knows nothing of it."""
        until = now + max(_least(name), timedelta(seconds=retry_after))
        pause = self._longest(Pause(name=name, since=now, until=until, code=code, cause=cause, detail=detail))
        self._seen = None
        extra = {"detail": detail}
        log.critical("alarm: sending paused name=%s code=%s until=%s", name, code, pause.until.isoformat(), extra=extra)
        return pause

    def _longest(self, pause: Pause) -> Pause:
        """The pause that holds now, written if it is this one."""
        expires = int(pause.until.timestamp()) + 1
        record = Record("breaker", pause.name, pause.model_dump(mode="json"), expires_at=expires)
        for _ in range(_TRIES):
            row = self._store.get("breaker", pause.name)
            held = Pause.model_validate(row.body) if row else None
            if held and held.until >= pause.until:
                return held
            try:
                self._store.put(record, if_version=row.version) if row else self._store.put(record, if_absent=True)
            except Conflict:
                continue
            return pause
        raise Conflict([("breaker", pause.name)])

    def resume(self, name: str) -> None:
        self._store.delete("breaker", name)
        self._seen = None

    def all(self, now: datetime) -> list[Pause]:
        pauses = [Pause.model_validate(r.body) for r in self._store.query("breaker").records]
        return [pause for pause in pauses if now < pause.until]


def _least(name: str) -> timedelta:
    if name == EVERYTHING:
        return PAUSE_ALL
    return PAUSE_CHANNEL if name.startswith(channel_name("")) else PAUSE_TEMPLATE
