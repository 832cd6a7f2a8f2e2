"""A clean copy of what goes to Lambda, laid out as Chalice wants it: app.py, chalicelib/ and vendor/."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Literal, get_args

Architecture = Literal["x86_64", "arm64"]
ARCHITECTURES: tuple[Architecture, ...] = get_args(Architecture)

CHALICE_STAGE = "aws"
"""The one stage in .chalice/config.json. What differs between our stages is in the template's names and parameters."""

_LEFT_BEHIND = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
_FOR_MACHINES = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "cli", "embedded", "__main__.py")


def stage_copy(root: Path, into: Path, architecture: Architecture, requirements: str | None = None) -> None:
    """``requirements`` stands in for requirements.txt (tests of the template need no wheels)."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    shutil.copy(root / "app.py", into)
    shutil.copytree(root / "chalicelib", into / "chalicelib", ignore=_LEFT_BEHIND)
    shutil.copytree(root / "jobs", into / "vendor" / "jobs", ignore=_FOR_MACHINES)
    shutil.copytree(root / "infra" / "policies", into / "infra" / "policies")
    if requirements is None:
        requirements = (root / "requirements.txt").read_text(encoding="utf-8")
    (into / "requirements.txt").write_text(requirements, encoding="utf-8")
    config = json.loads((root / ".chalice" / "config.json").read_text(encoding="utf-8"))
    config["stages"][CHALICE_STAGE]["lambda_architecture"] = architecture
    (into / ".chalice").mkdir()
    (into / ".chalice" / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
