"""How a bind code (授权码) looks: known without anything else of bindings."""

from __future__ import annotations

ALPHABET = "23456789ABCDEFGHJKMNPQRTUVWXY"
"""29 characters that survive being read out and copied by hand: no 0 O, no 1 I L, no S (5), no Z (2)."""

CODE_LENGTH = 8
