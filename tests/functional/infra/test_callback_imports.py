"""A cold start pays for every import: what the callback and the consumers must not load before they need it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("wechatpy", "requests", "boto3", "botocore", "numpy", "openpyxl", "yaml", "typer", "rich", "jinja2", "httpx")
LATER = ("jobs", "chalicelib.pages.site", "chalicelib.partners.service", "chalicelib.privacy.own_copy")
"""Rooms that no message needs: each is imported by the entry point that works for it."""
_LIST = "import sys, json; import {module}; print(json.dumps(sorted(sys.modules)))"


def loaded_by(module: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _LIST.format(module=module)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", ["app", "chalicelib.entrypoints.queues", "chalicelib.entrypoints.schedules"])
def test_nothing_heavy_is_imported_with_a_function(module: str) -> None:
    loaded = {name.partition(".")[0] for name in loaded_by(module)}
    assert "chalice" in loaded
    assert loaded & set(HEAVY) == set()


def test_what_no_message_needs_is_imported_later() -> None:
    loaded = loaded_by("app")
    assert "chalicelib.dialogue.service" in loaded
    assert loaded & set(LATER) == set(), "import it in the function that needs it (see chalicelib/entrypoints)"
