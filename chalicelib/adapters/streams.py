"""Files that are too large to be held in memory, opened by name: of a folder, or of a bucket under a prefix."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Protocol, cast

from chalicelib.adapters import names
from chalicelib.adapters.aws import ClientFactory, OnFirstUse, patiently


class Streams(Protocol):
    def open(self, name: str) -> BinaryIO:
        """To be read once, from its beginning, and closed. Raises FileNotFoundError."""
        ...


class FolderStreams:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, name: str) -> BinaryIO:
        return (self._folder / names.checked(name)).open("rb")


class S3Streams:
    """``prefix`` ends with a slash. A connection that breaks off in the middle raises botocore's error."""

    def __init__(self, bucket: str, prefix: str, client_factory: ClientFactory) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._client = OnFirstUse(client_factory)

    def open(self, name: str) -> BinaryIO:
        client, key = self._client(), self._prefix + names.checked(name)
        try:
            answer = patiently(client, lambda: client.get_object(Bucket=self._bucket, Key=key))
        except client.exceptions.NoSuchKey:
            raise FileNotFoundError(key) from None
        return cast(BinaryIO, answer["Body"])
