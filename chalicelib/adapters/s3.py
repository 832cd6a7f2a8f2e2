"""The Blobs port on one S3 bucket; encryption and retention belong to the bucket."""

from __future__ import annotations

from chalicelib.adapters import names
from chalicelib.adapters.aws import ClientFactory, OnFirstUse


class S3Blobs:
    """An object per blob, under its name."""

    def __init__(self, bucket: str, client_factory: ClientFactory) -> None:
        self._bucket = bucket
        self._client = OnFirstUse(client_factory)

    def put(self, name: str, data: bytes) -> None:
        self._client().put_object(Bucket=self._bucket, Key=names.checked(name), Body=data)

    def get(self, name: str) -> bytes | None:
        client = self._client()
        try:
            answer = client.get_object(Bucket=self._bucket, Key=names.checked(name))
        except client.exceptions.NoSuchKey:
            return None
        with answer["Body"] as body:
            data: bytes = body.read()
        return data

    def list(self, prefix: str) -> list[str]:
        pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

    def delete(self, name: str) -> None:
        self._client().delete_object(Bucket=self._bucket, Key=names.checked(name))
