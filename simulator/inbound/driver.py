"""Delivery of pushes by worker threads: 5 seconds a try, three tries, then the banner.

A try that gets no answer in time, no connection, or an HTTP status other than 200 is made again with the same
MsgId and CreateTime and a new timestamp and nonce. An answer that arrives but is not a good one is final.
"""

from __future__ import annotations

import http.client
import threading
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from simulator import crypto
from simulator.chat import BANNER
from simulator.inbound import answers, envelope
from simulator.platform import notices
from simulator.world import World

ANSWER_CAP = 256 * 1024
IDLE_SECONDS = 0.1


class _NoAnswer(Exception):
    """This try failed and another may be made; the text is for the log."""


class Driver:
    """Takes work from the outbox until it is closed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; what was under way when the process ended last time begins again."""
        self._world.state.execute("UPDATE outbox SET claimed = 0")
        for number in range(self._world.config.push_workers):
            thread = threading.Thread(target=self._work, name=f"simulator-push-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Stop and wait for the tries under way."""
        self._closing.set()
        self._world.wake.set()
        for thread in self._threads:
            thread.join()

    def verify(self) -> bool:
        """The platform's check of the callback's address (GET with echostr): whether it echoes exactly."""
        config = self._world.config
        echo = crypto.sign(config.token, str(time.monotonic_ns()))
        query = {**envelope.sign_query(config, self._world.now()), "echostr": echo}
        try:
            return self._exchange("GET", urlencode(query), b"") == echo.encode("ascii")
        except _NoAnswer:
            return False

    def _work(self) -> None:
        while not self._closing.is_set():
            self._world.wake.clear()  # before looking, so that work laid down meanwhile is not slept over
            task = self._world.claim()
            if task is None:
                if not self._closing.is_set():
                    self._world.wake.wait(IDLE_SECONDS)
                continue
            if task["kind"] == "notice":
                with self._world.state.write():
                    notices.deliver(self._world, task["openid"], task["body"])
                    self._done(task)
            else:
                self._push(task)

    def _done(self, task: dict[str, Any]) -> None:
        self._world.state.execute("DELETE FROM outbox WHERE id = ?", task["id"])

    def _push(self, task: dict[str, Any]) -> None:
        push = task["body"]
        try:
            shown = self._deliver(push)
        except envelope.BadAnswer:
            shown = [("banner", {"text": BANNER})]
        with self._world.state.write():
            user = self._world.user(task["openid"])
            if push["answerable"] and user and user["following"]:
                self._show(task["openid"], shown)
            self._done(task)

    def _show(self, openid: str, shown: answers.Shown) -> None:
        for kind, body in shown:
            banner = kind == "banner"
            sender, channel = ("system", "system") if banner else ("account", "passive")
            self._world.chat.add(openid, sender, kind, channel, body, self._world.now())

    def _deliver(self, push: dict[str, Any]) -> answers.Shown:
        """What the answer shows in the chat. Raises BadAnswer when no try brought a good one."""
        config, fields = self._world.config, push["fields"]
        for number in range(1, config.push_tries + 1):
            mode, started = self._world.mode, time.monotonic()
            query, body = envelope.pack(fields, config, mode, self._world.now())
            try:
                content = self._exchange("POST", query, body.encode("utf-8"))
                if push["drop"] and number == 1:
                    raise _NoAnswer("answer dropped by the scenario")
                answer = envelope.unpack(content, config, mode)
                shown = answers.read(answer, fields, self._world.state) if answer else []
            except _NoAnswer as problem:
                self._log(push, number, str(problem), started)
                self._closing.wait(config.retry_pause if number < config.push_tries else 0)
            except envelope.BadAnswer as problem:
                self._log(push, number, f"refused: {problem}", started)
                raise
            else:
                self._log(push, number, shown[0][0] if shown else "success", started)
                return shown
        raise envelope.BadAnswer("no answer")

    def _exchange(self, method: str, query: str, body: bytes) -> bytes:
        """One request to the callback within the time limit. Raises _NoAnswer."""
        parts = urlsplit(self._world.config.callback)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        deadline = time.monotonic() + self._world.config.push_timeout
        connection = kind(parts.hostname or "", parts.port, timeout=self._world.config.push_timeout)
        try:
            target = f"{parts.path or '/'}?{query}"
            connection.request(method, target, body or None, {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0"})
            response = connection.getresponse()
            if connection.sock is not None:
                connection.sock.settimeout(max(deadline - time.monotonic(), 0.001))
            content = response.read(ANSWER_CAP)
        except (OSError, http.client.HTTPException) as error:
            raise _NoAnswer(type(error).__name__) from None
        finally:
            connection.close()
        if response.status != 200:
            raise _NoAnswer(f"HTTP {response.status}")
        return content

    def _log(self, push: dict[str, Any], number: int, outcome: str, started: float) -> None:
        self._world.state.insert(
            "push_log",
            at=self._world.now(),
            openid=push["fields"]["FromUserName"],
            event=push["name"],
            **{"try": number},
            outcome=outcome,
            seconds=round(time.monotonic() - started, 3),
        )
