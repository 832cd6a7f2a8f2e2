"""A cold start pays for every import: what the functions must not load before they need it (docs/adr/0019)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
HEAVY = {"wechatpy", "requests", "boto3", "botocore", "numpy", "openpyxl", "yaml", "typer", "rich", "jinja2", "httpx"}
ALL_OURS = 70
"""Modules of ours that `import app` may load; it was 340 once."""
_LIST = "import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
_ANSWER = """
import app, gc
assert gc.isenabled() and gc.get_freeze_count() > 10_000, "see chalicelib/cold_start"
from datetime import UTC, datetime
from chalicelib import bootstrap
from chalicelib.dialogue.model import Incoming, Session
reply, _ = bootstrap.current().dialogue.answer(Incoming("o1", datetime.now(UTC), "text", text={said!r}), Session())
assert reply is not None
"""
ROOMS = {
    "帮助": {"dialogue", "content"},
    "换法人要带什么": {"dialogue", "content", "guidance", "points"},
}
"""First text of a process → the capabilities that it may load; content is the head beside the session."""
CAPABILITIES = {
    *("audit", "cases", "concerns", "content", "dialogue", "finance", "forms", "guidance", "notices", "pages"),
    *("partners", "points", "policies", "privacy"),
}
LIGHT = {
    "chalicelib.cases.numbers",
    "chalicelib.guidance.normalise",
    "chalicelib.notices.kinds",
    "chalicelib.pages.http",
    "chalicelib.policies.nights",
}
"""Files that anybody may load: they bring nothing else of their room."""


@cache
def loaded_by(code: str, folder: Path = ROOT) -> frozenset[str]:
    environment = {**os.environ, "XIXINBAN_DB": str(folder / "cold.db"), "XIXINBAN_STAGE": "local"}
    done = subprocess.run(
        [sys.executable, "-c", _LIST.format(code=code)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(json.loads(done.stdout.splitlines()[-1]))


def rooms_of(loaded: frozenset[str]) -> set[str]:
    """Capabilities of which more than a light file is loaded."""
    ours = {name.split(".")[1] for name in loaded - LIGHT if name.startswith("chalicelib.") and name.count(".") > 1}
    return ours & CAPABILITIES


@pytest.mark.parametrize("module", ["app", "chalicelib.entrypoints.queues", "chalicelib.entrypoints.schedules"])
def test_nothing_heavy_is_imported_with_a_function(module: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert "chalice" in loaded
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()


def test_the_entry_points_load_the_conversation_and_no_capability() -> None:
    loaded = loaded_by("import app")
    assert rooms_of(loaded) <= {"dialogue"}, "import it where it is called: in chalicelib/bootstrap, or the entry point"
    ours = sorted(name for name in loaded if name.partition(".")[0] in ("chalicelib", "jobs"))
    assert len(ours) <= ALL_OURS, f"who needs the newest of these at every start? {ours}"
    assert "jobs" not in loaded


@pytest.mark.parametrize(("said", "rooms"), ROOMS.items())
def test_a_first_answer_loads_the_rooms_that_it_comes_from(said: str, rooms: set[str], tmp_path: Path) -> None:
    loaded = loaded_by(_ANSWER.format(said=said), tmp_path)
    more = rooms_of(loaded) - rooms
    assert not more, (
        f"“{said}” now loads {sorted(more)} too: "
        f"{sorted(name for name in loaded - LIGHT for room in more if name.startswith(f'chalicelib.{room}.'))[:6]}. "
        "What a skill listens for belongs in dialogue/listening, what it does in dialogue/skills; services are made "
        "in chalicelib/bootstrap when they are asked for; types are imported under TYPE_CHECKING."
    )
