"""Matching for a province (全省匹配): millions of enterprises as column shards in Blobs, one queue message a shard."""
