"""``partner``: who may report by signed calls, and their keys (合作单位、密钥)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer
from pydantic import ValidationError

from chalicelib import bootstrap
from chalicelib.content import wording
from chalicelib.errors import BadInput
from chalicelib.partners.model import Kind, Partner, PartnerKey
from chalicelib.partners.service import KEY_LIFE
from chalicelib.times import local_date
from jobs.cli.output import JSON, document, say, table

app = typer.Typer(help="合作单位：政务后台和银行的接口权限与密钥。", no_args_is_help=True)

PartnerArgument = Annotated[str, typer.Argument(help="合作单位代号，如 lx-sjj")]
_DEFAULTS = {name: field.default for name, field in Partner.model_fields.items()}


@app.command("add")
def add(
    partner_id: PartnerArgument,
    name: Annotated[str, typer.Option(help="单位名称")],
    scope: Annotated[list[Kind], typer.Option(help="可报送：cases 办件、loans 贷款、enterprises 企业；可写多次")],
    bank: Annotated[str | None, typer.Option(help="银行名称，与贷款上写的一致；银行必填，只能报本行贷款")] = None,
    per_second: Annotated[int, typer.Option(help="每秒最多次数")] = _DEFAULTS["per_second"],
    per_minute: Annotated[int, typer.Option(help="每分钟最多次数")] = _DEFAULTS["per_minute"],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """登记一个合作单位；代号已有时，改成这次写的内容。"""
    values = {"id": partner_id, "name": name, "scopes": list(dict.fromkeys(scope)), "bank": bank}
    try:
        partner = Partner.model_validate(values | {"per_second": per_second, "per_minute": per_minute})
    except ValidationError as error:
        raise BadInput("；".join(_told(column, text) for column, text in wording.explain(error, Partner))) from None
    changed = bootstrap.current().partners.register(partner)
    if as_json:
        document({**partner.model_dump(mode="json"), "changed": changed})
        return
    say(f"{'已保存' if changed else '没有变化'}：{partner.name}（{partner.id}），可报送{_scopes(partner)}")
    if changed:
        say(f"下一步：python -m jobs partner issue-key {partner.id}")


@app.command("issue-key")
def issue_key(
    partner_id: PartnerArgument,
    days: Annotated[int, typer.Option(help="有效天数", min=1)] = KEY_LIFE.days,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """发一个新密钥；密文只显示这一次。旧密钥照常有效，换好后请作废。"""
    application = bootstrap.current()
    issued = application.partners.issue_key(partner_id, application.clock.now(), timedelta(days=days))
    if as_json:
        document(
            {
                "partner": issued.partner,
                "key": issued.id,
                "secret": issued.secret,
                "expires_at": issued.expires_at.isoformat(),
            }
        )
        return
    say(f"密钥编号 {issued.id}")
    say(f"密钥密文 {issued.secret}")
    say(f"有效至 {local_date(issued.expires_at)}。请当面或用加密方式交给对方，连同 docs/partners.md。")


@app.command("revoke-key")
def revoke_key(
    partner_id: PartnerArgument,
    key_id: Annotated[str, typer.Argument(help="密钥编号，16 位")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """作废一个密钥，立即生效。"""
    application = bootstrap.current()
    key = application.partners.revoke_key(partner_id, key_id, application.clock.now())
    if as_json:
        document({"partner": partner_id, **key.model_dump(mode="json")})
        return
    say(f"密钥 {key.id} 已作废。")


@app.command("list")
def list_partners(as_json: Annotated[bool, JSON] = False) -> None:
    """合作单位、权限和密钥。"""
    application = bootstrap.current()
    now = application.clock.now()
    found = [(partner, application.partners.keys(partner.id)) for partner in application.partners.all()]
    if as_json:
        document([{**p.model_dump(mode="json"), "keys": [key.model_dump(mode="json") for key in k]} for p, k in found])
        return
    rows = [
        (p.id, p.name, _scopes(p), key.id if key else "", _state(key, now))
        for p, keys in found
        for key in (list[PartnerKey | None](keys) or [None])
    ]
    table(("代号", "名称", "可报送", "密钥", "状态"), rows)


def _scopes(partner: Partner) -> str:
    return "、".join(kind.chinese for kind in partner.scopes) + (f"（限{partner.bank}）" if partner.bank else "")


def _state(key: PartnerKey | None, now: datetime) -> str:
    if key is None:
        return "还没有密钥"
    if key.revoked_at is not None:
        return f"{local_date(key.revoked_at)} 已作废"
    return f"有效至 {local_date(key.expires_at)}" if key.valid(now) else f"{local_date(key.expires_at)} 已过期"


def _told(column: str | None, text: str) -> str:
    return f"{column}：{text}" if column else text
