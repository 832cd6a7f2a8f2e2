"""``award``: rounds of 免申即享 from the list to the last receipt; who lists does not confirm, who prepares not pay."""

from __future__ import annotations

import os
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from chalicelib import bootstrap, money
from chalicelib.errors import BadInput
from chalicelib.policies.awards.accounts import payee_of
from chalicelib.policies.awards.life import EntryLife, entry_life, round_life
from chalicelib.policies.awards.model import Entry, Round
from chalicelib.policies.awards.progress import next_step, sums
from chalicelib.policies.awards.service import AwardService
from chalicelib.policies.awards.statistics import Paid
from chalicelib.times import chinese_time, local_date
from jobs.cli.enterprise import UsccArgument, known
from jobs.cli.operator import ByOption
from jobs.cli.output import JSON, document, note, progress, say, table

app = typer.Typer(help="免申即享：名单、核定、公示、账户、拨付、回执、统计。", no_args_is_help=True)

RoundArgument = Annotated[str, typer.Argument(metavar="ROUND", help="批次编号，如 P26-2026-1，见 award list")]
NoteOption = Annotated[str, typer.Option("--note", help="理由")]
_SHOWN = 50


@app.command("open")
def open_round(
    policy: Annotated[str, typer.Argument(help="政策编号，如 P26")],
    by: ByOption,
    year: Annotated[int, typer.Option(min=2000, max=2100, help="兑现年度")],
) -> None:
    """生成一个年度的兑现名单；没做完的接着做。"""
    with progress("生成名单"):
        round_ = _awards().open(policy, year, by, _now())
    _tell(round_)


@app.command("list")
def list_rounds(as_json: Annotated[bool, JSON] = False) -> None:
    """全部批次和下一步。"""
    awards, today = _awards(), local_date(_now())
    rows = [(round_, round_life(round_), awards.tally(round_.id)) for round_ in awards.rounds()]
    if as_json:
        return document([_round_row(round_) for round_, _, _ in rows])
    table(
        ("批次", "政策", "阶段", "名单", "情况", "下一步"),
        [
            (r.id, r.short, life.stage(today), f"{life.count} 家", sums(tally), next_step(life, tally, today))
            for r, life, tally in rows
        ],
    )
    return None


@app.command("show")
def show(round_id: RoundArgument, as_json: Annotated[bool, JSON] = False) -> None:
    """一个批次的名单和全部经过；账号只显示后四位。"""
    awards = _awards()
    round_ = awards.round(round_id)
    entries = list(awards.entries(round_id))
    if as_json:
        return document({**_round_row(round_), "entries": [_entry_row(entry, entry_life(entry)) for entry in entries]})
    _tell(round_)
    lives = [(entry, entry_life(entry)) for entry in entries[:_SHOWN]]
    table(
        ("企业", "名称", "金额", "情况", "账户", "问题"),
        [
            (e.uscc, e.name, money.show(e.amount), life.state, life.payee.masked if life.payee else "", _trouble(life))
            for e, life in lives
        ],
    )
    if len(entries) > _SHOWN:
        note(f"另有 {len(entries) - _SHOWN} 家没有列出，用 --json 看全部。")
    table(("时间", "经过", "经办人", "说明"), [(chinese_time(e.at), e.act, e.by, e.note) for e in round_.events])
    return None


@app.command("confirm")
def confirm(round_id: RoundArgument, by: ByOption) -> None:
    """部门核定名单；不能是生成名单的人。"""
    _tell(_awards().confirm(round_id, by, _now()))


@app.command("publicise")
def publicise(
    round_id: RoundArgument,
    by: ByOption,
    days: Annotated[int, typer.Option(min=1, max=60, help="公示几天，自然日，含首尾")],
    start: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="从哪天起，默认今天")] = None,
) -> None:
    """开始公示。"""
    first = start.date() if start else local_date(_now())
    _tell(_awards().publicise(round_id, by, first, days, _now()))
    note(f"公示期内任何人可看名单：{bootstrap.current().settings.public_url}/h5/publicity/{round_id}")


@app.command("object")
def object_to(round_id: RoundArgument, uscc: UsccArgument, by: ByOption, reason: NoteOption) -> None:
    """登记对名单中一家企业的异议。"""
    number = _awards().object_to(round_id, known(uscc), by, reason, _now())
    say(f"已登记第 {number} 号异议。处理前不会拨付这家企业；处理用 award resolve。")


