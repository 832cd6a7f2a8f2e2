"""Reading and keeping enterprise profiles."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from itertools import islice

from chalicelib.enterprises import handover
from chalicelib.enterprises.model import Enterprise
from chalicelib.enterprises.races import settled
from chalicelib.enterprises.repository import EnterpriseRepository, EnterpriseRow
from chalicelib.enterprises.uscc import normalise
from chalicelib.ports import JsonObject, Store

Changed = Callable[[Collection[str], datetime], None]
"""Told which profiles, by credit code, are no longer what they were."""


def _nobody(usccs: Collection[str], now: datetime) -> None:
    """Nobody wants to know."""


class EnterpriseService:
    """企业 profiles by credit code. ``changed`` is told of every one that is saved with something new in it."""

    def __init__(self, store: Store, changed: Changed = _nobody) -> None:
        self._store = store
        self._rows = EnterpriseRepository(store)
        self._changed = changed

    def get(self, uscc: str) -> Enterprise | None:
        """The profile for a code as people write it (spaces, full width, lower case), or None."""
        row = self._rows.get(normalise(uscc) or "-")
        return None if row is None else row.enterprise

    def all(self, after: str = "") -> Iterator[Enterprise]:
        """Every enterprise, page by page; eventually consistent, so ``get`` again before acting on one.

        Always in the same order; ``after`` is the credit code to go on behind.
        """
        for body in self._rows.bodies(after=after):
            yield EnterpriseRow.model_validate(body).enterprise

    def save(self, enterprise: Enterprise, now: datetime) -> bool:
        """Keep the profile; False when it already was exactly so, and nothing is written.

        A profile that does not name the 法定代表人 leaves the one on file. One that names another suspends the
        bindings of those before, in the same transaction (``handover``). Raises Conflict when others are faster at
        this enterprise again and again.
        """
        return self._written(enterprise.uscc, lambda held: enterprise, now)

    def report(self, enterprise: Enterprise, now: datetime) -> bool:
        """``save`` for a row of an office's file: what the enterprise said of itself (自报) is in no file, and stays
        until an office says it."""

        def with_own(held: Enterprise | None) -> Enterprise:
            facts = held.facts if held else {}
            own = {name: fact for name, fact in facts.items() if fact.self_reported and name not in enterprise.facts}
            return enterprise.model_copy(update={"facts": enterprise.facts | own}) if own else enterprise

        return self._written(enterprise.uscc, with_own, now)

    def change(self, uscc: str, how: Callable[[Enterprise], Enterprise], now: datetime) -> bool:
        """The same for who changes a part of the profile: ``how`` is asked again of what others wrote meanwhile.

        False where there is no such profile, or nothing new in it.
        """
        return self._written(uscc, lambda held: how(held) if held else None, now)

    def _written(self, uscc: str, made: Callable[[Enterprise | None], Enterprise | None], now: datetime) -> bool:
        written = settled(lambda: self._once(uscc, made, now))
        if written:
            self._changed([uscc], now)
        return written

    def _once(self, uscc: str, made: Callable[[Enterprise | None], Enterprise | None], now: datetime) -> bool:
        held, version = self._rows.held(uscc)
        before = held.enterprise if held else None
        enterprise = made(before)
        if enterprise is None:
            return False
        if before and before.legal_rep and not enterprise.legal_rep:
            enterprise = enterprise.model_copy(update={"legal_rep": before.legal_rep})
        if before is not None and before.model_dump_json() == enterprise.model_dump_json():
            return False  # compared as written: in Python False == 0, but in a profile they are not the same
        suspended = handover.suspensions(self._store, uscc, now) if handover.changed(before, enterprise) else []
        self._rows.put(EnterpriseRow(enterprise=enterprise, saved_at=now), version, suspended)
        return True

    def find_by_name(self, text: str, limit: int = 5) -> list[Enterprise]:
        """Enterprises whose present or former name contains ``text``, for an operator's look-up: it reads all rows."""
        wanted = _plain(text)
        if not wanted:
            return []
        found = (body for body in self._rows.bodies() if wanted in _names(body))
        return [EnterpriseRow.model_validate(body).enterprise for body in islice(found, limit)]

    def named(self, name: str) -> Enterprise | None:
        """The one enterprise with exactly this name, present or former; None for none and for several. Reads all
        rows, whether there is such a one or not."""
        wanted = _plain(name)
        found = [body for body in self._rows.bodies() if wanted and wanted in _names(body).split("\n")]
        return EnterpriseRow.model_validate(found[0]).enterprise if len(found) == 1 else None


def _names(body: JsonObject) -> str:
    """Looks into the raw body: validating every row only to throw it away would cost more than the search."""
    profile = body["enterprise"]
    return "\n".join(_plain(name) for name in (profile["name"], profile.get("name_used")) if name)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()
