"""``project``: the transition-finance library (转型项目库): entries, their review, and applications in a bundle."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from chalicelib.finance.bundles import Bundle
from chalicelib.finance.emissions import UNITS, EmissionFactor, FactorService, reckon, reduction
from chalicelib.finance.library import is_listed, totals
from chalicelib.finance.review import Act, ReviewStep
from chalicelib.money import FEN_PER_YUAN, show
from chalicelib.times import local_date
from jobs.cli.operator import ByOption
from jobs.cli.output import JSON, document, note, say, table

app = typer.Typer(help="转型项目库：入库评审、合计、打捆申报。", no_args_is_help=True)


@app.command("list")
def list_projects(as_json: Annotated[bool, JSON] = False) -> None:
    """库里的项目和合计；合计只算在库有效的。"""
    application = bootstrap.current()
    today = local_date(application.clock.now())
    projects = sorted(application.projects.all(), key=lambda each: each.id)
    sums = totals(each for each in projects if is_listed(each, today))
    if as_json:
        rows = [{"id": each.id, "name": each.name, "stage": each.stage, "score": each.score} for each in projects]
        document({"projects": rows, "as_of": today.isoformat(), "totals": {
            "entries": sums.entries, "enterprises": sums.enterprises, "line": sums.line, "drawn": sums.drawn,
            "balance": sums.balance, "use_percent": sums.use_percent,
        }})  # fmt: skip
        return
    table(
        ("项目代码", "名称", "所处阶段", "得分", "有效期至"),
        [(each.id, each.name, each.stage, each.score or "", each.expires_on or "") for each in projects],
    )
    use = f"，使用率 {sums.use_percent}%" if sums.use_percent is not None else ""
    amounts = f"授信 {show(sums.line)}，累计放款 {show(sums.drawn)}，余额 {show(sums.balance)}"
    say(f"截至 {today}，在库有效 {sums.entries} 个（{sums.enterprises} 家企业）：{amounts}{use}。")


@app.command("show")
def show_project(project_id: Annotated[str, typer.Argument(help="项目代码")]) -> None:
    """一个项目走到哪一步、每一步是谁办的。"""
    application = bootstrap.current()
    project = application.projects.get(project_id)
    if project is None:
        raise BadInput(f"转型项目库里没有 {project_id}。请用 project list 查看项目代码。")
    say(
        f"{project.id} {project.name}：{project.stage}" + (f"，{project.score} 分" if project.score is not None else "")
    )
    for each in application.projects.history(project_id):
        scores = "、".join(f"{name} {points}" for name, points in each.scores.items())
        say(
            f"{each.on} {each.act} · {each.by}"
            + (f" · {scores}" if scores else "")
            + (f" · {each.note}" if each.note else "")
        )


@app.command("review")
def review(
    project_id: Annotated[str, typer.Argument(help="项目代码")],
    act: Annotated[str, typer.Argument(help="、".join(Act))],
    by: ByOption,
    score: Annotated[list[str] | None, typer.Option(help="评审打分，如 --score 目录符合性=28，每项一个")] = None,
    note: Annotated[str, typer.Option(help="说明；出库要写原因")] = "",
) -> None:
    """办理入库评审的一步；评审和形式审查要是两个人。"""
    if act not in set(Act):
        raise BadInput(f"没有“{act}”这一步；可用：{'、'.join(Act)}")
    application = bootstrap.current()
    step = ReviewStep(
        act=Act(act),
        by=by,
        on=local_date(application.clock.now()),
        scores=_scores(score or []),
        note=note,
    )
    project = application.projects.review(project_id, step)
    score_text = f"，{project.score} 分" if step.act is Act.SCORE else ""
    until = f"，有效期至 {project.expires_on}" if project.stage == "入库" else ""
    say(f"{project.id} 现在是“{project.stage}”{score_text}{until}。")


@app.command("bundle")
def bundle(
    file: Annotated[Path, typer.Argument(help="打捆申报 JSON：id、policy、lead、unit、basis、members")],
    by: ByOption,
    grant: Annotated[str, typer.Option(help="核定奖补（元）；写了就按份额分配")] = "",
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """登记一份打捆申报；核定后按核定份额分到每家，合计一分不差。"""
    application = bootstrap.current()
    given = _bundle(file)
    fen = _fen(grant) if grant else None
    for member in given.members:
        if application.enterprises.get(member.uscc) is None:
            raise BadInput(f"成员 {member.uscc} 不在企业库里，请先用 content load 导入企业。")
    application.bundles.enter(given)
    if fen is not None:
        given = application.bundles.confirm(given.id, fen, by, application.clock.now())
    parts = given.parts()
    if as_json:
        document({"id": given.id, "grant": given.grant, "parts": parts})
        return
    rows = [(each.uscc, each.share, show(parts[each.uscc]) if parts else "待核定") for each in given.members]
    table(("成员", f"核定份额（{given.unit}）", "分得"), rows)


@app.command("factors")
def factors(
    file: Annotated[
        Path | None, typer.Argument(help="排放因子 YAML：energy、factor、valid_from、valid_to、source")
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """登记或查看排放因子；系统不自带因子，每个都要有启用日期和来源。"""
    service = FactorService(bootstrap.current().store)
    if file is not None:
        changed = service.save(_factors(file))
        note(f"登记或更新 {changed} 个因子。")
    kept = list(service.all())
    if as_json:
        document([each.model_dump(mode="json") for each in kept])
        return
    table(
        ("能源", "吨二氧化碳/单位", "单位", "启用", "停用", "来源"),
        [(f.energy, f.factor, UNITS[f.energy], f.valid_from, f.valid_to or "", f.source) for f in kept],
    )


@app.command("emissions")
def emissions(
    project_id: Annotated[str, typer.Argument(help="项目代码")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """按登记的因子核算一个项目各年的碳排放，和填报数、减碳目标对照。"""
    application = bootstrap.current()
    project = application.projects.get(project_id)
    if project is None:
        raise BadInput(f"转型项目库里没有 {project_id}。请用 project list 查看项目代码。")
    known = list(FactorService(application.store).all())
    found = [reckon(figures, known) for figures in sorted(project.figures, key=lambda each: each.year)]
    base = next((each for each in found if each.year == project.base_year), None)
    rows = [(each, reduction(base, each) if base else None) for each in found]
    if as_json:
        document(
            [
                {"year": e.year, "tonnes": e.tonnes, "reported": e.reported, "missing": e.missing, "reduction": cut}
                for e, cut in rows
            ]
        )
        return
    if not rows:
        say(f"{project_id} 没有填报近三年指标。")
        return
    table(
        ("年份", "核算（吨）", "填报（吨）", "比基准年减（%）", "说明"),
        [
            (
                e.year,
                _shown(e.tonnes),
                _shown(e.reported),
                _shown(cut),
                "、".join(e.missing) or ("和填报不一致，请核对" if e.differs else ""),
            )
            for e, cut in rows
        ],
    )
    if project.reduction_percent is not None:
        say(f"目标：{project.target_year or ''} 年比 {project.base_year or '基准年'} 减 {project.reduction_percent}%。")


def _shown(value: Decimal | None) -> str:
    return "" if value is None else str(value)


def _factors(file: Path) -> list[EmissionFactor]:
    """Raises BadInput naming the entry and what is wrong with it."""
    import yaml

    if not file.is_file():
        raise BadInput(f"没有找到文件 {file}，请核对路径。")
    try:
        rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise BadInput(f"{file.name} 不是能读的 YAML（UTF-8），请核对。") from None
    if not isinstance(rows, list):
        raise BadInput(f"{file.name} 要是一个列表，每条一个因子。")
    found = []
    for number, row in enumerate(rows, 1):
        try:
            found.append(EmissionFactor.model_validate(row))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "整条"
            raise BadInput(f"{file.name} 第 {number} 条的 {where}：{first['msg']}") from None
    return found


def _scores(words: list[str]) -> dict[str, int]:
    scores: dict[str, int] = {}
    for word in words:
        name, equals, points = word.partition("=")
        if not equals or not points.isdigit():
            raise BadInput(f"打分“{word}”不对，请写成 目录符合性=28 这样。")
        scores[name] = int(points)
    return scores


def _bundle(file: Path) -> Bundle:
    if not file.is_file():
        raise BadInput(f"没有找到文件 {file}，请核对路径。")
    try:
        return Bundle.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise BadInput(f"{file.name} 不是完整的 JSON（UTF-8），请核对。") from None
    except ValidationError as error:
        lines = [f"{file.name} {'.'.join(map(str, each['loc']))}：{each['msg']}" for each in error.errors()]
        raise BadInput("\n".join(lines)) from None


def _fen(text: str) -> int:
    try:
        fen = Decimal(text.replace(",", "")) * FEN_PER_YUAN
    except InvalidOperation:
        raise BadInput(f"--grant “{text}”不是金额（元）。") from None
    if not fen.is_finite() or fen < 0 or fen != fen.to_integral_value():
        raise BadInput(f"--grant “{text}”要是不小于 0、最多两位小数的金额（元）。")
    return int(fen)