@app.command("resolve")
def resolve(
    round_id: RoundArgument,
    uscc: UsccArgument,
    number: Annotated[int, typer.Argument(min=1, help="异议编号")],
    by: ByOption,
    upheld: Annotated[bool, typer.Option("--upheld/--overruled", help="异议成立（撤出名单）或不成立")],
    reason: NoteOption,
) -> None:
    """处理一个异议。"""
    _say_entry(_awards().resolve(round_id, known(uscc), number, by, upheld, reason, _now()))


@app.command("withdraw")
def withdraw(round_id: RoundArgument, uscc: UsccArgument, by: ByOption, reason: NoteOption) -> None:
    """拨付前把一家企业撤出名单。"""
    _say_entry(_awards().withdraw(round_id, known(uscc), by, reason, _now()))


@app.command("account")
def account(
    round_id: RoundArgument,
    uscc: UsccArgument,
    by: ByOption,
    name: Annotated[str, typer.Option(help="户名，要与企业名称一致")],
    bank: Annotated[str, typer.Option(help="开户行")],
) -> None:
    """凭企业材料登记收款账户；账号从键盘输入，不留在命令记录里。"""
    number = typer.prompt("账号", hide_input=True, err=True)
    try:
        payee = payee_of(name, bank, number)
    except ValueError as error:
        raise BadInput(f"收款账户的{error}。") from None
    _say_entry(_awards().record_account(round_id, known(uscc), payee, by, _now()))


@app.command("accounts")
def accounts(round_id: RoundArgument, file: Path, by: ByOption) -> None:
    """从 CSV 登记收款账户：统一社会信用代码、户名、开户行、账号。"""
    taken = _awards().take_accounts(round_id, _read(file), by, _now())
    say(f"确认 {taken.confirmed} 家，不能收款 {taken.refused} 家，没有变化 {taken.already} 家。")


@app.command("pool")
def pool(
    by: ByOption,
    name: Annotated[str | None, typer.Argument(help="资金池名称；不写则看全部")] = None,
    year: Annotated[int | None, typer.Option(min=2000, max=2100, help="年度，默认今年")] = None,
    total: Annotated[str | None, typer.Option(help="全年总额（元）；不写则只看")] = None,
    reason: NoteOption = "",
) -> None:
    """资金池的总额、已承诺、已支付。"""
    awards = _awards()
    if name is not None and total is not None:
        awards.set_pool(name, year or local_date(_now()).year, _fen(total), by, reason, _now())
    found = [one for one in awards.pools() if name in (None, one.name) and year in (None, one.year)]
    columns = ("资金池", "年度", "总额", "已承诺", "已支付", "可用")
    table(
        columns,
        [(p.name, p.year, *(money.show(fen) for fen in (p.total, p.committed, p.paid, p.available))) for p in found],
    )


@app.command("batch")
def batch(round_id: RoundArgument, by: ByOption) -> None:
    """编制支付批次：账户已确认、没有异议的企业，从资金池承诺。"""
    with progress("编制支付批次"):
        made = _awards().prepare(round_id, by, _now())
    if made.dissolved:
        say(f"第 {made.number} 批没有可支付的企业，已退回。请用 award show {round_id} 看原因。")
        return
    say(f"第 {made.number} 批 {made.count} 笔 {money.show(made.total or 0)}，请另一人批准：award pay {round_id}。")


@app.command("dissolve")
def dissolve(round_id: RoundArgument, by: ByOption, reason: NoteOption) -> None:
    """退回还没有批准的支付批次。"""
    given_up = _awards().dissolve(round_id, by, reason, _now())
    say(f"第 {given_up.number} 批已退回，承诺的资金已放回资金池。")


@app.command("pay")
def pay(
    round_id: RoundArgument,
    by: ByOption,
    out: Annotated[Path, typer.Option(help="支付文件写到哪里（CSV，含完整账号，只有本人可读）")],
) -> None:
    """批准支付批次并写出支付文件；批准人不能是编制人。已批准的再写一次，内容不变。"""
    with progress("批准支付批次"):
        file = _awards().pay(round_id, by, _now())
    _write_private(out, file.data)
    say(f"{file.name}：{file.count} 笔 {money.show(file.total)}，已写到 {out}。校验值 {file.digest}")


