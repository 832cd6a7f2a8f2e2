"""A job of a deployed stage, run with the operator's own AWS identity."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from chalicelib.errors import Refusal

APP = "xixinban"


def run_job(stage: str, job: str, *, as_of: date | None, dry_run: bool, enterprise: str | None) -> dict[str, Any]:
    """Invoke the stage's ``run_job`` and return its document. Raises Refusal with what AWS said."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    payload = {"job": job, "dry_run": dry_run, "enterprise": enterprise, "as_of": as_of.isoformat() if as_of else None}
    try:
        answer = boto3.client("lambda").invoke(
            FunctionName=f"{APP}-{stage}-run_job", Payload=json.dumps(payload).encode("utf-8")
        )
    except (BotoCoreError, ClientError) as error:
        raise Refusal(f"调用环境 {stage} 失败：{error}。请检查 AWS 凭证、区域和环境名。") from None
    body = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise Refusal(f"环境 {stage} 里的任务 {job} 出错：{body.get('errorMessage', body)}。请看该函数的日志。")
    return dict(body)
