"""The OpenAPI 3.1 document of the partner interface, made from the models that check the calls."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib.cases.model import CaseEvent, CaseRow
from chalicelib.enterprises.model import Enterprise
from chalicelib.finance.model import LoanEvent, LoanRow
from chalicelib.partners import once, signing
from chalicelib.partners.ingestion import MAX_ENTRIES
from chalicelib.partners.model import PARTNER_ID, Answer, ErrorBody, Kind
from chalicelib.partners.refusals import Reason
from chalicelib.ports import JsonObject

_REF = "#/components/schemas/{model}"
_MODELS: dict[Kind, tuple[type[BaseModel], type[BaseModel] | None]] = {
    Kind.CASES: (CaseRow, CaseEvent),
    Kind.LOANS: (LoanRow, LoanEvent),
    Kind.ENTERPRISES: (Enterprise, None),
}
_HEADER_NOTES = {
    signing.KEY: "密钥编号",
    signing.TIMESTAMP: "时间戳：1970 年以来的秒数，与服务器相差不超过 300 秒",
    signing.NONCE: "随机串，每次请求都换",
    signing.SIGNATURE: "签名：HMAC-SHA-256，小写十六进制",
}


@cache
def document(server: str) -> JsonObject:
    """``server`` is the public address that the paths stand under. The result is shared: do not change it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "溪心办合作单位接口",
            "version": "1.0.0",
            "description": "政务后台和银行报送办件、贷款、企业。签名方法见随密钥提供的说明（docs/partners.md）。",
        },
        "servers": [{"url": server}],
        "paths": {f"/partners/{{partner}}/{kind}": {"post": _operation(kind)} for kind in Kind},
        "components": {"schemas": _schemas(), "headers": {"Retry-After": _retry_after()}},
    }


def _operation(kind: Kind) -> JsonObject:
    body = {"application/json": {"schema": {"$ref": _REF.format(model=_body_name(kind))}}}
    done = {"application/json": {"schema": {"$ref": _REF.format(model=Answer.__name__)}}}
    return {
        "operationId": f"report_{kind}",
        "summary": f"报送{kind.chinese}",
        "parameters": [_partner(), *(_header(name, form) for name, form in signing.FORMS.items()), _idempotency_key()],
        "requestBody": {"required": True, "content": body},
        "responses": {"200": {"description": "逐行处理的结果", "content": done}, **_refusals()},
    }


def _partner() -> JsonObject:
    schema = {"type": "string", "pattern": f"^{PARTNER_ID}$"}
    return {"name": "partner", "in": "path", "required": True, "schema": schema, "description": "合作单位代号"}


def _header(name: str, form: str) -> JsonObject:
    schema = {"type": "string", "pattern": f"^{form}$"}
    return {"name": name, "in": "header", "required": True, "schema": schema, "description": _HEADER_NOTES[name]}


def _idempotency_key() -> JsonObject:
    return {
        "name": once.IDEMPOTENCY_KEY,
        "in": "header",
        "required": False,
        "schema": {"type": "string", "pattern": f"^{once.KEY_FORM}$"},
        "description": "幂等键：同一键、同一内容在 24 小时内得到同一答复",
    }


def _refusals() -> dict[str, JsonObject]:
    """One response a status, with the codes that it may carry."""
    by_status: dict[int, list[Reason]] = defaultdict(list)
    for reason in Reason:
        by_status[reason.status].append(reason)
    return {str(status): _refusal(reasons) for status, reasons in sorted(by_status.items())}


def _refusal(reasons: list[Reason]) -> JsonObject:
    response: JsonObject = {
        "description": "；".join(f"{reason.code}：{reason.message}" for reason in reasons),
        "content": {"application/json": {"schema": {"$ref": _REF.format(model=ErrorBody.__name__)}}},
    }
    if any(reason in (Reason.TOO_MANY, Reason.BUSY, Reason.IN_PROGRESS) for reason in reasons):
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return response


def _retry_after() -> JsonObject:
    return {"description": "多少秒后可以重发", "schema": {"type": "integer", "minimum": 1}}


def _schemas() -> dict[str, Any]:
    models: list[type[BaseModel]] = [model for pair in _MODELS.values() for model in pair if model is not None]
    models += [Answer, ErrorBody]
    _, made = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    schemas: dict[str, Any] = made["$defs"]
    for row, _ in _MODELS.values():
        schemas[row.__name__]["required"].remove("prov")  # filled in for who signs (registers.py)
    _let_rows_name_their_events(schemas)
    return schemas | {_body_name(kind): _body(kind) for kind in Kind}


def _let_rows_name_their_events(schemas: dict[str, Any]) -> None:
    """An event inside a row need not repeat the row's number."""
    for kind, number in ((Kind.CASES, "case_no"), (Kind.LOANS, "loan_id")):
        row, event = _MODELS[kind]
        assert event is not None
        inside = schemas[event.__name__]
        name = f"{event.__name__}InRow"
        schemas[name] = inside | {"required": [column for column in inside["required"] if column != number]}
        schemas[row.__name__]["properties"]["events"]["items"] = {"$ref": _REF.format(model=name)}


def _body(kind: Kind) -> JsonObject:
    """Rows and events together are at most 500; each list alone is all that a schema can say."""
    row, event = _MODELS[kind]
    lists = {"rows": row} | ({"events": event} if event else {})
    return {
        "type": "object",
        "title": f"{kind.chinese}报送",
        "additionalProperties": False,
        "minProperties": 1,
        "properties": {
            part: {"type": "array", "maxItems": MAX_ENTRIES, "items": {"$ref": _REF.format(model=model.__name__)}}
            for part, model in lists.items()
        },
    }


def _body_name(kind: Kind) -> str:
    return f"{kind.capitalize()}Body"
