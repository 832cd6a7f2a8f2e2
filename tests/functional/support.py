"""An application in the chosen stage and a person who talks to it through the real Chalice app, as WeChat would."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from chalice.test import Client

from chalicelib import bootstrap
from chalicelib.adapters.clocks import FixedClock
from chalicelib.bootstrap import Application
from chalicelib.notices.kinds import QUEUES
from chalicelib.ports import Messenger, Outbound, Outcome, Reaction
from chalicelib.settings import Settings
from chalicelib.wechat.codec import Mode
from tests.houses import chosen
from tests.houses.rights import GuardedBlobs, GuardedQueue, GuardedStore

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
MONDAY_10 = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Monday 2026-11-23 10:00 in China."""
PATIENT = 120.0
"""Seconds: what is answered must not depend on how busy this machine is; late answers have their tests in fault/."""

SETTINGS = {
    "demo": True,
    "wechat_token": "tokenfortests",
    "wechat_app_id": "wx0123456789abcdef",
    "wechat_app_secret": "not-a-secret",
    "wechat_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "session_secret": "session-secret-for-tests",
    "public_url": "https://xixinban.example",
}


class Post:
    """A Messenger that keeps what it was given and accepts it."""

    def __init__(self) -> None:
        self.sent: list[Outbound] = []
        self._ids = itertools.count(3487542469355618313)

    def send(self, message: Outbound) -> Outcome:
        self.sent.append(message)
        return Outcome(Reaction.ACCEPTED, message_id=str(next(self._ids)))

    def to(self, openid: str) -> list[Outbound]:
        return [message for message in self.sent if message.openid == openid]


def make_application(messenger: Messenger | None = None, **settings: object) -> Application:
    """Empty, in the stage of this test run, at MONDAY_10; installed as the process's application."""
    house = chosen.current().house(MONDAY_10)
    application = Application(
        Settings(**{**SETTINGS, **house.settings, **settings}),  # type: ignore[arg-type]
        clock=house.clock,
        store=GuardedStore(house.store),
        queue=GuardedQueue(house.queue),
        blobs=GuardedBlobs(house.blobs),
        messenger=messenger or Post(),
    )
    application.patience = PATIENT
    bootstrap.install(application)
    return application


def clock_of(application: Application) -> FixedClock:
    assert isinstance(application.clock, FixedClock)
    return application.clock


class Person:
    """One WeChat user. ``say`` returns what 溪小办 answered, None where it was only ``success``."""

    _ids = itertools.count(23000000000000001)

    def __init__(self, client: Client, application: Application, name: str, mode: Mode = Mode.SAFE) -> None:
        self._client = client
        self._application = application
        self.openid = f"o{name:_<27}"[:28]
        self._mode = mode

    def say(self, text: str) -> str | None:
        return self.push(f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>")

    def event(self, name: str, key: str = "", extra: str = "") -> str | None:
        keyed = f"<EventKey><![CDATA[{key}]]></EventKey>" if key else ""
        return self.push(f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>{keyed}{extra}")

    def push(self, inner: str, msg_id: int | None = None) -> str | None:
        created = int(self._application.clock.now().timestamp())
        number = msg_id or next(self._ids)
        xml = (
            f"<xml><ToUserName><![CDATA[gh_6c7878622e67]]></ToUserName><FromUserName><![CDATA[{self.openid}]]>"
            f"</FromUserName><CreateTime>{created}</CreateTime>{inner}<MsgId>{number}</MsgId></xml>"
        )
        status, body = self.post(xml)
        assert status == 200, (status, body)
        return self.text_of(body)

    def post(self, xml: str, query: Mapping[str, str] | None = None) -> tuple[int, str]:
        """The raw HTTP answer to a signed push."""
        signed, body = self.signed(xml) if query is None else (query, xml)
        answer = self._client.http.post(
            "/wechat?" + urlencode(signed), headers={"Content-Type": "text/xml"}, body=body.encode()
        )
        return answer.status_code, answer.body.decode()

    def signed(self, xml: str) -> tuple[dict[str, str], str]:
        codec = self._application.codec
        stamp, nonce = str(int(self._application.clock.now().timestamp())), "n0nce"
        query = {"timestamp": stamp, "nonce": nonce, "openid": self.openid, "signature": codec.signature(stamp, nonce)}
        if self._mode is Mode.PLAINTEXT:
            return query, xml
        sealed = codec.encrypt(xml.encode())
        query |= {"encrypt_type": "aes", "msg_signature": codec.signature(stamp, nonce, sealed)}
        return query, (
            f"<xml><ToUserName><![CDATA[gh_6c7878622e67]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        )

    def text_of(self, body: str) -> str | None:
        if body == "success":
            return None
        if self._mode is not Mode.PLAINTEXT:
            sealed = re.search(r"<Encrypt><!\[CDATA\[(.+?)\]\]></Encrypt>", body, re.S)
            assert sealed, body
            body = self._application.codec.decrypt(sealed.group(1)).decode()
        content = re.search(r"<Content><!\[CDATA\[(.*)\]\]></Content>", body, re.S)
        assert content, body
        assert not re.search(r"^\*\*[^*]", content.group(1), re.M), "WeChat shows Markdown as it is typed"
        return content.group(1)


def work_off(application: Application, client: Client) -> int:
    """Let the queue consumers take everything that is visible; returns how many messages they had."""
    done = 0
    for name, handler in zip(QUEUES.values(), ("deliver_urgent", "deliver", "deliver_bulk"), strict=True):
        while messages := application.queue.receive(name):
            event = client.events.generate_sqs_event([_json(m.body) for m in messages], queue_name=name)
            answer = client.lambda_.invoke(handler, event)
            assert answer.payload == {"batchItemFailures": []}
            for message in messages:
                application.queue.ack(name, message.receipt)
            done += len(messages)
    return done


def _json(body: object) -> str:
    import json

    return json.dumps(body, ensure_ascii=False)
