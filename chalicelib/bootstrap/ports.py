"""The ground floor: settings, clock, and the adapters of the stage behind the ports; the platform's client."""

from __future__ import annotations

import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.adapters.clocks import SystemClock
from chalicelib.metrics import Metrics

if TYPE_CHECKING:
    from chalicelib.content.drop import DropBox
    from chalicelib.ports import Blobs, Clock, Messenger, Queue, Store
    from chalicelib.settings import Settings
    from chalicelib.wechat.client import PlatformClient
    from chalicelib.wechat.codec import Codec


class Ports:
    """What the stage decides. Tests hand in a clock, a store, a queue, blobs or a messenger of their own."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        queue: Queue | None = None,
        blobs: Blobs | None = None,
        messenger: Messenger | None = None,
    ) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.store: Store = store or self._store()
        self._given_queue = queue
        self._given_blobs = blobs
        self._given_messenger = messenger

    def _store(self) -> Store:
        if self.settings.stage == "aws":
            from chalicelib.adapters.aws import client_factory
            from chalicelib.adapters.dynamodb_store import DynamoDBStore

            return DynamoDBStore(
                self.settings.table, client_factory("dynamodb", self.settings.aws_endpoint_url), self.clock
            )
        from chalicelib.adapters.sqlite_store import SqliteStore

        self.settings.db.parent.mkdir(parents=True, exist_ok=True)
        return SqliteStore(self.settings.db, self.clock, self.settings.sqlite_synchronous)

    @cached_property
    def queue(self) -> Queue:
        if self._given_queue is not None:
            return self._given_queue
        if self.settings.stage == "aws":
            from chalicelib.adapters.aws import client_factory
            from chalicelib.adapters.sqs_queue import SqsQueue

            return SqsQueue(self.settings.queue_prefix, client_factory("sqs", self.settings.aws_endpoint_url))
        from chalicelib.adapters.sqlite_queue import SqliteQueue

        return SqliteQueue(self.settings.db, self.clock, synchronous=self.settings.sqlite_synchronous)

    @cached_property
    def blobs(self) -> Blobs:
        if self._given_blobs is not None:
            return self._given_blobs
        if self.settings.stage == "aws":
            from chalicelib.adapters.aws import client_factory
            from chalicelib.adapters.s3 import S3Blobs

            return S3Blobs(self.settings.bucket, client_factory("s3", self.settings.aws_endpoint_url))
        from chalicelib.adapters.files import FileBlobs

        return FileBlobs(Path(f"{self.settings.db}.blobs"))

    @cached_property
    def drop(self) -> DropBox:
        """Where back offices leave files: ``{db}.drop`` beside the database, ``drop/`` in the bucket."""
        from chalicelib.content.drop import DropBox

        if self.settings.stage == "aws":
            return DropBox(self.blobs, "drop/")
        from chalicelib.adapters.files import FileBlobs

        return DropBox(FileBlobs(Path(f"{self.settings.db}.drop")))

    @cached_property
    def metrics(self) -> Metrics:
        """Figures for CloudWatch, on standard output; none on stage local, where nobody collects them."""
        return Metrics(self.settings.queue_prefix, sys.stdout if self.settings.stage == "aws" else None)

    # ---------------------------------------------------------------------------------------------- the platform

    @cached_property
    def codec(self) -> Codec:
        from chalicelib.wechat.codec import Codec, Mode

        settings = self.settings
        return Codec(
            settings.wechat_token.get_secret_value(),
            settings.wechat_app_id,
            settings.wechat_aes_key.get_secret_value(),
            settings.wechat_aes_key_previous.get_secret_value() or None,
            previous_token=settings.wechat_token_previous.get_secret_value() or None,
            modes=frozenset(map(Mode, settings.modes)),
        )

    @cached_property
    def wechat_client(self) -> PlatformClient:
        from chalicelib.adapters.wechat_tokens import StoreTokenCache
        from chalicelib.wechat.client import Account, PlatformClient

        settings = self.settings
        return PlatformClient(
            Account(settings.wechat_app_id, settings.wechat_app_secret.get_secret_value(), settings.wechat_api_base),
            StoreTokenCache(self.store, settings.wechat_app_id),
            StoreTokenCache(self.store, settings.wechat_app_id, "jsapi"),
            self.clock,
            timeout=settings.wechat_timeout_seconds,
        )

    @cached_property
    def messenger(self) -> Messenger:
        if self._given_messenger is not None:
            return self._given_messenger
        from chalicelib.adapters.messenger import LazyMessenger

        return LazyMessenger(lambda: self.wechat_client)
