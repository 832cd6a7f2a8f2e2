"""Handling of pushes in safe mode, beside a bare wechatpy parse-and-reply echo on the same server.

Both answer the same encrypted messages on Chalice's local server without Nagle's delay, one connection a request as the
platform makes them, in turns of BLOCK. Ours does all that a push does: signature, decryption, one processing and one
answer by a row on SQLite with synchronous=FULL, the conversation, encryption.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from bench.report import Section, table
from chalicelib.settings import Settings
from chalicelib.wechat.codec import Codec

MESSAGES, BLOCK, PEOPLE = 1000, 100, 50
PROMISE = 0.25
_ROOT = Path(__file__).resolve().parent.parent
_TOKEN, _APP_ID, _KEY = "benchtoken", "wx0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def section() -> Section:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        with _server("ours", folder) as ours, _server("echo", folder) as echo:
            codec, spent = Codec(_TOKEN, _APP_ID, _KEY), {"ours": 0.0, "echo": 0.0}
            for start in range(-BLOCK, MESSAGES, BLOCK):  # the first block warms both up and is not counted
                pushes = [_push(codec, start + number) for number in range(BLOCK)]
                for name, port in (("echo", echo), ("ours", ours)):
                    seconds = _post(port, pushes)
                    spent[name] += seconds if start >= 0 else 0
    ratio = spent["echo"] / spent["ours"]
    rows = [
        ["bare wechatpy echo", f"{MESSAGES / spent['echo']:.0f}", "1.00"],
        ["our callback", f"{MESSAGES / spent['ours']:.0f}", f"{ratio:.2f}"],
    ]
    text = table(["", "messages a second", "of the echo"], rows)
    return Section("Callback", f"{text}\n\nPromised: at least {PROMISE} of the echo.", ratio >= PROMISE)


def _push(codec: Codec, number: int) -> tuple[str, bytes]:
    """Path and body of one text message; each is a new one."""
    stamp, nonce = str(int(time.time())), "n0nce"
    xml = (
        f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o{number % PEOPLE:027d}]]>"
        f"</FromUserName><CreateTime>{stamp}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[帮助]]></Content><MsgId>{23000000000000000 + number}</MsgId></xml>"
    )
    sealed = codec.encrypt(xml.encode())
    query = {
        "timestamp": stamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": codec.signature(stamp, nonce, sealed),
    }
    body = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return f"/wechat?{urlencode(query)}", body.encode()


def _post(port: int, pushes: list[tuple[str, bytes]]) -> float:
    """Seconds for all of them, one after the other."""
    started = time.perf_counter()
    for path, body in pushes:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", path, body, {"Content-Type": "text/xml"})
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        if response.status != 200 or b"<Encrypt>" not in answer:
            raise RuntimeError(f"HTTP {response.status}: {answer[:200]!r}")
    return time.perf_counter() - started


@contextmanager
def _server(kind: str, folder: str) -> Iterator[int]:
    command = [sys.executable, "-m", "bench.callback", kind, folder]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def _serve(kind: str, folder: str) -> None:
    """In a process of its own: print the port, then answer until the end."""
    from chalice.app import Chalice

    from jobs.embedded.server import make_server

    app: Chalice
    if kind == "ours":
        from app import app
        from chalicelib import bootstrap
        from chalicelib.bootstrap import Application

        settings = Settings(
            db=Path(folder) / "bench.db",
            wechat_token=_TOKEN,  # type: ignore[arg-type]
            wechat_app_id=_APP_ID,
            wechat_app_secret="bench-secret",  # type: ignore[arg-type]
            wechat_aes_key=_KEY,  # type: ignore[arg-type]
            session_secret="bench-session-secret",  # type: ignore[arg-type]
        )
        bootstrap.install(Application(settings))
    else:
        app = _echo()
    server = make_server(app, "127.0.0.1", 0, None).server
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


def _echo() -> object:
    """What a wechatpy example does, and no more."""
    from chalice.app import Chalice, Response
    from wechatpy import create_reply, parse_message
    from wechatpy.crypto import WeChatCrypto

    app = Chalice(app_name="echo", configure_logs=False)
    crypto = WeChatCrypto(_TOKEN, _KEY, _APP_ID)

    @app.route("/wechat", methods=["POST"], content_types=["text/xml"])
    def wechat() -> Response:
        request = app.current_request
        query = request.query_params
        clear = crypto.decrypt_message(request.raw_body, query["msg_signature"], query["timestamp"], query["nonce"])
        message = parse_message(clear)
        reply = create_reply(message.content, message).render()
        sealed = crypto.encrypt_message(reply, query["nonce"], query["timestamp"])
        return Response(body=sealed, headers={"Content-Type": "application/xml"})

    return app


if __name__ == "__main__":
    _serve(*sys.argv[1:])
