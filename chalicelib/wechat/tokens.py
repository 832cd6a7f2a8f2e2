"""The access token (接口调用凭据): fetched rarely, shared by all, doubted when the platform refuses it.

``stable_token`` hands every caller the same token, so nothing breaks when two fetch at once; still only one at a time
does, across processes, so that a bad day costs a handful of calls and not one per message. A refused token climbs a
ladder that ends: use what another process has renewed meanwhile; else fetch again; else, when a token fetched for that
reason is refused too, force a new one (at most every 30 seconds and 20 times a day); else give up and say so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from chalicelib.ports import Clock, Throttled
from chalicelib.wechat.errors import ApiError, NotSent

EARLY = 300
"""Seconds before its end that a token is no longer used. The platform rolls stable tokens over at that point."""

SHORTEST = 30
"""A token that arrives with less than EARLY left is used that long all the same, so that it is not fetched per call."""

DOUBT = 300
"""Seconds for which a refusal is remembered: the ladder is climbed at most once in that time."""

LEASE = 20
"""Seconds that one process may take for a fetch before another may try."""

PATIENCE = 8.0
"""Seconds to wait for the process that is fetching, looking every POLL seconds."""

POLL = 0.05


class Rung(IntEnum):
    """How a token was come by."""

    FETCHED = 0
    AGAIN = 1  # fetched because its predecessor was refused
    FORCED = 2


@dataclass(frozen=True, slots=True)
class Token:
    """``use_until`` and ``fetched`` in epoch seconds. ``version`` belongs to the cache."""

    value: str = field(repr=False)
    use_until: int
    fetched: int
    rung: Rung = Rung.FETCHED
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """What the platform hands out: the value and the seconds it lives."""

    value: str = field(repr=False)
    expires_in: int


class TokenCache(Protocol):
    """Where the token is shared. Readers see no token from ``use_until`` on, whatever the store still holds."""

    def nearest(self, now: datetime) -> Token | None:
        """The token by the shortest way; may be one that another process has renewed meanwhile."""
        ...

    def shared(self, now: datetime) -> Token | None:
        """The token as all processes see it."""
        ...

    def replace(self, token: Token, over: Token | None) -> Token:
        """Store ``token`` if the shared one is still ``over``; return the one that is shared now."""
        ...

    def claim(self, now: datetime, seconds: int) -> bool:
        """The right to fetch, for one process at a time, for at most ``seconds``."""
        ...

    def release(self) -> None: ...

    def may_force(self, now: datetime) -> bool:
        """Count a forced renewal; False when the last was under 30 seconds ago or 20 were made today."""
        ...

    def hold(self, error: ApiError, now: datetime, seconds: int) -> None:
        """Remember that the platform refuses to hand out tokens."""
        ...

    def held(self, now: datetime) -> ApiError | None:
        """The refusal being remembered."""
        ...


Fetch = Callable[[bool], Issued]
"""Ask the platform; the argument is ``force_refresh``. Raises ApiError or NotSent."""


class TokenKeeper:
    """One kind of token of one account, over a shared cache. Safe to use from several threads."""

    def __init__(
        self, cache: TokenCache, fetch: Fetch, clock: Clock, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._cache = cache
        self._fetch = fetch
        self._clock = clock
        self._sleep = sleep

    def get(self) -> Token:
        """A token to use now. Raises NotSent when none can be had at the moment, ApiError when the platform refuses."""
        with _busy_cache_is_not_sent():
            token = self._cache.nearest(self._clock.now())
            return token if token is not None else self._renewed(None)

    def ready(self) -> Token | None:
        """The token if it has been fetched; asks nothing of the platform. Raises NotSent when the cache is busy."""
        with _busy_cache_is_not_sent():
            return self._cache.nearest(self._clock.now())

    def renew(self, refused: Token) -> Token:
        """Another token than the one that the platform refused. Raises as ``get`` does; ApiError 40001 at the top of
        the ladder."""
        with _busy_cache_is_not_sent():
            return self._renewed(refused)

    def _renewed(self, refused: Token | None) -> Token:
        """Wait for whoever is fetching, or fetch."""
        for _ in range(int(PATIENCE / POLL)):
            token = self._usable(refused)
            if token is not None:
                return token
            if self._cache.claim(self._clock.now(), LEASE):
                return self._fetch_alone(refused)
            self._sleep(POLL)
        raise NotSent("token", "waited too long for another process to fetch it")

    def _usable(self, refused: Token | None) -> Token | None:
        """The shared token unless it is the refused one, fetched no later than that was. Raises what is held."""
        now = self._clock.now()
        token = self._cache.shared(now)
        if token is not None and (refused is None or _newer(token, refused)):
            return token
        error = self._cache.held(now)
        if error is not None:
            raise error
        return None

    def _fetch_alone(self, refused: Token | None) -> Token:
        """Under the lease: look once more, then climb one rung."""
        try:
            token = self._usable(refused)
            if token is not None:
                return token
            return self._climb(self._cache.shared(self._clock.now()))
        finally:
            self._cache.release()

    def _climb(self, current: Token | None) -> Token:
        """``current`` is the refused token, or None when there is none that can be used."""
        now = self._clock.now()
        rung = _next_rung(current, now)
        if rung is None or (rung is Rung.FORCED and not self._cache.may_force(now)):
            raise self._hold(ApiError("stable_token", 40001, "access token refused after every renewal"), DOUBT)
        try:
            issued = self._fetch(rung is Rung.FORCED)
        except ApiError as error:
            raise self._hold(error, _pause(error)) from None
        life = max(issued.expires_in - EARLY, min(issued.expires_in, SHORTEST))
        seconds = int(now.timestamp())
        return self._cache.replace(Token(issued.value, seconds + life, seconds, rung), over=current)

    def _hold(self, error: ApiError, seconds: int) -> ApiError:
        self._cache.hold(error, self._clock.now(), seconds)
        return error


@contextmanager
def _busy_cache_is_not_sent() -> Iterator[None]:
    try:
        yield
    except Throttled:
        raise NotSent("token", "the token cache is busy") from None


def _newer(token: Token, refused: Token) -> bool:
    """Renewed since: another value, or the same one that the platform insisted on after the refusal."""
    return token.value != refused.value or (token.fetched, token.rung) > (refused.fetched, refused.rung)


def _next_rung(current: Token | None, now: datetime) -> Rung | None:
    if current is None:
        return Rung.FETCHED
    if now.timestamp() - current.fetched > DOUBT:
        return Rung.AGAIN
    return Rung(current.rung + 1) if current.rung < Rung.FORCED else None


def _pause(error: ApiError) -> int:
    """Busy (-1) clears in seconds, the rest needs a person or a quota: do not ask more than once a minute."""
    return 3 if error.code == -1 else 60
