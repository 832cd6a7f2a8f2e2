"""Other engines side by side with ours, run where they are installed: .venv-bench (requirements-bench.txt)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from bench.policy_match import today
from bench.report import Section, table

PYTHON = Path(__file__).resolve().parent.parent / ".venv-bench/bin/python"


def section() -> Section:
    """The differential run, the peers and the growth."""
    if not PYTHON.exists():
        return Section("Policies: other engines", f"Not run: there is no {PYTHON}, which `make bench` sets up.", False)
    same = json.loads(_run("policy_differential"))
    peers = _run("policy_peers")
    growth = [json.loads(line) for line in _run("policy_growth").splitlines()]
    names = list(growth[0])[1:]
    grown = table(["enterprises", *names], [[f"{each['enterprises']:,}", *(each[n] for n in names)] for each in growth])
    text = (
        f"`.venv-bench/bin/python -m bench.policy_differential`, {today()}: {same['trees']:,} random trees "
        f"({same['leaves']:,} leaves, every operator) × {same['enterprises']:,} random enterprises with a quarter of "
        f"the facts missing. Closures = columns pair by pair, and = DuckDB's NULL logic tree by tree: "
        f"{same['match']:,} match, {same['not_match']:,} not, {same['unknown']:,} unknown.\n\n"
        "`.venv-bench/bin/python -m bench.policy_peers`: 200 policies × 1,000,000 enterprises for the column engines, "
        "150 for the row engines, in one run with the rounds interleaved; equal counts of match, not and unknown are "
        "asserted. What helps a peer is done for it (the head of the file says what). The machine was shared: wall "
        "clocks moved with it, CPU time less so.\n\n"
        f"{peers}\n\n"
        "`.venv-bench/bin/python -m bench.policy_growth`: seconds for 200 policies, best of three (DuckDB at 5,000,000 "
        f"once), counts asserted equal at each size.\n\n{grown}\n\n"
        "![Seconds by enterprises, 5,000 to 5,000,000](images/policy-growth.png)"
    )
    return Section("Policies: other engines", text)


def _run(name: str) -> str:
    words = [str(PYTHON), "-m", f"bench.{name}"]
    return subprocess.run(words, check=True, capture_output=True, text=True, cwd=PYTHON.parents[2]).stdout.strip()
