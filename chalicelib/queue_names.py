"""What the queues are called, told without loading what fills or empties them."""

from __future__ import annotations

MATCHING = "matching"
"""What changed and is to be matched again (即时匹配)."""
