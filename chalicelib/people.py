"""Who acted, by the name an operator types (经办人): the two-person rules compare these."""

from __future__ import annotations

import unicodedata


def same_person(one: str, other: str) -> bool:
    """Width, case and spaces make no other person."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
