"""The border of the product: everything that is not our own code is reached through one of these Protocols.

Each port has at least two adapters (``chalicelib/adapters``) held to one contract suite (``tests/contract``), so what
is written here is the whole promise; nothing may rely on what only one adapter happens to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol

JsonObject = dict[str, Any]
Index = Literal["gsi1", "gsi2"]

MAX_GET = 100
"""Rows in one ``get_many`` (DynamoDB Developer Guide, BatchGetItem)."""
MAX_TRANSACT = 100
"""Writes in one ``Store.transact``: DynamoDB's own limit."""


class Clock(Protocol):
    """Where "now" comes from. Domain code is handed a datetime, never a clock."""

    def now(self) -> datetime:
        """The current instant, timezone-aware, UTC."""
        ...


# ---------------------------------------------------------------------------------------------------------------- Store


@dataclass(frozen=True, slots=True)
class Record:
    """One row. ``(pk, sk)`` names it; ``body`` is a JSON object; ``version`` counts its writes, from 1.

    ``gsi1`` and ``gsi2`` are (partition, sort) keys of the two secondary indexes, or None to stay out of them.
    ``expires_at`` is in epoch seconds; from that second on, every reader sees the row as absent, whether or not the
    store has removed it yet.
    """

    pk: str
    sk: str
    body: JsonObject
    version: int = 0
    gsi1: tuple[str, str] | None = None
    gsi2: tuple[str, str] | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in sort-key order; ``next`` is an opaque token for the following page, None on the last."""

    records: list[Record]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole row. ``if_absent``: only when no live row is there. ``if_version``: only over that version."""

    record: Record
    if_absent: bool = False
    if_version: int | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a row; removing an absent one is fine unless ``if_version`` is given."""

    pk: str
    sk: str
    if_version: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing, but let the transaction fail unless the row is there (at that version), or is absent."""

    pk: str
    sk: str
    if_absent: bool = False
    if_version: int | None = None


Write = Put | Delete | Check


class Conflict(Exception):
    """A condition of a write did not hold; nothing of the call was written. ``keys`` lists the rows that refused."""

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        self.keys = list(keys)
        super().__init__("condition not met: " + ", ".join(f"{pk}/{sk}" for pk, sk in self.keys))


class Throttled(Exception):
    """The store or queue is busy; nothing is known to be written. Callers may try again later."""


class Store(Protocol):
    """One table of JSON rows with conditional, versioned and multi-row atomic writes."""

    def get(self, pk: str, sk: str) -> Record | None:
        """The live row, read consistently, or None."""
        ...

    def get_many(self, keys: Sequence[tuple[str, str]]) -> list[Record | None]:
        """The same for up to MAX_GET different rows, in the order asked and in one round trip; each row is consistent,
        the rows together are of no one moment. Raises ValueError."""
        ...

    def put(self, record: Record, *, if_absent: bool = False, if_version: int | None = None) -> Record:
        """Write the row and return it with its new version. Raises Conflict; ``record.version`` is ignored.

        An expired row counts as absent. Versions go up by one over a live row and restart at 1 over an absent one.
        """
        ...

    def delete(self, pk: str, sk: str, *, if_version: int | None = None) -> None:
        """Remove the row. Raises Conflict when ``if_version`` is given and does not match."""
        ...

    def query(
        self,
        pk: str,
        *,
        prefix: str | None = None,
        start: str | None = None,
        end: str | None = None,
        limit: int = 100,
        page: str | None = None,
        reverse: bool = False,
    ) -> Page:
        """Live rows of one partition by sort key: all, by ``prefix``, or from ``start`` to ``end``, both included.

        A page may hold fewer than ``limit`` rows (even none) and still have a ``next``.
        """
        ...

    def query_index(
        self,
        index: Index,
        pk: str,
        *,
        prefix: str | None = None,
        start: str | None = None,
        end: str | None = None,
        limit: int = 100,
        page: str | None = None,
        reverse: bool = False,
    ) -> Page:
        """The same over a secondary index. Eventually consistent: re-read with ``get`` before acting on a row."""
        ...

    def transact(self, writes: Sequence[Write]) -> None:
        """All or nothing, at most MAX_TRANSACT writes, each row named once. Raises Conflict, ValueError."""
        ...

    def add(
        self,
        pk: str,
        sk: str,
        counts: Mapping[str, int],
        *,
        at_most: Mapping[str, int] | None = None,
        expires_at: int | None = None,
    ) -> dict[str, int]:
        """Atomically add to integer counters of one row and return all its counters; makes the row when absent.

        Raises Conflict, changing nothing, when a counter would pass its ``at_most``. Counter rows are only written by
        ``add``; their body is the counters.
        """
        ...


