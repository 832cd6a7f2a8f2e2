"""A request for a page and its answer, free of any web framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

Method = Literal["GET", "POST"]
Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """``/h5/{page}`` or ``/h5/{page}/{key}``, decoded. ``form`` is what a POST carries; ``now`` is aware UTC.

    ``agent`` is how the browser calls itself, ``sender`` the address that asks (an IP), empty where nobody says.
    """

    page: str
    now: datetime
    key: str = ""
    method: Method = "GET"
    query: Parameters = field(default_factory=dict)
    cookies: Parameters = field(default_factory=dict)
    form: Parameters = field(default_factory=dict)
    agent: str = ""
    sender: str = ""

    @property
    def in_wechat(self) -> bool:
        return "MicroMessenger" in self.agent

    @property
    def path(self) -> str:
        return f"/h5/{self.page}/{self.key}" if self.key else f"/h5/{self.page}"

    def address(self, **changes: str | None) -> str:
        """Path and query, to come back to; a value sets a parameter, None takes it out."""
        changed = {**self.query, **changes}
        query = urlencode({name: value for name, value in changed.items() if value is not None})
        return f"{self.path}?{query}" if query else self.path


@dataclass(frozen=True, slots=True)
class PageResponse:
    """``cookies`` are whole Set-Cookie values. ``file`` is sent in place of ``body`` where there is one."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    file: bytes | None = None
