"""``python -m bench [NAME…] [--write]``: runs the benchmarks and prints them as Markdown.

A benchmark is a file here with a function ``section() -> Section``; its name is the file's. ``--write`` puts the result
into docs/benchmarks.md. Exit 1 when one of them misses what the project promises.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

from bench.report import Section, machine, write

Benchmark = Callable[[], Section]


def benchmarks() -> dict[str, Benchmark]:
    """By name, in the order of the files."""
    found: dict[str, Benchmark] = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem not in ("__init__", "__main__", "report") and "def section(" in path.read_text(encoding="utf-8"):
            found[path.stem] = importlib.import_module(f"bench.{path.stem}").section
    return found


def main() -> int:
    known = benchmarks()
    words = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    words.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)} (default: all)")
    words.add_argument("--write", action="store_true", help="also into docs/benchmarks.md")
    asked = words.parse_args()
    if unknown := set(asked.names) - set(known):
        words.error(f"no benchmark named {', '.join(sorted(unknown))}")
    misses = 0
    for name in asked.names or known:
        print(f"running {name}", file=sys.stderr)
        section = known[name]()
        print(f"## {section.title}\n\n{section.text}\n\n{machine()}.\n")
        misses += not section.holds
        if asked.write:
            write(name, section)
    return 1 if misses else 0


if __name__ == "__main__":
    raise SystemExit(main())
