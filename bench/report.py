"""What a benchmark hands back, and where it stands in docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Each section is written by `python -m bench NAME --write` on the machine it names; `make bench` runs them all and prints
them. Peers run beside us in the same run.
"""


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark's result: ``text`` is Markdown. ``holds`` is False when a promise of the project is not kept."""

    title: str
    text: str
    holds: bool = True


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def machine() -> str:
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"


def write(name: str, section: Section, document: Path = DOCUMENT) -> None:
    """Put the section between its marks, in place of what was there; a new one goes to the end."""
    text = document.read_text(encoding="utf-8") if document.exists() else _HEAD
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    block = f"{begin}\n## {section.title}\n\n{section.text.strip()}\n\n{machine()}.\n{end}"
    found = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    text = found.sub(lambda _: block, text) if found.search(text) else f"{text.rstrip()}\n\n{block}\n"
    document.write_text(text, encoding="utf-8")
