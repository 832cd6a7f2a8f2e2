"""Bad days of AWS over moto, through botocore's own hooks: what the service does between a call and its answer.

Busy (nothing is carried out), no connection, an answer that is lost after the call was carried out (silence, or a 500),
transactions in each other's way, somebody else who writes the same rows just before us or just after, batches of which
a part fails or is left out. As DynamoDB promises, a transaction asked for again with the same token is not carried out
again.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from contextlib import suppress
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from chalicelib.adapters.aws import TRIES

_ERROR = {"dynamodb": "com.amazonaws.dynamodb.v20120810#", "sqs": "com.amazonaws.sqs#"}
_BUSY = {
    "dynamodb": ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"),
    "sqs": ("RequestThrottled", "ThrottlingException"),
}
_BATCHES = ("SendMessageBatch", "DeleteMessageBatch")
_SHORT = ("busy", "no connection", "answer lost", "500 after it was done")
_UNSEEN = {
    **dict.fromkeys(("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"), _SHORT),
    "BatchGetItem": (*_SHORT, "left out"),
    "TransactWriteItems": (*_SHORT, "in each other's way"),
    "ReceiveMessage": ("busy", "no connection"),
    "SendMessageBatch": ("busy", "no connection", "partly"),
    "DeleteMessageBatch": (*_SHORT, "partly"),
}
"""What changes nothing for who asks an adapter; an unanswered send would double a message, a receive hide it."""
_RIVALS = ("a rival before", "a rival after, answer lost")


class Weather:
    """``share`` of the calls meet something; ``met`` counts what, by operation. Nothing happens while ``calm``, but for
    ``coming``: the next calls' events in their order, None for none."""

    def __init__(self, share: float = 0, seed: int = 20261123) -> None:
        self._share = share
        self._chance = random.Random(seed)
        self.remembers_tokens = True
        self.coming: list[str | None] = []
        self._made: dict[str, AWSResponse] = {}
        self.met: Counter[str] = Counter()
        self.calls = 0
        self.calm = True
        self._rows: Any = None
        self._rival_writes = False

    def over(self, client: Any) -> Any:
        """Put between a boto3 client and moto."""
        from moto.core.models import botocore_stubber

        self._carry_out = botocore_stubber
        service = client.meta.service_model.service_id.hyphenize()
        if service == "dynamodb":
            self._rows = client
        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.register("before-send", self._send)
        client.meta.events.register_first(f"needs-retry.{service}", self._again)
        return client

    def _send(self, event_name: str, request: Any, **_: Any) -> AWSResponse | None:
        if self._rival_writes:
            return self._answered(event_name, request, None)
        _, service, operation = event_name.split(".")
        self.calls += 1
        token = (
            json.loads(request.body or b"{}").get("ClientRequestToken") if operation.startswith("Transact") else None
        )
        if token in self._made:
            return _copy(self._made[token])
        event = self._event(service, operation, request)
        if event is None:
            return self._answered(event_name, request, token)
        self.met[f"{operation} {event}"] += 1
        match event:
            case "busy":
                return _error(request, 400, _ERROR[service] + self._chance.choice(_BUSY[service]))
            case "no connection":
                raise ConnectTimeoutError(endpoint_url=request.url)
            case "in each other's way":
                return _cancelled(request)
            case "partly":
                return self._partly(event_name, request)
            case "left out":
                return self._left_out(event_name, request)
            case "a rival before":
                self._rival(request)
                return self._answered(event_name, request, token)
        self._answered(event_name, request, token)
        if event == "a rival after, answer lost":
            self._rival(request)
        if event.endswith("answer lost"):
            raise ReadTimeoutError(endpoint_url=request.url)
        return _error(request, 500, _ERROR[service] + "InternalServerError")

    def _event(self, service: str, operation: str, request: Any) -> str | None:
        if self.coming:
            return self.coming.pop(0)
        if self.calm or service not in _ERROR or self._chance.random() >= self._share:
            return None
        events = ["busy", "no connection", "answer lost", "answer lost", "500 after it was done"]
        events += ["in each other's way"] * 2 if operation == "TransactWriteItems" else []
        events += ["partly"] * 4 if operation in _BATCHES else []
        events += ["left out"] * 4 if operation == "BatchGetItem" else []
        events += _RIVALS if b'"ConditionExpression"' in (request.body or b"") else []
        return self._chance.choice(events)

    def _answered(self, event_name: str, request: Any, token: str | None) -> AWSResponse | None:
        answer: AWSResponse | None = self._carry_out(event_name, request)
        if self.remembers_tokens and token and answer is not None and answer.status_code == 200:
            self._made[token] = _copy(answer)
        return answer

    def _partly(self, event_name: str, request: Any) -> AWSResponse | None:
        """Some entries are carried out, the others fail for the service's own reasons; sometimes all of them."""
        asked = json.loads(request.body)
        failed = [entry for entry in asked["Entries"] if self._chance.random() < 0.5] or asked["Entries"]
        kept = [entry for entry in asked["Entries"] if entry not in failed]
        done: dict[str, Any] = {"Successful": []}
        if kept:
            request.body = json.dumps({**asked, "Entries": kept}).encode()
            answer = self._answered(event_name, request, None)
            assert answer is not None
            done = json.loads(answer.content)
        done["Failed"] = [{"Id": e["Id"], "SenderFault": False, "Code": "InternalError", "Message": ""} for e in failed]
        return _answer(request, 200, done)

    def _left_out(self, event_name: str, request: Any) -> AWSResponse | None:
        """Some of the rows are looked up, never all of them; the others are to be asked for again."""
        asked = json.loads(request.body)
        ((table, wanted),) = asked["RequestItems"].items()
        keys = wanted["Keys"]
        now, later = keys[: len(keys) // 2], keys[len(keys) // 2 :]
        done: dict[str, Any] = {"Responses": {table: []}}
        if now:
            request.body = json.dumps({**asked, "RequestItems": {table: {**wanted, "Keys": now}}}).encode()
            answer = self._answered(event_name, request, None)
            assert answer is not None
            done = json.loads(answer.content)
        done["UnprocessedKeys"] = {table: {**wanted, "Keys": later}}
        return _answer(request, 200, done)

    def _rival(self, request: Any) -> None:
        """Somebody else writes the rows that this call has a condition on, as they are: their version goes up."""
        asked = json.loads(request.body)
        writes = [write for each in asked.get("TransactItems", []) for write in each.values()] or [asked]
        self._rival_writes = True
        try:
            for write in writes:
                if "ConditionExpression" in write:
                    self._write_again(write["TableName"], write.get("Key") or write["Item"])
        finally:
            self._rival_writes = False

    def _write_again(self, table: str, of: dict[str, Any]) -> None:
        missing = self._rows.exceptions.ConditionalCheckFailedException
        with suppress(missing):  # a row that is not there, or that only counts
            self._rows.update_item(
                TableName=table,
                Key={"pk": of["pk"], "sk": of["sk"]},
                UpdateExpression="SET version = version + :one, mark = :rival",
                ConditionExpression="attribute_exists(version)",
                ExpressionAttributeValues={":one": {"N": "1"}, ":rival": {"S": "a rival"}},
            )

    def _again(self, attempts: int, response: Any, caught_exception: Any, **_: Any) -> int | None:
        """botocore's rule without its pauses."""
        if attempts >= TRIES:
            return None
        busy = response is not None and response[0].status_code != 200 and _is_busy(response)
        return 0 if caught_exception is not None or busy else None


class PassingWeather(Weather):
    """Only what an adapter must get over by itself, a few calls apart: whoever asks it sees nothing of that."""

    def __init__(self, share: float) -> None:
        super().__init__(share)
        self._quiet = 0

    def _event(self, service: str, operation: str, request: Any) -> str | None:
        self._quiet -= 1
        events = _UNSEEN.get(operation)
        if events is None or self._quiet > 0 or self._chance.random() >= self._share:
            return None
        self._quiet = TRIES
        return self._chance.choice(events)


def _is_busy(response: Any) -> bool:
    code = response[1].get("Error", {}).get("Code", "")
    return response[0].status_code >= 500 or any(code in codes for codes in _BUSY.values())


def _error(request: Any, status: int, kind: str) -> AWSResponse:
    return _answer(request, status, {"__type": kind, "message": "weather"})


def _cancelled(request: Any) -> AWSResponse:
    items = json.loads(request.body)["TransactItems"]
    reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in items[1:])]
    kind = _ERROR["dynamodb"] + "TransactionCanceledException"
    return _answer(request, 400, {"__type": kind, "message": "", "CancellationReasons": reasons})


def _answer(request: Any, status: int, body: dict[str, Any]) -> AWSResponse:
    from moto.core.botocore_stubber import MockRawResponse

    headers = {"Content-Type": "application/x-amz-json-1.0"}
    return AWSResponse(request.url, status, headers, MockRawResponse(json.dumps(body)))


def _copy(answer: AWSResponse) -> AWSResponse:
    from moto.core.botocore_stubber import MockRawResponse

    return AWSResponse(answer.url, answer.status_code, answer.headers, MockRawResponse(answer.content))
