"""The command line: every command by its name, and what becomes of an error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn

import typer

from jobs.cli import (
    audit,
    award,
    case,
    content,
    demand,
    doctor,
    enterprise,
    enterprise_import,
    form,
    guide,
    guide_todo,
    loan,
    menu,
    notice,
    partner,
    policy,
    policy_sql,
    policy_versions,
    project,
    province,
    queue,
    report,
    request,
    run_job,
    serve,
    ticket,
    unit,
    upgrade,
)
from jobs.cli.audited import audited
from jobs.cli.failures import explain
from jobs.cli.on_stage import staged
from jobs.cli.output import FAILED, notes
from jobs.cli.remote import RemoteStage, stage_named

app = typer.Typer(
    name="jobs",
    help="溪心办的命令行：本机运行、定时任务、内容、企业与推送。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
serve.register(app)
run_job.register(app)
app.add_typer(content.app, name="content")
app.add_typer(guide.app, name="guide")
guide_todo.register(guide.app)
app.add_typer(policy.app, name="policy")
policy_versions.register(policy.app)
policy_sql.register(policy.app)
app.add_typer(award.app, name="award")
app.add_typer(enterprise.app, name="enterprise")
enterprise.app.command("import")(enterprise_import.import_facts)
app.add_typer(case.app, name="case")
app.add_typer(form.app, name="form")
app.add_typer(loan.app, name="loan")
app.add_typer(project.app, name="project")
demand.register(loan.app)
app.add_typer(unit.app, name="unit")
app.add_typer(notice.app, name="notice")
app.add_typer(queue.app, name="queue")
app.add_typer(province.app, name="province")
app.add_typer(request.app, name="request")
app.add_typer(ticket.app, name="ticket")
app.add_typer(partner.app, name="partner")
app.add_typer(menu.app, name="menu")
app.add_typer(audit.app, name="audit")
doctor.register(app)
report.register(app)
upgrade.register(app)


def run(arguments: list[str] | None = None, open_stage: Callable[[str], RemoteStage] = stage_named) -> None:
    """Run one command and leave with its exit code: 0 done, 1 failed, 2 bad usage or bad input."""
    # An anchor of the chain belongs into the log of a stage; on a terminal, `audit verify` shows it to who asks.
    logging.getLogger("chalicelib.audit").setLevel(logging.WARNING)
    try:
        code = _command(open_stage)(arguments, prog_name="python -m jobs", standalone_mode=False)
    except typer.Abort:
        _leave("已中断。", FAILED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FAILED)
    except Exception as error:
        told = explain(error)
        if told is None:
            raise
        _leave(*told)
    sys.exit(code or 0)


@lru_cache(maxsize=1)
def _command(open_stage: Callable[[str], RemoteStage]) -> Any:
    """Typer builds all commands to run one, a tenth of a second; who runs many in one process pays it once."""
    return staged(audited(typer.main.get_command(app)), open_stage)


def _leave(text: str, code: int) -> NoReturn:
    notes.print(text, markup=False, style="red")
    sys.exit(code)
