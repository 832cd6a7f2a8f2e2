"""What the queues are called, told without loading what fills or empties them."""

from __future__ import annotations

MATCHING = "matching"
"""What changed and is to be matched again (即时匹配)."""

MATCHING_SHARDS = "matching-shards"
"""A province's night (全省匹配), one message a shard of enterprises."""
