"""The scene of the fault run: who is there, what they are to be told, how the platform misbehaves, and the clock that
all processes share."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Self

from chalicelib.bootstrap import Application
from chalicelib.enterprises.binding import Binding
from chalicelib.enterprises.consent import Consent
from chalicelib.enterprises.repository import BINDING, CONSENT, MEMBER, Follower, enterprise_key, person_key
from chalicelib.enterprises.roles import Role
from chalicelib.enterprises.scopes import Scope
from chalicelib.notices.kinds import NoticeKind
from chalicelib.notices.model import Draft, Notice, address
from chalicelib.notices.subscriptions import SUBSCRIPTION, Subscription
from chalicelib.ports import Put, Record, Store
from chalicelib.settings import Settings
from simulator.config import Config
from simulator.state import State

KINDS = (
    (NoticeKind.LOAN_PROGRESS, lambda n: {"thing1": mark(n), "phrase2": "审批通过", "time3": _WHEN}),
    (
        NoticeKind.CASE_PROGRESS,
        lambda n: {"thing1": mark(n), "character_string2": f"36{n:06}", "phrase3": "受理", "time4": _WHEN},
    ),
    (NoticeKind.DEADLINE_REMINDER, lambda n: {"thing1": mark(n), "thing2": "补正材料", "time3": _WHEN}),
    (NoticeKind.POLICY_DIGEST, lambda n: {"thing1": mark(n), "thing2": "示例企业", "phrase3": "匹配", "time4": _WHEN}),
)
_WHEN = "2026年11月22日 15:02"
TIMEOUT_SECONDS = 1.0
SLOW_SECONDS = 1.3
ASKED_LATELY = 10
"""One person in so many wrote within 48 hours, so that custom messages reach them."""


def mark(number: int) -> str:
    """The number of a notice as it stands in whatever arrives: ``业务 N00042N``."""
    return f"业务 N{number:05}N"


@dataclass(frozen=True)
class Scene:
    """Everything a process of the run must know; it lies as JSON in ``folder``."""

    folder: str
    notices: int
    people: int
    simulator_port: int
    callback_port: int

    @classmethod
    def load(cls, folder: str) -> Self:
        return cls(**json.loads((Path(folder) / "scene.json").read_text()))

    def save(self) -> None:
        (Path(self.folder) / "scene.json").write_text(json.dumps(asdict(self)))

    @property
    def clock(self) -> JumpingClock:
        return JumpingClock(Path(self.folder) / "clock")

    def settings(self) -> Settings:
        return Settings(
            db=Path(self.folder) / "push.db",
            sqlite_synchronous="NORMAL",
            demo=True,
            wechat_token="tokenfortests",
            wechat_app_id="wx0123456789abcdef",
            wechat_app_secret="secret-of-the-run",
            wechat_aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
            session_secret="session-secret-for-tests",
            wechat_api_base=f"http://127.0.0.1:{self.simulator_port}",
            wechat_timeout_seconds=TIMEOUT_SECONDS,
            wechat_rate_per_second=1000,
        )

    def application(self) -> Application:
        return Application(self.settings(), clock=self.clock)

    def config(self) -> Config:
        settings, clock = self.settings(), self.clock
        return Config(
            state_file=Path(self.folder) / "simulator.db",
            callback=f"http://127.0.0.1:{self.callback_port}/wechat",
            token=settings.wechat_token.get_secret_value(),
            app_id=settings.wechat_app_id,
            app_secret=settings.wechat_app_secret.get_secret_value(),
            aes_key=settings.wechat_aes_key.get_secret_value(),
            receipt_delay=0.05,
            push_workers=3,
            clock=lambda: clock.now().timestamp(),
        )

    def openid(self, person: int) -> str:
        return f"oFAULT{person:022}"

    def uscc(self, person: int) -> str:
        return f"91360323MA{person:08}"

    def planned(self) -> Iterator[Notice]:
        """The same notices each time it is asked, like a job that is run again."""
        born = datetime(2026, 1, 1, tzinfo=UTC)
        for number in range(self.notices):
            kind, fields = KINDS[number % len(KINDS)]
            person = number // len(KINDS) % self.people
            draft = Draft(
                uscc=self.uscc(person),
                kind=kind,
                subject=f"subject#{number}",
                version="1",
                event="told",
                title=mark(number),
                lines=("有新进展。",),
                fields=fields(number),
                path="/h5/inbox",
                expires_at=born + timedelta(days=40_000),
                why="故障演练",
            )
            yield address(draft, self.openid(person), born)


class JumpingClock:
    """Real time plus the seconds in a file: hours pass for all processes at once when they are added there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = -1.0
        self._skew = 0.0

    def now(self) -> datetime:
        if time.monotonic() - self._read_at > 0.05:
            self._read_at = time.monotonic()
            self._skew = float(self._path.read_text()) if self._path.exists() else 0.0
        return datetime.fromtimestamp(time.time() + self._skew, UTC)

    def jump(self, seconds: float) -> None:
        draft = self._path.with_suffix(".new")
        draft.write_text(str((float(self._path.read_text()) if self._path.exists() else 0.0) + seconds))
        draft.rename(self._path)
        self._read_at = -1.0


