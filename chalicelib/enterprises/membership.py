"""What holds for all members of an enterprise at once (成员关系), as a row whose version moves with them.

Row ``enterprise#{uscc}``/``membership``: how often the 法人 was handed over, and whether that is under way. Every
binding writes it anew. What is decided on members as they were read takes ``unchanged`` along in its transaction: a
binding that ended and was made again carries the version that it had before, and would pass for the old one.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ConfigDict

from chalicelib.enterprises.repository import enterprise_key
from chalicelib.ports import Check, Put, Record, Store
from chalicelib.shape import Shape


class Membership(Shape):
    """``closing``: some 法人 are suspended already and the others must not act any more (``handover``)."""

    model_config = ConfigDict(frozen=True)

    handovers: int = 0
    closing: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """The row as it was read; ``version`` None where there is none yet."""

    uscc: str
    row: Membership
    version: int | None

    def unchanged(self) -> Check:
        """No binding was made since, and no 法人 handed over."""
        return Check(*key(self.uscc), if_absent=self.version is None, if_version=self.version)

    def moved(self, row: Membership | None = None) -> Put:
        """The same as a condition, and another version for everybody else."""
        record = Record(*key(self.uscc), (row or self.row).model_dump(mode="json"))
        return Put(record, if_absent=self.version is None, if_version=self.version)


def key(uscc: str) -> tuple[str, str]:
    return enterprise_key(uscc), "membership"


def held(uscc: str, record: Record | None) -> Held:
    """``record`` is what was read under ``key``."""
    if record is None:
        return Held(uscc, Membership(), None)
    return Held(uscc, Membership.model_validate(record.body), record.version)


def read(store: Store, uscc: str) -> Held:
    """To be read before the members are: what changes in between then shows."""
    return held(uscc, store.get(*key(uscc)))
