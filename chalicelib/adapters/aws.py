"""Clients of AWS made on first use: importing an adapter costs nothing, and botocore is loaded only where it is called.

They are botocore's own, which boto3's are as well: boto3 itself would bring its file transfers along, 0.1 s of a start.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar

from chalicelib.ports import Throttled

Answer = TypeVar("Answer")
ClientFactory = Callable[[], Any]

BUSY_CODES = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Error codes after which the same call may well succeed a moment later."""

TRIES = 3
"""Of one call by botocore itself, and of one that gives no answer at all."""

ATTEMPTS = 8
"""Of one call that is told to be too much, by us."""


def client_factory(service: str, endpoint_url: str = "") -> ClientFactory:
    """A factory for a client of this service; ``endpoint_url`` stands in for AWS in a rehearsal."""

    def make() -> Any:
        with _making:
            return _session().create_client(service, endpoint_url=endpoint_url or None, config=client_config())

    return make


@cache
def _session() -> Any:
    """One for all clients: the second one is nearly free then. Making clients of it is not safe for threads."""
    from botocore.session import get_session

    return get_session()


_making = threading.Lock()


def client_config() -> Any:
    """Of every client: the platform waits 5 s for an answer, so a call that hangs is given up for another early."""
    from botocore.config import Config

    for library in ("botocore", "urllib3"):
        logging.getLogger(library).setLevel(logging.INFO)  # at DEBUG they write bodies down, which are people's data
    return Config(retries={"mode": "standard", "total_max_attempts": TRIES}, connect_timeout=2, read_timeout=5)


class OnFirstUse:
    """Calls the factory once, whichever thread comes first."""

    def __init__(self, factory: ClientFactory) -> None:
        self._factory = factory
        self._client: Any = None
        self._lock = threading.Lock()

    def __call__(self) -> Any:
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client = self._factory()
        return self._client


def attempts(pause: Callable[[float], None] = time.sleep) -> Iterator[int]:
    """0, 1, … ATTEMPTS − 1 with a pause before each but the first: full jitter, from 25 ms up to at most 1.6 s."""
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(random.uniform(0, 0.025 * 2 ** min(attempt, 6)))
        yield attempt


def patiently(client: Any, call: Callable[[], Answer], *, once: bool = False) -> Answer:
    """``call()``, again while the service is busy; with ``once`` a busy service's error is the caller's to handle.

    Raises Throttled when it stays busy, and when it gives no answer at all: the call may then have been carried out.
    """
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError

    try:
        for _ in attempts():
            try:
                return call()
            except client.exceptions.ClientError as error:
                if once or code(error) not in BUSY_CODES:
                    raise
    except (HTTPClientError, NoConnection) as error:
        raise Throttled(f"no answer: {type(error).__name__}") from error
    raise Throttled("the service is busy")


def code(error: Any) -> str:
    """The error code of a botocore ClientError."""
    return str(error.response["Error"]["Code"])