# ---------------------------------------------------------------------------------------------------------------- Queue


@dataclass(frozen=True, slots=True)
class Message:
    """A received message. ``receipt`` names this delivery of it; ``attempts`` counts deliveries, from 1."""

    id: str
    body: JsonObject
    receipt: str
    attempts: int = 1


class Queue(Protocol):
    """Durable at-least-once queues by name, unordered, each with a dead-letter queue behind it."""

    def send(self, queue: str, bodies: Sequence[JsonObject], *, delay_seconds: int = 0) -> None:
        """Durable when it returns. ``delay_seconds`` is 0 to 900. Splits into the batches that the queue accepts."""
        ...

    def receive(self, queue: str, *, limit: int = 10, visibility_seconds: int = 60) -> list[Message]:
        """Up to ``limit`` (≤ 10) visible messages, now hidden for ``visibility_seconds``; may return none."""
        ...

    def ack(self, queue: str, *receipts: str) -> None:
        """The messages are done. Acknowledging an outdated receipt does nothing."""
        ...

    def release(self, queue: str, receipt: str, *, delay_seconds: int = 0) -> None:
        """Give the message back, visible after ``delay_seconds``; its attempts count goes on."""
        ...

    def depth(self, queue: str) -> int:
        """Messages waiting or in flight, about."""
        ...

    def dead(self, queue: str, *, limit: int = 10) -> list[Message]:
        """Up to ``limit`` messages that were received more often than allowed, without removing them."""
        ...

    def redrive(self, queue: str) -> int:
        """Move the dead letters back into the queue; returns how many."""
        ...


# ---------------------------------------------------------------------------------------------------------------- Blobs


class Blobs(Protocol):
    """Immutable files by name: content snapshots, indexes, payment files."""

    def put(self, name: str, data: bytes) -> None:
        """Write the whole file; readers see the old one or the new one, never half."""
        ...

    def get(self, name: str) -> bytes | None: ...

    def list(self, prefix: str) -> list[str]: ...

    def delete(self, name: str) -> None: ...


# ------------------------------------------------------------------------------------------------------------ Messenger


class Reaction(StrEnum):
    """What a delivery attempt means for its notice, whatever the platform called it."""

    ACCEPTED = "accepted"  # the platform took it; the receipt comes later
    HELD = "held"  # held for review by the platform; not a failure, never resend
    RETRY = "retry"  # nothing was sent; try again after ``retry_after`` seconds, same client id
    AMBIGUOUS = "ambiguous"  # may have been sent; retry only with the same client id inside its window
    NEXT_CHANNEL = "next_channel"  # this channel cannot carry it to this person now (window closed, credit used)
    CONSENT_LOST = "consent_lost"  # the person refuses this template; needs consent again
    PERSON_GONE = "person_gone"  # not following, unknown or blocked; permanent until they follow again
    BAD_DATA = "bad_data"  # the platform refuses a field; ``field`` names it; no retry
    STOP_TEMPLATE = "stop_template"  # this template is unusable; alarm
    STOP_CHANNEL = "stop_channel"  # this channel's call is used up or barred until ``retry_after``; others go on; alarm
    STOP_ALL = "stop_all"  # credentials or whitelist: stop sending everything; alarm


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message for one person. ``client_id`` (≤ 32 characters) makes a repeat within 10 minutes harmless where
    the channel knows such an id (template messages do, the others do not)."""

    channel: Literal["template", "subscription", "custom"]
    openid: str
    client_id: str
    template_id: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt. ``message_id`` is the platform's id as a string (it exceeds 2**53). ``outage``: there
    was no way to the platform, no token, or no call left of this minute, for whatever message: no fault of this one."""

    reaction: Reaction
    message_id: str | None = None
    code: int | None = None
    detail: str = ""
    field: str | None = None
    retry_after: int = 0
    outage: bool = False


class Messenger(Protocol):
    """Delivers to a person. Never raises for what the platform or the network does: that is an Outcome."""

    def send(self, message: Outbound) -> Outcome: ...


# ------------------------------------------------------------------------------------------------------------- Embedder


class Embedder(Protocol):
    """Dense text vectors of one fixed length; texts in, unit-length float rows out."""

    @property
    def dimensions(self) -> int: ...

    def embed_queries(self, texts: Sequence[str]) -> list[list[float]]: ...

    def embed_passages(self, texts: Sequence[str]) -> list[list[float]]: ...
