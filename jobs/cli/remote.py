"""A deployed stage, reached with the operator's own AWS identity: its jobs by invocation, its rows by its settings."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from chalicelib.bootstrap import Application
from chalicelib.errors import Refusal
from chalicelib.settings import load

APP = "xixinban"
LONGEST_SECONDS = 900
"""A Lambda function runs no longer. The call waits for that, once: asked a second time, the job would run again."""

ClientOf = Callable[[str], Any]

_NOT_HERE = {
    **dict.fromkeys(("wechat_token", "wechat_app_secret", "session_secret"), "not-on-this-machine"),
    "wechat_aes_key": "x" * 43,
    **dict.fromkeys(("wechat_aes_key_previous", "wechat_token_previous", "session_secret_previous"), ""),
}
"""The stage's secrets stay there; commands that need them are not offered with --stage."""


class RemoteStage:
    """``client`` gives a boto3 client by service name, ``pause`` waits some seconds for what goes on there.

    Raises Refusal with what AWS said.
    """

    def __init__(self, name: str, client: ClientOf, pause: Callable[[float], None] = time.sleep) -> None:
        self.name = name
        self.pause = pause
        self._client = client

    def identity(self) -> str:
        """Who AWS says is asking: ``assumed-role/operators/zhang``."""
        arn = self._asked(lambda: self._client("sts").get_caller_identity())["Arn"]
        return str(arn).rpartition(":")[2]

    def application(self) -> Application:
        """All services over the stage's table, bucket and queues, with its settings but for its secrets."""
        public = self._invoke({"describe": True})["settings"]
        return Application(load(**{**public, **_NOT_HERE}))

    def run_job(self, job: str, *, as_of: date | None, dry_run: bool, enterprise: str | None) -> dict[str, Any]:
        """The stage's document of ``run``, with ``sentence`` and the ``shown`` lines of the plan."""
        on = as_of.isoformat() if as_of else None
        return self._invoke({"job": job, "dry_run": dry_run, "enterprise": enterprise, "as_of": on})

    def _invoke(self, payload: dict[str, Any]) -> dict[str, Any]:
        function = f"{APP}-{self.name}-run_job"
        words = json.dumps(payload).encode("utf-8")
        answer = self._asked(lambda: self._client("lambda").invoke(FunctionName=function, Payload=words))
        body = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            told = body.get("errorMessage", body)
            raise Refusal(
                f"环境 {self.name} 里的 {payload.get('job', '查询')} 出错：{told}。请看函数 {function} 的日志。"
            )
        return dict(body)

    def _asked(self, call: Callable[[], Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call()
        except (BotoCoreError, ClientError) as error:
            if _code(error) == "ResourceNotFoundException":
                raise Refusal(
                    f"连不上环境 {self.name}：这个区域里没有部署它。请先运行 make deploy STAGE={self.name}，"
                    "或检查区域（AWS_DEFAULT_REGION）和环境名。"
                ) from None
            raise Refusal(
                f"连不上环境 {self.name}：{error}。请检查 AWS 凭证、区域（AWS_DEFAULT_REGION）和环境名。"
            ) from None


def _code(error: Exception) -> str:
    answer: dict[str, Any] = getattr(error, "response", {})
    return str(answer.get("Error", {}).get("Code", ""))


_opened: list[RemoteStage] = []


@contextmanager
def opened(stage: RemoteStage) -> Iterator[None]:
    """The command that runs meanwhile is one on this stage."""
    _opened.append(stage)
    try:
        yield
    finally:
        _opened.pop()


def current() -> RemoteStage | None:
    """The stage that the command asked for with ``--stage``; None: this machine."""
    return _opened[-1] if _opened else None


def stage_named(name: str) -> RemoteStage:
    import boto3
    from botocore.config import Config

    # A run is silent for minutes: without keep-alive, firewalls on the way forget the connection.
    config = Config(read_timeout=LONGEST_SECONDS + 30, retries={"total_max_attempts": 1}, tcp_keepalive=True)
    session = boto3.session.Session()
    return RemoteStage(name, lambda service: session.client(service, config=config))  # type: ignore[call-overload]
