"""Asks DynamoDB for an export of the table to S3 (导出请求), and how far it is. Needs point-in-time recovery, which
every stage has, and takes nothing of the table's capacity.

Rights: infra/policies/operator_of_province.json (DynamoDB Developer Guide, "Requesting a table export").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from chalicelib.adapters.aws import ClientFactory, OnFirstUse, patiently
from chalicelib.errors import Refusal

PREFIX = "province/exports"
"""Of the stage's bucket: removed with all of ``province/`` by its lifecycle (infra/storage.py)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """``state`` is IN_PROGRESS, COMPLETED or FAILED, and then ``why``."""

    arn: str
    state: str
    why: str = ""

    @property
    def id(self) -> str:
        """What ``province columns`` takes, and the name of the export's folder."""
        return self.arn.rpartition("/")[2]


class TableExports:
    def __init__(self, table: str, bucket: str, client_factory: ClientFactory) -> None:
        self._table = table
        self._bucket = bucket
        self._client = OnFirstUse(client_factory)

    def ask(self, on: date, again: bool = False) -> Asked:
        """The table as it is now. Asked for the same day within eight hours, it is the same export unless ``again``."""
        client = self._client()
        token = f"{self._table}-columns-{on.isoformat()}" + (f"-{uuid4().hex}" if again else "")
        words = {
            "TableArn": self._arn(),
            "S3Bucket": self._bucket,
            "S3Prefix": PREFIX,
            "ExportFormat": "DYNAMODB_JSON",
            "ClientToken": token,
        }
        try:
            answer = patiently(client, lambda: client.export_table_to_point_in_time(**words))
        except client.exceptions.PointInTimeRecoveryUnavailableException:
            raise Refusal(f"表 {self._table} 没有打开时间点恢复，不能导出。请按模板重新部署，再导出。") from None
        return _asked(answer["ExportDescription"])

    def look(self, asked: Asked) -> Asked:
        client = self._client()
        return _asked(patiently(client, lambda: client.describe_export(ExportArn=asked.arn))["ExportDescription"])

    def _arn(self) -> str:
        client = self._client()
        answer = patiently(client, lambda: client.describe_table(TableName=self._table))
        return str(answer["Table"]["TableArn"])


def _asked(description: dict[str, Any]) -> Asked:
    failure = str(description.get("FailureMessage") or "")
    return Asked(str(description["ExportArn"]), str(description["ExportStatus"]), failure)