@app.command("receipts")
def receipts(round_id: RoundArgument, file: Path, by: ByOption) -> None:
    """导入银行回执 CSV：支付编号、金额（元）、结果（成功、退回）、日期、原因。"""
    with progress("导入回执"):
        received = _awards().take_receipts(round_id, _read(file), f"{by}（{file.name}）", _now())
    say(f"到账 {received.paid} 笔，退回 {received.returned} 笔，以前已登记 {received.already} 笔。")


@app.command("close")
def close(round_id: RoundArgument, by: ByOption, reason: NoteOption) -> None:
    """结束一个批次；没有拨付的不再拨付。"""
    _tell(_awards().close(round_id, by, reason, _now()))


@app.command("statistics")
def statistics(
    year: Annotated[int | None, typer.Option(help="只看一个兑现年度")] = None, as_json: Annotated[bool, JSON] = False
) -> None:
    """到账资金、惠及企业（去重）和笔数。"""
    found = _awards().statistics(year)
    if as_json:
        by_policy = {policy: _paid_row(paid) for policy, paid in found.by_policy.items()}
        return document({**_paid_row(found.all), "policies": by_policy})
    rows = [*found.by_policy.items(), ("合计", found.all)]
    table(
        ("政策", "到账资金", "惠及企业", "笔数"),
        [(name, money.show(p.total), p.enterprises, p.payments) for name, p in rows],
    )
    return None


# --------------------------------------------------------------------------------------------------------------- parts


def _awards() -> AwardService:
    application = bootstrap.current()
    return AwardService(application.store, lambda: application.catalogue().policies, demo=application.settings.demo)


def _now() -> datetime:
    return bootstrap.current().clock.now()


def _tell(round_: Round) -> None:
    life, today = round_life(round_), local_date(_now())
    counted = _awards().tally(round_.id)
    sample = "（示例数据）" if round_.sample else ""
    say(f"{round_.id} {round_.short}{sample}：{life.stage(today)}，名单 {life.count} 家 {money.show(life.total)}")
    if counted.entries:
        say(f"情况：{sums(counted)}")
    say(f"下一步：{next_step(life, counted, today)}")


def _say_entry(entry: Entry) -> None:
    say(f"{entry.name}：{entry_life(entry).state}")


def _trouble(life: EntryLife) -> str:
    objections = f"未处理异议 {'、'.join(map(str, sorted(life.objections)))} 号" if life.objections else ""
    return "；".join(part for part in (life.withdrawn or life.problem or "", objections) if part)


def _round_row(round_: Round) -> dict[str, object]:
    life = round_life(round_)
    log = [event.model_dump(mode="json", exclude_none=True) for event in round_.events]
    return {
        "round": round_.id,
        "policy": round_.policy,
        "version": round_.version,
        "year": round_.year,
        "stage": life.stage(local_date(_now())),
        "count": life.count,
        "total_fen": life.total,
        "sample": round_.sample,
        "log": log,
    }


def _entry_row(entry: Entry, life: EntryLife) -> dict[str, object]:
    """What a program gets: the account masked, also in the log."""
    return {
        "id": entry.id,
        "uscc": entry.uscc,
        "name": entry.name,
        "amount_fen": entry.amount,
        "state": life.state,
        "account": life.payee.masked if life.payee else None,
        "problem": life.problem or life.withdrawn,
        "objections": sorted(life.objections),
        "grounds": entry.grounds,
        "log": [event.model_dump(mode="json", exclude={"payee"}, exclude_none=True) for event in entry.events],
    }


def _paid_row(paid: Paid) -> dict[str, int]:
    return {"paid_fen": paid.total, "enterprises": paid.enterprises, "payments": paid.payments}


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise BadInput(f"没有 {file} 这个文件。请核对路径。")
    return file.read_bytes()


def _write_private(path: Path, data: bytes) -> None:
    """Whole or not at all, and readable by its owner alone: it holds account numbers."""
    if not path.parent.is_dir():
        raise BadInput(f"没有 {path.parent} 这个目录。请先建好目录。")
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
        out.write(data)
    draft.replace(path)


def _fen(text: str) -> int:
    try:
        fen = Decimal(text) * money.FEN_PER_YUAN
    except InvalidOperation:
        raise BadInput(f"总额应是以元为单位的数字，写的是“{text}”。") from None
    if not fen.is_finite() or fen < 0 or fen != fen.to_integral_value():
        raise BadInput(f"总额不能小于 0，最多两位小数，写的是“{text}”。")
    return int(fen)
