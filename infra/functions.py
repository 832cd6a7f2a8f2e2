"""The Lambda functions as app.py registers them, with the logical ids that Chalice gives them in the template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chalice.app import Chalice, SQSEventConfig
from chalice.utils import to_cfn_resource_name

API = "api_handler"
SCHEDULED = "scheduled"
RUN_JOB = "run_job"


@dataclass(frozen=True, slots=True)
class Function:
    """``queue`` is the name that a consumer reads from (``notices``), None for all others."""

    name: str
    queue: str | None = None

    @property
    def id(self) -> str:
        return "APIHandler" if self.name == API else to_cfn_resource_name(self.name)

    @property
    def role_id(self) -> str:
        """The role that Chalice makes for its policy file."""
        return "ApiHandlerRole" if self.name == API else f"{self.id}Role"

    @property
    def event_id(self) -> str:
        """The SQS event source that Chalice writes for a consumer."""
        return f"{self.id}SqsEventSource"

    @property
    def log_group_id(self) -> str:
        return f"{self.id}Logs"


def functions_of(app: Chalice) -> list[Function]:
    """Raises TypeError for an event source that this template does not know how to complete."""
    return [Function(API), *_consumers(app), *(Function(each.name) for each in app.pure_lambda_functions)]


def _consumers(app: Chalice) -> Iterator[Function]:
    for source in app.event_sources:
        if not isinstance(source, SQSEventConfig) or source.queue_arn is None:
            raise TypeError(f"{source.name}: infra/ completes only on_sqs_message with queue_arn")
        yield Function(source.name, source.queue_arn.rpartition(":")[2])
