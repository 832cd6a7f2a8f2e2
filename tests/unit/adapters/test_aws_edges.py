"""What AWS does on bad days, which a mock of it never does: throttling, cancelled transactions, half-failed batches."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters import aws
from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.dynamodb_store import DynamoDBStore
from chalicelib.adapters.sqs_queue import SendRefused, SqsQueue
from chalicelib.ports import Conflict, Put, Record, Throttled


class TransactionCanceled(ClientError):
    pass


class ConditionFailed(ClientError):
    pass


class Exceptions:
    ClientError = ClientError
    TransactionCanceledException = TransactionCanceled
    ConditionalCheckFailedException = ConditionFailed


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Call")


def cancelled(*codes: str) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": ""},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    return TransactionCanceled(response, "TransactWriteItems")


class Scripted:
    """A client that answers each call with the next line of its script and remembers what it was asked."""

    exceptions = Exceptions

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            if name == "get_queue_url":
                return {"QueueUrl": "u"}
            self.calls.append(arguments)
            answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            if isinstance(answer, Exception):
                raise answer
            return answer(arguments) if callable(answer) else answer

        return call


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws.random, "uniform", lambda low, high: 0.0)


def store(client: Scripted) -> DynamoDBStore:
    return DynamoDBStore("t", lambda: client, FixedClock(datetime(2026, 11, 22, tzinfo=UTC)))


def queue(client: Scripted) -> SqsQueue:
    return SqsQueue("t", lambda: client, wait_seconds=0)


TWO = [Put(Record("p", "a", {}), if_absent=True), Put(Record("p", "b", {}), if_absent=True)]


def test_busy_calls_are_repeated() -> None:
    client = Scripted(error("ThrottlingException"), error("TransactionConflictException"), {})
    assert store(client).put(Record("p", "a", {}), if_absent=True).version == 1
    assert len(client.calls) == 3


def test_a_table_that_stays_busy_is_throttled() -> None:
    client = Scripted(error("ProvisionedThroughputExceededException"))
    with pytest.raises(Throttled):
        store(client).get("p", "a")
    with pytest.raises(Throttled):
        store(client).transact(TWO)
    assert len(client.calls) == 2 * aws.ATTEMPTS


def test_other_errors_are_not_hidden() -> None:
    for call in (lambda s: s.get("p", "a"), lambda s: s.transact(TWO)):
        client = Scripted(error("AccessDeniedException"))
        with pytest.raises(ClientError, match="AccessDenied"):
            call(store(client))
        assert len(client.calls) == 1


def test_a_transaction_in_the_way_of_another_is_repeated() -> None:
    client = Scripted(cancelled("None", "TransactionConflict"), cancelled("ThrottlingError", "None"), {})
    store(client).transact(TWO)
    assert len(client.calls) == 3


def test_a_refused_condition_is_a_conflict_even_beside_other_reasons() -> None:
    client = Scripted(cancelled("TransactionConflict", "ConditionalCheckFailed"))
    with pytest.raises(Conflict) as refused:
        store(client).transact(TWO)
    assert refused.value.keys == [("p", "b")]
    assert len(client.calls) == 1


def test_a_transaction_made_before_is_ours_though_another_is_at_its_rows_now() -> None:
    """Its answer was lost, the token is forgotten, and somebody else is at one of its rows when it is asked again."""

    def refused_by_itself(asked: dict[str, Any]) -> None:
        answer = cancelled("TransactionConflict", "ConditionalCheckFailed")
        answer.response["CancellationReasons"][1]["Item"] = asked["TransactItems"][1]["Put"]["Item"]
        raise answer

    client = Scripted(refused_by_itself)
    store(client).transact(TWO)
    assert len(client.calls) == 1


def test_a_row_of_another_that_refuses_is_a_conflict_beside_throttling_too() -> None:
    client = Scripted(
        cancelled("ProvisionedThroughputExceeded", "None"), cancelled("ThrottlingError", "ConditionalCheckFailed")
    )
    with pytest.raises(Conflict) as refused:
        store(client).transact(TWO)
    assert refused.value.keys == [("p", "b")]
    assert len(client.calls) == 2


def left_out(*keys: str) -> Any:
    """Answers a batch with what it asks for, but for these sort keys."""

    def answer(arguments: dict[str, Any]) -> dict[str, Any]:
        asked = arguments["RequestItems"]["t"]["Keys"]
        items = [key | {"body": {"S": "{}"}, "version": {"N": "1"}} for key in asked if key["sk"]["S"] not in keys]
        rest = [key for key in asked if key["sk"]["S"] in keys]
        return {"Responses": {"t": items}, "UnprocessedKeys": {"t": {"Keys": rest}} if rest else {}}

    return answer


def test_rows_that_a_batch_leaves_out_are_asked_for_again_alone() -> None:
    client = Scripted(*[left_out("b")] * (aws.ATTEMPTS - 1), left_out())
    found = store(client).get_many([("p", "b"), ("p", "a")])
    assert [record.sk for record in found if record] == ["b", "a"]
    assert [len(call["RequestItems"]["t"]["Keys"]) for call in client.calls] == [2] + [1] * (aws.ATTEMPTS - 1)


def test_a_table_that_goes_on_leaving_rows_out_is_throttled() -> None:
    client = Scripted(left_out("b"))
    with pytest.raises(Throttled):
        store(client).get_many([("p", "a"), ("p", "b")])
    assert len(client.calls) == aws.ATTEMPTS


def test_a_transaction_that_can_never_succeed_is_not_repeated() -> None:
    client = Scripted(cancelled("ValidationError", "None"))
    with pytest.raises(TransactionCanceled):
        store(client).transact(TWO)
    assert len(client.calls) == 1


def test_messages_that_sqs_fails_are_sent_again_alone() -> None:
    failed = {"Failed": [{"Id": "1", "SenderFault": False, "Code": "InternalError"}]}
    client = Scripted(failed, {"Successful": []})
    queue(client).send("work", [{"n": 0}, {"n": 1}, {"n": 2}])
    assert [[entry["MessageBody"] for entry in call["Entries"]] for call in client.calls] == [
        ['{"n":0}', '{"n":1}', '{"n":2}'],
        ['{"n":1}'],
    ]


def test_a_queue_that_keeps_failing_is_throttled() -> None:
    with pytest.raises(Throttled):
        queue(Scripted({"Failed": [{"Id": "0", "SenderFault": False, "Code": "InternalError"}]})).send("work", [{}])
    with pytest.raises(Throttled):
        queue(Scripted(error("RequestThrottled"))).send("work", [{}])


def test_messages_that_sqs_refuses_are_an_error_at_once() -> None:
    client = Scripted({"Failed": [{"Id": "0", "SenderFault": True, "Code": "InvalidMessageContents"}]})
    with pytest.raises(SendRefused, match="InvalidMessageContents"):
        queue(client).send("work", [{}])
    assert len(client.calls) == 1


def test_of_a_batch_that_fails_for_two_reasons_the_refusal_is_told() -> None:
    failed = [
        {"Id": "0", "SenderFault": False, "Code": "InternalError"},
        {"Id": "1", "SenderFault": True, "Code": "InvalidMessageContents"},
    ]
    with pytest.raises(SendRefused, match="InvalidMessageContents"):
        queue(Scripted({"Failed": failed})).send("work", [{"n": 0}, {"n": 1}])


def test_a_batch_too_long_for_the_service_is_halved() -> None:
    sent: list[str] = []

    def service(arguments: dict[str, Any]) -> dict[str, Any]:
        if len(arguments["Entries"]) > 3:
            raise error("AWS.SimpleQueueService.BatchRequestTooLong")
        sent.extend(entry["MessageBody"] for entry in arguments["Entries"])
        return {}

    queue(Scripted(service)).send("work", [{"n": n} for n in range(10)])
    assert sent == [f'{{"n":{n}}}' for n in range(10)]


def test_a_client_is_made_once_and_only_when_needed() -> None:
    made: list[Scripted] = []

    def factory() -> Scripted:
        made.append(Scripted({}))
        return made[-1]

    table = DynamoDBStore("t", factory, FixedClock(datetime(2026, 11, 22, tzinfo=UTC)))
    assert made == []
    table.get("p", "a")
    table.get("p", "b")
    assert len(made) == 1


def test_a_factory_makes_a_real_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "cn-north-1")
    client = aws.client_factory("sqs", "http://127.0.0.1:9")()
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    client.close()


def test_importing_the_adapters_does_not_load_boto3() -> None:
    import subprocess

    program = (
        "import sys, chalicelib.adapters.dynamodb_store, chalicelib.adapters.sqs_queue, chalicelib.adapters.s3;"
        "sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
