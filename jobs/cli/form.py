"""``form``: forms that people fill in (填表), what an office needs to write them, and what filling in takes."""

from __future__ import annotations

import typer

from jobs.cli import form_documents, form_drafts, form_measure, form_prefill

app = typer.Typer(help="填表：试填、模板、文书、统计。", no_args_is_help=True)
form_documents.register(app)
form_drafts.register(app)
form_measure.register(app)
form_prefill.register(app)
