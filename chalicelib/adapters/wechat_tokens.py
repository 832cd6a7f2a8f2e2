"""The shared access token on the Store: one small partition for each account and kind of token.

Rows of ``wechat#token#{app id}``: ``{kind}`` the token, ``{kind}#lease`` who is fetching, ``{kind}#held`` why the
platform hands out none, ``force#gap`` and ``force#{date}`` the two limits on forced renewals.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from chalicelib.ports import Conflict, Record, Store
from chalicelib.times import local_date
from chalicelib.wechat.errors import ApiError
from chalicelib.wechat.tokens import Rung, Token

FORCE_GAP = timedelta(seconds=30)
FORCE_PER_DAY = 20
"""Limits of the platform on ``force_refresh`` (docs of stable_token)."""


class StoreTokenCache:
    """A wechat.tokens.TokenCache. Keeps the last token in the process too, so that a send costs no read."""

    def __init__(self, store: Store, app_id: str, kind: Literal["access", "jsapi"] = "access") -> None:
        self._store = store
        self._pk = f"wechat#token#{app_id}"
        self._kind = kind
        self._local: Token | None = None

    def nearest(self, now: datetime) -> Token | None:
        token = self._local
        return token if token is not None and now.timestamp() < token.use_until else self.shared(now)

    def shared(self, now: datetime) -> Token | None:
        token = self._read()
        if token is None or now.timestamp() >= token.use_until:
            return None
        self._local = token
        return token

    def replace(self, token: Token, over: Token | None) -> Token:
        body = {
            "value": token.value,
            "use_until": token.use_until,
            "fetched": token.fetched,
            "rung": int(token.rung),
        }
        record = Record(self._pk, self._kind, body, expires_at=token.use_until)
        try:
            self._store.put(record, if_absent=over is None, if_version=over.version if over else None)
        except Conflict:
            pass  # someone renewed it meanwhile: theirs is read and used below
        self._local = self._read() or token
        return self._local

    def claim(self, now: datetime, seconds: int) -> bool:
        return self._put_if_absent(f"{self._kind}#lease", int(now.timestamp()) + seconds)

    def release(self) -> None:
        """A lease that ran out and was taken by another may be released with it: two fetches at once do no harm."""
        self._store.delete(self._pk, f"{self._kind}#lease")

    def may_force(self, now: datetime) -> bool:
        if not self._put_if_absent("force#gap", int((now + FORCE_GAP).timestamp()) + 1):
            return False
        end_of_count = int((now + timedelta(days=2)).timestamp())
        row = f"force#{local_date(now)}"
        try:
            self._store.add(self._pk, row, {"n": 1}, at_most={"n": FORCE_PER_DAY}, expires_at=end_of_count)
        except Conflict:
            return False
        return True

    def hold(self, error: ApiError, now: datetime, seconds: int) -> None:
        body = {"path": error.path, "code": error.code, "message": error.message}
        until = int(now.timestamp()) + seconds
        self._store.put(Record(self._pk, f"{self._kind}#held", body, expires_at=until))

    def held(self, now: datetime) -> ApiError | None:
        row = self._store.get(self._pk, f"{self._kind}#held")
        if row is None:
            return None
        return ApiError(str(row.body["path"]), int(row.body["code"]), str(row.body["message"]))

    def _read(self) -> Token | None:
        row = self._store.get(self._pk, self._kind)
        if row is None:
            return None
        body = row.body
        return Token(body["value"], body["use_until"], body["fetched"], Rung(body["rung"]), row.version)

    def _put_if_absent(self, sk: str, expires_at: int) -> bool:
        try:
            self._store.put(Record(self._pk, sk, {}, expires_at=expires_at), if_absent=True)
        except Conflict:
            return False
        return True
