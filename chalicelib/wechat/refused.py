"""What a callback that cannot be accepted raises: one exception, so that an entry point needs one ``except``."""

from __future__ import annotations

from typing import Literal

Status = Literal[400, 401, 403, 413]


class Refused(Exception):
    """A push that must not be processed. ``status`` is the HTTP status to answer; ``reason`` is one English phrase
    for the log, free of anything the sender wrote."""

    def __init__(self, status: Status, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status} {reason}")
