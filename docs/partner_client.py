#!/usr/bin/env python3
"""A client for the partner interface of 溪心办: Python 3.9 or newer, the standard library only.

As a program:

    export XIXINBAN_PARTNER_SECRET=...          # the secret that came with the key
    python partner_client.py --url https://xixinban.example/api --partner lx-sjj --key ABCDEFGHIJKLMNOP cases rows.json

rows.json is the body of the call, {"rows": [...], "events": [...]}. The answer is printed as JSON. Exit 0: every row
was taken; 1: some row was refused; 2: the call was refused or could not be made.

As a module: ``PartnerClient(url, partner, key, secret).send("cases", {"rows": [...]})``. docs/partners.md explains it.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import http.client
import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TRIES = 5
RETRIED = (429, 500, 503)


class CallRefused(Exception):
    """The interface refused the call; ``error`` is what it says: code, message, detail."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(f"{status} {error.get('code')}: {error.get('message')} {error.get('detail') or ''}")
        self.status = status
        self.error = error


class PartnerClient:
    """Signs calls and sends them again when that is right: after 429, 500, 503 and a broken connection."""

    def __init__(self, url: str, partner: str, key: str, secret: str, timeout: float = 60.0) -> None:
        self.address = urlsplit(url)
        self.partner = partner
        self.key = key
        self.secret = secret
        self.timeout = timeout

    def send(self, kind: str, body: dict[str, Any], idempotency_key: str | None = None) -> dict[str, Any]:
        """Report ``body`` ({"rows": [...], "events": [...]}) as ``kind``: cases, loans or enterprises.

        Raises CallRefused for what will not get better by trying again, and OSError when nobody answers.
        """
        data = json.dumps(body, ensure_ascii=False).encode("utf-8")
        idempotency_key = idempotency_key or secrets.token_hex(16)  # one for all tries of this body
        for attempt in range(1, TRIES + 1):
            try:
                status, headers, text = self._post(f"/partners/{self.partner}/{kind}", data, idempotency_key)
            except (OSError, http.client.HTTPException):
                if attempt == TRIES:
                    raise
                time.sleep(2**attempt)
                continue
            if status == 200:
                answer: dict[str, Any] = json.loads(text)
                return answer
            error = _error_of(text)
            again = status in RETRIED or error.get("code") == "in_progress"
            if not again or attempt == TRIES:
                raise CallRefused(status, error)
            time.sleep(float(headers.get("Retry-After") or 2**attempt))
        raise AssertionError("the last try returns or raises")

    def sign(self, path: str, timestamp: str, nonce: str, data: bytes) -> str:
        """The signature: five lines, HMAC-SHA-256, lower-case hexadecimal."""
        text = "\n".join(("POST", path, timestamp, nonce, hashlib.sha256(data).hexdigest()))
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def _post(self, path: str, data: bytes, idempotency_key: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        timestamp, nonce = str(int(time.time())), secrets.token_urlsafe(18)  # new ones for every try
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": idempotency_key,
            "X-Xixinban-Key": self.key,
            "X-Xixinban-Timestamp": timestamp,
            "X-Xixinban-Nonce": nonce,
            "X-Xixinban-Signature": self.sign(path, timestamp, nonce, data),
        }
        kind = http.client.HTTPSConnection if self.address.scheme == "https" else http.client.HTTPConnection
        connection = kind(self.address.netloc, timeout=self.timeout)
        try:
            connection.request("POST", self.address.path.rstrip("/") + path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


def _error_of(text: bytes) -> dict[str, Any]:
    """A gateway in between may answer in its own words."""
    try:
        return dict(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return {"code": "unknown", "message": text[:200].decode("utf-8", "replace")}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Report cases, loans or enterprises to 溪心办.")
    parser.add_argument("--url", required=True, help="address of the interface, without /partners")
    parser.add_argument("--partner", required=True, help="your partner id")
    parser.add_argument("--key", required=True, help="your key id; the secret is read from XIXINBAN_PARTNER_SECRET")
    parser.add_argument("--idempotency-key", help="to send the same body again after a failure of this program")
    parser.add_argument("kind", choices=("cases", "loans", "enterprises"))
    parser.add_argument("file", type=Path, help='JSON file: {"rows": [...], "events": [...]}')
    given = parser.parse_args(arguments)
    secret = os.environ.get("XIXINBAN_PARTNER_SECRET")
    if not secret:
        parser.error("set XIXINBAN_PARTNER_SECRET to the secret of your key")
    client = PartnerClient(given.url, given.partner, given.key, secret)
    try:
        body = json.loads(given.file.read_text(encoding="utf-8"))
        answer = client.send(given.kind, body, given.idempotency_key)
    except (CallRefused, OSError, ValueError, http.client.HTTPException) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")
    return 1 if answer["counts"]["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
