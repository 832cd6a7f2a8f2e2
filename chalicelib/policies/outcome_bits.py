"""Outcomes of many enterprises under many policies, two bits a pair, one policy's bits side by side, compressed
(匹配结果位图). Most enterprises share an outcome under a policy, so a thousand of them under 200 policies take a few
kilobytes. Plain Python: the daily reconcile runs where numpy is not.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import product

from chalicelib.policies.tree import OUTCOMES

BITS = {outcome: bits for bits, outcome in enumerate(OUTCOMES)}
"""An outcome as a number of two bits."""
_DIGITS = bytes.maketrans(bytes(range(4)), b"0123")
_QUADS = [bytes(four) for four in product(range(4), repeat=4)]
"""What a byte holds, the first pair highest."""


def pack(rows: Sequence[bytes]) -> bytes:
    """A row an enterprise, a byte a policy (0 to 3), all of one length, at least one row and one policy."""
    width, filled = len(rows[0]), -len(rows) % 4
    joined = b"".join(rows)
    columns = (joined[policy::width] + bytes(filled) for policy in range(width))
    size = (len(rows) + filled) // 4
    return zlib.compress(b"".join(int(column.translate(_DIGITS), 4).to_bytes(size, "big") for column in columns))


def unpack(packed: bytes, size: int) -> list[bytes]:
    """The rows of ``size`` enterprises. Raises ValueError for what ``pack`` did not make of as many."""
    try:
        data = zlib.decompress(packed)
    except zlib.error as error:
        raise ValueError("not a bitmap of outcomes") from error
    step = (size + 3) // 4
    if not size or not data or len(data) % step:
        raise ValueError("a bitmap of outcomes of another size")
    spread = b"".join(map(_QUADS.__getitem__, data))
    columns = [spread[start : start + size] for start in range(0, len(spread), 4 * step)]
    return [bytes(row) for row in zip(*columns, strict=True)]
