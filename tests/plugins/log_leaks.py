"""Every log line of the whole run is read, in every worker and sub-process; one that gives something away fails it.

The lines are those of a stage as it is delivered (INFO and above). What is looked for, and where: ``leaks.py``.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins import leaks

ROOT = Path(__file__).resolve().parents[2]
_FOUND = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    logging.getLogger().setLevel(logging.INFO)
    if not hasattr(config, "workerinput"):
        config.stash[_FOUND] = _prepared(Path(tempfile.mkdtemp(prefix="leaks-")))
    leaks.start_from_environment()


def _prepared(folder: Path) -> Path:
    """What workers and sub-processes inherit; the file to which they write what they find."""
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "data").glob("*.yaml")]
    values, found = folder / "values.json", folder / "found.jsonl"
    values.write_text(json.dumps(leaks.known([file.read_text() for file in files])))
    found.touch()
    everywhere = str(Path(__file__).parent / "everywhere")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (everywhere, os.environ.get("PYTHONPATH"))))
    os.environ |= {leaks.VALUES: str(values), leaks.FOUND: str(found)}
    return found


def _found(config: pytest.Config) -> Iterator[dict[str, str]]:
    if _FOUND in config.stash:
        yield from map(json.loads, config.stash[_FOUND].read_text().splitlines())


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if any(_found(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = list(_found(config))
    if found:
        terminalreporter.section("log lines that give something away", red=True)
        for one in found:
            terminalreporter.line(f"{one['what']} at {one['place']} ({one['logger']}) in {one['test']}")
