"""Every command of an operator goes into the audit log (审计日志) before it runs and when it has ended.

All but those that are named here as HARMLESS: a new command is written down unless somebody says why it need not be.
What is written are the ids it was called with, never free text: no personal data gets into the log.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from chalicelib import bootstrap
from chalicelib.audit.log import AuditLog, Result
from chalicelib.enterprises.roles import Role
from chalicelib.masking import scrub
from jobs.cli import operator
from jobs.cli.failures import explain
from jobs.cli.output import BAD_INPUT

HARMLESS = frozenset(
    {
        "serve",
        "list",
        "runs",
        "doctor",
        "audit list",
        "audit verify",
        "award list",
        "award statistics",
        "content check",
        "form measure",
        "form template",
        "form templates",
        "form try",
        "guide ask",
        "guide evaluate",
        "loan channel",
        "loan reminders",
        "loan report",
        "partner list",
        "policy diff",
        "policy history",
        "policy match",
        "policy sql",
        "queue dead",
        "project list",
        "queue list",
        "report",
        "unit list",
    }
)
"""They change nothing, and show public content, the system's own state, files of the operator's own, or totals."""

_UNSAID = frozenset({"as_json", "wechat_id"})
"""A 微信号 has the form of an id and is somebody's."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9#._-]{0,63}", re.ASCII)
_CASE_NO = re.compile(r"\d{19}", re.ASCII)


def audited(command: Any) -> Any:
    """The same command (a Typer one, with all below it) with every callback but the harmless ones written down."""
    for path, leaf in leaves(command):
        if path not in HARMLESS:
            leaf.callback = _written(path, leaf.callback)
    return command


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """(words, command) of every command that does something: ``("enterprise bind-code", …)``."""
    below: Mapping[str, Any] | None = getattr(command, "commands", None)
    if below is None:
        yield " ".join(path), command
        return
    for name, child in below.items():
        yield from leaves(child, (*path, name))


def _written(path: str, callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def run(**params: Any) -> Any:
        application = bootstrap.current()
        log, who, subject = AuditLog(application.store), operator.name(), subject_of(params)
        begun = log.append(who, path, subject, Result.BEGUN, application.clock.now())

        def ended(result: Result) -> None:
            log.append(who, path, subject, result, application.clock.now(), of=begun.number)

        try:
            answer = callback(**params)
        except BaseException as error:
            ended(_result_of(error))
            raise
        ended(Result.DONE)
        return answer

    return run


def subject_of(params: Mapping[str, Any]) -> str:
    """``role=法人 uscc=91360323MAXX00015C``: ids, numbers and switches; of a file its name; other text is left out."""
    shown = ((name, _shown(value)) for name, value in sorted(params.items()) if name not in _UNSAID)
    return " ".join(f"{name}={text}" for name, text in shown if text)


def _shown(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else ""
        case int():
            return str(value)
        case datetime():
            return f"{value:%Y-%m-%d}"
        case Path():
            return value.name if _ID.fullmatch(value.name) else "…"
        case str() if value in list(Role) or _CASE_NO.fullmatch(value):
            return str(value)
        case str():
            return scrub(value) if _ID.fullmatch(value) else "…"
        case _:
            return ""


def _result_of(error: BaseException) -> Result:
    if isinstance(error, typer.Exit):
        return {0: Result.DONE, BAD_INPUT: Result.REFUSED}.get(error.exit_code, Result.FAILED)
    told = explain(error)
    return Result.REFUSED if told and told[1] == BAD_INPUT else Result.FAILED
