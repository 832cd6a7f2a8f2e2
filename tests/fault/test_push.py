"""The fault run in small: 500 notices, two workers, the same faults. ``python -m tests.fault.push`` is the whole."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from chalicelib.notices.model import NoticeState
from chalicelib.notices.together import MOST
from tests.fault.push import Run

NOTICES = 500
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


def test_none_lost_none_twice_each_ends(tmp_path: Path) -> None:
    run = Run(tmp_path, NOTICES, persons=100, workers=2, kill_every=2.5)
    report = run.go(limit=150)
    assert report.holds, report.table()
    assert report.kills >= 2
    # A slow machine kills more often. Each kill leaves at most one batch in doubt, and the day's quota (45009), which
    # comes last, then bars the platform for longer than it would know a repeat.
    in_doubt = MOST * report.kills
    assert report.states[NoticeState.DELIVERED] > NOTICES * 0.85 - in_doubt, report.table()
    assert report.states[NoticeState.MAYBE_SENT] < NOTICES * 0.08 + in_doubt, report.table()
    assert _leaks(run, tmp_path) == []


def _leaks(run: Run, folder: Path) -> list[str]:
    """Secrets and persons in what the processes logged."""
    settings = run.scene.settings()
    secrets = {
        secret.get_secret_value()
        for secret in (
            settings.wechat_token,
            settings.wechat_app_secret,
            settings.wechat_aes_key,
            settings.session_secret,
        )
    }
    words = [*secrets, *_tokens(run), "oFAULT"]
    logged = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.log"))
    assert logged
    return [word for word in words if word in logged] + _PHONE.findall(logged)


def _tokens(run: Run) -> list[str]:
    """All that the platform handed out. It is gone by now, so nobody can be asked for one."""
    with closing(sqlite3.connect(run.scene.config().state_file)) as connection:
        tokens = [str(token) for (token,) in connection.execute("SELECT token FROM tokens")]
    assert tokens
    return tokens
