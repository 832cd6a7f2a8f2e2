"""What stands in the chat between each user and the account."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from simulator.state import State, to_json

BANNER = "该公众号提供的服务出现故障，请稍后再试"
SENT_BY_API = ("template", "subscribe", "custom")


class Chat:
    """Messages in order of arrival, and the count of what the API has delivered.

    ``sender`` is user, account or system; ``channel`` says how a message came: user, passive, template, subscribe,
    custom or system.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def add(
        self,
        openid: str,
        sender: str,
        kind: str,
        channel: str,
        body: dict[str, Any],
        now: float,
        *,
        msgid: str = "",
        client_msg_id: str = "",
        template_id: str = "",
    ) -> int:
        """Put one message into the chat; returns its number."""
        content = to_json(body)
        print_of = hashlib.sha256(f"{channel}/{template_id}/{content}".encode()).hexdigest()[:16]
        return self._state.insert(
            "messages",
            openid=openid,
            sender=sender,
            kind=kind,
            channel=channel,
            body=content,
            created=now,
            msgid=msgid,
            client_msg_id=client_msg_id,
            template_id=template_id,
            fingerprint=print_of,
        )

    def messages(self, openid: str, after: int = 0) -> list[dict[str, Any]]:
        """Messages with a number above ``after``: id, sender, kind, channel, body, created, msgid, template_id."""
        rows = self._state.rows("SELECT * FROM messages WHERE openid = ? AND id > ? ORDER BY id", openid, after)
        return [{**row, "body": json.loads(row["body"])} for row in rows]

    def last(self, openid: str) -> int:
        """The number of the newest message, 0 when there is none."""
        row = self._state.row("SELECT MAX(id) AS id FROM messages WHERE openid = ?", openid)
        return int(row["id"] or 0) if row else 0

    def deliveries(self) -> list[dict[str, Any]]:
        """What arrived by API, counted: openid, channel, client_msg_id, template_id, fingerprint, count.

        ``fingerprint`` names channel, template and content. One message sent twice without a ``client_msg_id``
        shows as one row with count 2; with one, as one row for that id.
        """
        return self._state.rows(
            "SELECT openid, channel, client_msg_id, template_id, fingerprint, COUNT(*) AS count FROM messages"
            " WHERE channel IN ('template', 'subscribe', 'custom')"
            " GROUP BY openid, channel, client_msg_id, template_id, fingerprint ORDER BY MIN(id)"
        )
