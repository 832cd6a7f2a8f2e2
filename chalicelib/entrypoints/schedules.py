"""Jobs by the clock and by hand: what EventBridge Scheduler and the operators' command invoke.

The jobs are imported where they run: this module is part of every function, the callback's too.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from chalice.app import Blueprint

from chalicelib import bootstrap, logs

schedules = Blueprint(__name__)


@schedules.lambda_function(name="scheduled")
def scheduled(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One job at its time: ``{"job": name}``, the input that infra gives each schedule."""
    from jobs import runner

    with logs.bind(correlation_id=context.aws_request_id, job=event["job"]):
        return runner.run_by_name(event["job"]).document()


@schedules.lambda_function(name="run_job")
def run_job(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """For operators. ``{"job", "as_of"?, "dry_run"?, "enterprise"?}`` runs a job → ``runner.answer_of``;
    ``{"describe": true}`` → the settings of this stage, without its secrets."""
    if event.get("describe"):
        return {"settings": bootstrap.current().settings.public()}
    from jobs import runner

    as_of = event.get("as_of")
    with logs.bind(correlation_id=context.aws_request_id, job=event["job"]):
        result = runner.run_by_name(
            event["job"],
            as_of=date.fromisoformat(as_of) if as_of else None,
            dry_run=bool(event.get("dry_run")),
            enterprise=event.get("enterprise"),
        )
    return runner.answer_of(result, bootstrap.current())
