"""One call of the API as its handler sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.faults import Rule
from simulator.http import Request
from simulator.platform.errors import ApiError
from simulator.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """``now`` is Unix time. ``fault`` is set when a scenario wants the handler to act differently."""

    world: World
    request: Request
    now: float
    fault: Rule | None = None

    def json(self) -> dict[str, Any]:
        """The body. 44002 when it is empty, 47001 when it is not a JSON object in UTF-8."""
        if not self.request.body:
            raise ApiError(44002)
        try:
            return self.request.json()
        except ValueError:
            raise ApiError(47001) from None

    def query(self, name: str) -> str:
        return self.request.query.get(name, "")


def text_of(body: dict[str, Any], name: str) -> str:
    """The text of a field, empty when it is missing; 47001 when it is not text."""
    value = body.get(name, "")
    if not isinstance(value, str):
        raise ApiError(47001)
    return value
