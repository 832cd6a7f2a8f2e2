"""The body of a call: read whole or refused whole, then taken entry by entry, rows before events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from chalicelib.errors import Refusal
from chalicelib.partners.model import Answer, Counts, Kind, Mistake, Part, Partner, SetAside, Taken
from chalicelib.partners.refusals import Reason, Refused
from chalicelib.partners.registers import Register
from chalicelib.partners.validation import BadEntry
from chalicelib.ports import Conflict, JsonObject

MAX_ENTRIES = 500
MAX_TOLD = 500
"""Mistakes, and events set aside, that one answer lists. Every wrong row has its first mistake in it."""

_MAX_ID = 64
_PARTS: tuple[Part, ...] = ("rows", "events")
_ID_FIELDS = {Kind.CASES: "no", Kind.LOANS: "id", Kind.ENTERPRISES: "uscc"}
_CONTENDED = "这一条正被同时修改，没有收下。请稍后重报这一条"

Entries = dict[Part, list[Any]]


def read(body: bytes) -> Entries:
    """The lists of a call. Raises Refused(BAD_JSON) or Refused(BAD_BODY), with where it is wrong."""
    given = _json(body)
    if not isinstance(given, dict) or not set(given) <= set(_PARTS):
        raise Refused(Reason.BAD_BODY)
    entries: Entries = {part: given.get(part, []) for part in _PARTS}
    for part, values in entries.items():
        if not isinstance(values, list):
            raise Refused(Reason.BAD_BODY, field=part)
    count = sum(len(values) for values in entries.values())
    if not 1 <= count <= MAX_ENTRIES:
        raise Refused(Reason.BAD_BODY, entries=count, at_most=MAX_ENTRIES)
    return entries


def _json(body: bytes) -> Any:
    try:
        text = body.decode()
        given = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_named_once)
        if "\\ud" in text.lower():
            json.dumps(given, ensure_ascii=False).encode()  # half a character (a lone surrogate) cannot be kept
    except json.JSONDecodeError as error:
        raise Refused(Reason.BAD_JSON, line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError):
        raise Refused(Reason.BAD_JSON) from None
    return given


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")  # RFC 8259 §6


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name is there twice")  # RFC 8259 §4: nobody can tell which of them is meant
    return named


@dataclass
class _Tally:
    """What became of the entries so far."""

    accepted: list[Taken] = field(default_factory=list)
    unchanged: list[Taken] = field(default_factory=list)
    wrong: list[list[Mistake]] = field(default_factory=list)
    sent: dict[str, dict[str, tuple[Part, int]]] = field(default_factory=dict)
    """By register row: the event ids that this call brought, and where they stood."""


class Ingestion:
    """Takes the entries of a call. Each is kept as a whole or not at all; the call as a whole is not atomic."""

    def __init__(self, registers: Mapping[Kind, Register]) -> None:
        self._registers = registers

    def take(self, kind: Kind, entries: Entries, partner: Partner, now: datetime) -> Answer:
        """Raises Throttled when the store is busy: what was taken until then stays, and a repeat finds it unchanged."""
        register, tally = self._registers[kind], _Tally()
        for part in _PARTS:
            for number, given in enumerate(entries[part], 1):
                try:
                    if not isinstance(given, dict):
                        raise BadEntry((None, "应是一组“名称: 值”"))
                    self._take(register, part, number, given, tally, partner, now)
                except (BadEntry, Refusal, Conflict) as error:
                    known = _given_id(kind, part, given)
                    told = _mistakes(error)
                    tally.wrong.append(
                        [Mistake(part=part, row=number, id=known, field=f, text=text) for f, text in told]
                    )
        return _answer(kind, tally, list(_set_aside(register, tally, now)))

    @staticmethod
    def _take(
        register: Register, part: Part, number: int, given: JsonObject, tally: _Tally, partner: Partner, now: datetime
    ) -> None:
        if part == "rows":
            key, changed = register.row(given, partner, now)
            event_ids, name = [event["id"] for event in given.get("events") or ()], key
        else:
            key, changed = register.event(given, partner, now)
            event_ids, name = [given["id"]], given["id"]
        (tally.accepted if changed else tally.unchanged).append(Taken(part=part, row=number, id=name))
        tally.sent.setdefault(key, {}).update(dict.fromkeys(event_ids, (part, number)))


def _mistakes(error: Exception) -> list[tuple[str | None, str]]:
    if isinstance(error, BadEntry):
        return error.mistakes
    return [(None, _CONTENDED if isinstance(error, Conflict) else str(error))]


def _given_id(kind: Kind, part: Part, given: Any) -> str | None:
    """What the sender calls the entry, as far as that can be told of a broken one."""
    value = given.get(_ID_FIELDS[kind] if part == "rows" else "id") if isinstance(given, dict) else None
    return value[:_MAX_ID] if isinstance(value, str) else None


def _set_aside(register: Register, tally: _Tally, now: datetime) -> Iterator[SetAside]:
    for key, sent in tally.sent.items():
        reasons = register.aside(key, now) if sent else {}
        for event_id, (part, number) in sent.items():
            if event_id in reasons:
                yield SetAside(part=part, row=number, event=event_id, text=reasons[event_id])


def _answer(kind: Kind, tally: _Tally, aside: list[SetAside]) -> Answer:
    share = max(1, MAX_TOLD // max(1, len(tally.wrong)))
    return Answer(
        kind=kind,
        counts=Counts(
            accepted=len(tally.accepted), unchanged=len(tally.unchanged), errors=len(tally.wrong), aside=len(aside)
        ),
        accepted=tuple(tally.accepted),
        unchanged=tuple(tally.unchanged),
        errors=tuple(mistake for mistakes in tally.wrong for mistake in mistakes[:share]),
        aside=tuple(aside[:MAX_TOLD]),
    )