def people(scene: Scene, store: Store, now: datetime) -> None:
    """Everybody follows, is bound to a firm of their own, agreed to all, and to the policy template for good."""
    rows = (row for person in range(scene.people) for row in _rows(scene, person, now))
    while batch := list(islice(rows, 100)):
        store.transact([Put(row) for row in batch])


def _rows(scene: Scene, person: int, now: datetime) -> list[Record]:
    openid, uscc = scene.openid(person), scene.uscc(person)
    bound = Binding(openid=openid, uscc=uscc, role=Role.LEGAL, bound_at=now, issued_by="run").model_dump(mode="json")
    agreed = Subscription(template="tmpl-policy-digest", always=True).model_dump(mode="json")
    consents = [
        Consent(scope=s, version="1", channel="page", at=now)
        for s in (Scope.LOAN_ALERT, Scope.CASE_ALERT, Scope.POLICY_PUSH)
    ]
    return [
        Follower(openid=openid, followed_at=now).record(),
        Record(person_key(openid), BINDING + uscc, bound),
        Record(enterprise_key(uscc), MEMBER + openid, bound),
        Record(person_key(openid), SUBSCRIPTION + "tmpl-policy-digest", agreed),
        *(Record(person_key(openid), CONSENT + one.scope, one.model_dump(mode="json")) for one in consents),
    ]


def users(scene: Scene) -> None:
    """The same people on the platform's side."""
    state, now = State(scene.config().state_file), scene.clock.now().timestamp()
    with state.write():
        for person in range(scene.people):
            openid = scene.openid(person)
            state.insert("users", openid=openid, name="企业", created=now, following=1)
            state.insert("consents", openid=openid, template_id="tmpl-policy-digest", long_term=1, credits=0)
            if person % ASKED_LATELY == 0:
                state.insert("windows", openid=openid, rule="message", remaining=5, expires=now + 48 * 3600)
    state.close()


def scenario(notices: int) -> dict[str, Any]:
    """All faults of the issue, mixed in. ``sequence`` numbers are shares of the run, so that small runs have them."""
    template, long_term, custom = "message/template/send", "message/subscribe/bizsend", "message/custom/send"

    def error(api: str, code: int, probability: float, **more: Any) -> dict[str, Any]:
        return {"api": api, "fault": "error", "errcode": code, "probability": probability, **more}

    def once(api: str, after: float, **more: Any) -> dict[str, Any]:
        return {"api": api, "after": int(notices * after), "count": 1, **more}

    receipt = "TEMPLATESENDJOBFINISH"
    return {
        "seed": 7,
        "rules": [
            once(template, 0.05, fault="error", errcode=40001),
            once(template, 0.20, fault="revoke"),
            once(template, 0.765, fault="error", errcode=45009),
            error(template, -1, 0.02),
            error(template, -1, 0.005, delivered=True),
            error(template, 45011, 0.003),
            error(template, 43101, 0.004),
            error(template, 43117, 0.004),
            error(template, 47003, 0.004),
            {"api": template, "fault": "hold", "seconds": 20, "probability": 0.01},
            {"api": template, "fault": "slow", "seconds": SLOW_SECONDS, "delivered": True, "probability": 0.002},
            {"api": template, "fault": "http", "status": 502, "delivered": True, "probability": 0.01},
            {"api": template, "fault": "http", "status": 502, "probability": 0.01},
            {"api": template, "fault": "html", "delivered": True, "probability": 0.005},
            {"api": template, "fault": "undelivered", "value": "failed: system failed", "probability": 0.01},
            {"api": template, "fault": "undelivered", "value": "failed:user block", "probability": 0.003},
            {"api": template, "fault": "undelivered", "value": "failed:freq limit", "probability": 0.003},
            error(long_term, -1, 0.02),
            error(long_term, 43101, 0.01),
            {"api": long_term, "fault": "http", "status": 502, "delivered": True, "probability": 0.01},
            {"api": custom, "fault": "http", "status": 502, "delivered": True, "probability": 0.05},
            {"push": receipt, "fault": "lost", "probability": 0.01},
            {"push": receipt, "fault": "twice", "probability": 0.02},
            {"push": receipt, "fault": "late", "seconds": 30, "probability": 0.02},
            {"push": receipt, "fault": "zero_msgid", "probability": 0.01},
            {"push": receipt, "fault": "drop", "probability": 0.01},
        ],
    }
