"""Who is alone on a database takes over; who is not never does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from jobs.embedded.presence import Presence

STAY = "import sys; from pathlib import Path; from jobs.embedded.presence import Presence\n"
STAY += "here = Presence(Path(sys.argv[1])); print(here.enter(lambda: None), flush=True); sys.stdin.read()"
ROOT = Path(__file__).parents[3]


def test_only_the_first_takes_over_until_all_have_left(tmp_path: Path) -> None:
    db, taken = tmp_path / "x.db", []
    first, second, third = (Presence(db) for _ in range(3))
    assert first.enter(lambda: taken.append("first"))
    assert not second.enter(lambda: taken.append("second"))
    first.leave()
    assert not first.enter(lambda: taken.append("first again"))  # the second still lives
    first.leave()
    second.leave()
    assert third.enter(lambda: taken.append("third"))
    third.leave()
    third.leave()
    assert taken == ["first", "third"]


def test_a_killed_server_is_not_there_any_more(tmp_path: Path) -> None:
    db = tmp_path / "x.db"
    command = [sys.executable, "-c", STAY, str(db)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "True\n"
        beside = Presence(db)
        assert not beside.enter(lambda: None)
        beside.leave()
        server.kill()
    after = Presence(db)
    assert after.enter(lambda: None)
    after.leave()
