"""What the parts of the simulator share: the configuration, the state, the chats, the faults and the outbox."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import Any

from simulator.chat import Chat
from simulator.config import MODES, Config, Mode
from simulator.faults import Faults, Scenario, load_scenario, parse_scenario
from simulator.state import State, to_json


class World:
    """One simulated account with its users."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.state = State(config.state_file)
        self.chat = Chat(self.state)
        self.faults = Faults(self.state, self._scenario())
        self.wake = threading.Event()

    def _scenario(self) -> Scenario:
        if self.config.scenario:
            return load_scenario(self.config.scenario)
        kept = self.state.setting("scenario")
        with suppress(ValueError):  # kept by an older simulator, which took what this one refuses
            return parse_scenario(kept) if kept else Scenario()
        return Scenario()

    def now(self) -> float:
        return self.config.clock()

    @property
    def mode(self) -> Mode:
        """How pushes are packed: chosen on the page, else in the configuration."""
        chosen = self.state.setting("mode")
        return chosen if chosen in MODES else self.config.mode

    def user(self, openid: str) -> dict[str, Any] | None:
        return self.state.row("SELECT * FROM users WHERE openid = ?", openid)

    def push(self, openid: str, fields: dict[str, Any], *, answerable: bool = False, delay: float = 0) -> None:
        """Lay a push for the callback into the outbox; a worker takes it from there, also after a restart.

        ``fields`` are those of the XML apart from ToUserName, FromUserName and CreateTime. ``answerable`` means that
        the user sees the answer, or the banner when there is no good one.
        """
        now = self.now()
        full = {
            "ToUserName": self.config.account_id,
            "FromUserName": openid,
            "CreateTime": int(now),
            **fields,
        }
        name = str(fields["Event"] if fields["MsgType"] == "event" else fields["MsgType"])
        fault = self.faults.for_push(name, openid)
        effect = fault.fault if fault else ""
        if effect == "lost":
            return
        if effect == "zero_msgid" and "MsgID" in full:
            full["MsgID"] = 0
        late = fault.seconds if fault and effect == "late" else 0
        body = {"name": name, "fields": full, "answerable": answerable, "drop": effect == "drop"}
        self.later("push", openid, body, delay + late)
        if effect == "twice":  # the user sees one answer
            self.later("push", openid, {**body, "answerable": False}, delay + late)

    def later(self, kind: str, openid: str, body: dict[str, Any], delay: float) -> None:
        """Lay work into the outbox: ``push`` for the callback, ``notice`` for a held template message."""
        self.state.insert("outbox", due=self.now() + delay, kind=kind, openid=openid, body=to_json(body))
        self.wake.set()

    def claim(self) -> dict[str, Any] | None:
        """Take one piece of work that is due, or nothing."""
        due = "SELECT * FROM outbox WHERE claimed = 0 AND due <= ? ORDER BY due, id LIMIT 1"
        if self.state.row(due, self.now()) is None:  # the usual case costs no write
            return None
        with self.state.write():
            row = self.state.row(due, self.now())
            if row is None:
                return None
            self.state.execute("UPDATE outbox SET claimed = 1 WHERE id = ?", row["id"])
        return {**row, "body": json.loads(row["body"])}

    def pending(self, openid: str = "") -> int:
        """Work not finished yet, of one user or of all."""
        if openid:
            row = self.state.row("SELECT COUNT(*) AS n FROM outbox WHERE openid = ?", openid)
        else:
            row = self.state.row("SELECT COUNT(*) AS n FROM outbox")
        return int(row["n"]) if row else 0
