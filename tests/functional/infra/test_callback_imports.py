"""A cold start pays for every import: what the callback and the consumers must not load before they need it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("wechatpy", "requests", "boto3", "botocore", "numpy", "openpyxl", "yaml", "typer", "rich", "jinja2", "httpx")
_LIST = (
    "import sys, json; import {module}; print(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
)


def loaded_by(module: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _LIST.format(module=module)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", ["app", "chalicelib.entrypoints.queues", "chalicelib.entrypoints.schedules"])
def test_nothing_heavy_is_imported_with_a_function(module: str) -> None:
    loaded = loaded_by(module)
    assert "chalice" in loaded
    assert loaded & set(HEAVY) == set()
