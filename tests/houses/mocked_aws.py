"""A mock of AWS in this process: its clients, what the template would have made in it, and how time passes there."""

from __future__ import annotations

import inspect
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from chalicelib.adapters import aws
from chalicelib.adapters.aws import client_config
from chalicelib.adapters.clocks import FixedClock

REGION = "cn-north-1"


class OneAtATime:
    """A client whose calls are each atomic, as the service's are: moto checks a condition and writes without a lock
    (moto 5.2.5, dynamodb/models/table.py). Calls of different threads still mix in any order."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not inspect.ismethod(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                return found(*args, **kwargs)

        return call


class MockedAws:
    """``client(service)`` is one client a service, shared by threads and tests; each test names its own things with
    ``fresh``."""

    def __init__(self) -> None:
        from moto import mock_aws

        self._mock = mock_aws()
        self.wrap: Callable[[Any], Any] = lambda client: client
        """What a test puts over each new client."""
        self._clients: dict[str, OneAtATime] = {}

    def start(self) -> None:
        import boto3

        aws._session.cache_clear()  # one made before moto was imported knows nothing of it
        self._mock.start()
        self._quicken()
        self._session = boto3.session.Session(region_name=REGION)

    @staticmethod
    def _quicken() -> None:
        from tests.houses import quick_dynamodb  # moto, which takes a second

        quick_dynamodb.install(REGION)

    def stop(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._mock.stop()

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = OneAtATime(self.wrap(self._session.client(service, config=client_config())))  # type: ignore[call-overload]
        return self._clients[service]


def fresh() -> str:
    return f"t{uuid4().hex[:12]}"


def make_queues(client: Any, prefix: str, *queues: str, max_receives: int) -> None:
    """Each queue with its dead letters, as the template makes them."""
    for queue in queues:
        url = client.create_queue(QueueName=f"{prefix}-{queue}-dead")["QueueUrl"]
        attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        policy = {"deadLetterTargetArn": attributes["QueueArn"], "maxReceiveCount": str(max_receives)}
        client.create_queue(QueueName=f"{prefix}-{queue}", Attributes={"RedrivePolicy": json.dumps(policy)})


def make_bucket(client: Any, name: str) -> None:
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


class CloudClock(FixedClock):
    """Moves the queues of the mock along: they keep the machine's time, by the moments written on their messages."""

    def advance(self, step: timedelta | float) -> None:
        super().advance(step)
        later(step.total_seconds() if isinstance(step, timedelta) else step)

    def set(self, at: Any) -> None:
        step = (at - self.now()).total_seconds()
        super().set(at)
        later(step)


def later(seconds: float) -> None:
    """Let time pass for all queues of the mock."""
    from moto.sqs.models import sqs_backends

    for account in sqs_backends.values():
        for region in account.values():
            for queue in region.queues.values():
                for message in queue._messages:
                    message.visible_at -= seconds * 1000
                    message.delayed_until -= seconds * 1000
