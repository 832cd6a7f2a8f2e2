"""The Blobs port on one S3 bucket; encryption and retention belong to the bucket."""

from __future__ import annotations

from chalicelib.adapters import names
from chalicelib.adapters.aws import ClientFactory, OnFirstUse, patiently


class S3Blobs:
    """An object per blob, under its name. Raises Throttled when S3 stays busy or silent."""

    def __init__(self, bucket: str, client_factory: ClientFactory) -> None:
        self._bucket = bucket
        self._client = OnFirstUse(client_factory)

    def put(self, name: str, data: bytes) -> None:
        client, key = self._client(), names.checked(name)
        patiently(client, lambda: client.put_object(Bucket=self._bucket, Key=key, Body=data))

    def get(self, name: str) -> bytes | None:
        client, key = self._client(), names.checked(name)

        def read() -> bytes:
            with client.get_object(Bucket=self._bucket, Key=key)["Body"] as body:
                data: bytes = body.read()
            return data

        try:
            return patiently(client, read)
        except client.exceptions.NoSuchKey:
            return None

    def list(self, prefix: str) -> list[str]:
        client = self._client()

        def read() -> list[str]:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

        return patiently(client, read)

    def delete(self, name: str) -> None:
        client, key = self._client(), names.checked(name)
        patiently(client, lambda: client.delete_object(Bucket=self._bucket, Key=key))
