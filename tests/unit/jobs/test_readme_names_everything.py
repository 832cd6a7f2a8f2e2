"""Both READMEs name every job and every command there is."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from jobs.cli.main import app
from jobs.registry import JOBS

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_jobs_and_commands(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    missing = [name for name in (*JOBS, *commands) if f"`{name}`" not in text and f"`{name} " not in text]
    assert missing == []
