"""``report``: the county's figures on one page for a phone and in one workbook (县级运行报告)."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from chalicelib import bootstrap
from chalicelib.errors import BadInput
from chalicelib.times import chinese_time, local_date
from jobs.cli.output import JSON, document, say, table
from jobs.county_report import CountyReport, Reported, Table, county_report, tables

REPORTED = Path(__file__).parent.parent / "reported" / "county.yaml"
_TEMPLATES = Path(__file__).parent.parent / "templates"


def register(app: typer.Typer) -> None:
    app.command("report")(report)


def report(
    month: Annotated[str, typer.Option(help="月份，如 2026-11；不写是本月")] = "",
    html: Annotated[Path | None, typer.Option(help="写一页手机上看的网页")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="写带明细和图表的工作簿")] = None,
    reported: Annotated[Path, typer.Option(help="公开报道的数字（YAML）")] = REPORTED,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """县级运行报告：贷款、快速通道、项目库、资金池、兑现、办件、通知，每个数字带口径。"""
    application = bootstrap.current()
    now = application.clock.now()
    first = _month(month) if month else local_date(now)
    found = county_report(application, first, read_reported(reported), now)
    if html is not None:
        html.write_text(as_html(found), encoding="utf-8")
        say(f"网页已写到 {html}。")
    if xlsx is not None:
        write_workbook(found, xlsx)
        say(f"工作簿已写到 {xlsx}。")
    if as_json:
        document(_document(found))
    elif html is None and xlsx is None:
        _print(found)


def read_reported(path: Path) -> list[Reported]:
    """Raises BadInput naming the file and the entry that is wrong."""
    import yaml
    from pydantic import ValidationError

    if not path.is_file():
        raise BadInput(f"没有找到文件 {path}，请核对路径。")
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except (yaml.YAMLError, UnicodeDecodeError):
        raise BadInput(f"{path.name} 不是能读的 YAML（UTF-8），请核对。") from None
    if not isinstance(rows, list):
        raise BadInput(f"{path.name} 要是一个列表，每条一个数字。")
    found = []
    for number, row in enumerate(rows, 1):
        try:
            found.append(Reported.model_validate(row))
        except ValidationError as error:
            where = "、".join(".".join(map(str, each["loc"])) or "整条" for each in error.errors())
            raise BadInput(f"{path.name} 第 {number} 条的 {where} 不对，请核对。") from None
    return found


def as_html(found: CountyReport) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    pages = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return pages.get_template("county.html").render(report=found, as_of=chinese_time(found.as_of))


def write_workbook(found: CountyReport, path: Path) -> None:
    """Sheet 指标 with every figure and its definition, then the rows behind them with their charts."""
    from openpyxl import Workbook

    book = Workbook()
    del book["Sheet"]
    sheet = book.create_sheet("指标")
    sheet.append(("部分", "指标", "数值", "口径", "明细", "截至"))
    for section in found.sections:
        for figure in section.figures:
            row = (section.title, figure.name, figure.value, figure.definition, figure.rows, found.as_of.isoformat())
            sheet.append(row)
    if found.sample:
        sheet.append(("示例数据", "含示例数据，不是真实业务"))
    for each in tables(found):
        _sheet(book, each)
    told = book.create_sheet("公开报道")
    told.append(("指标", "数值", "单位", "截至", "来源"))
    for fact in found.reported:
        told.append((fact.name, fact.value, fact.unit, fact.as_of, fact.source))
    for each_sheet in book.worksheets:
        each_sheet.freeze_panes = "A2"
    book.save(path)


def _sheet(book: Any, behind: Table) -> None:
    from openpyxl.chart import BarChart, Reference

    sheet = book.create_sheet(behind.name)
    sheet.append(behind.columns)
    for row in behind.rows:
        sheet.append(row)
    if behind.chart is None or not behind.rows:
        return
    label, value = (column + 1 for column in behind.chart)
    last = len(behind.rows) + 1
    chart = BarChart()
    chart.type, chart.title = "bar", behind.columns[value - 1]
    chart.add_data(Reference(sheet, min_col=value, min_row=1, max_row=last), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=label, min_row=2, max_row=last))
    sheet.add_chart(chart, f"{chr(ord('A') + len(behind.columns) + 1)}2")


def _print(found: CountyReport) -> None:
    say(f"溪心办运行报告 {found.month}，截至 {chinese_time(found.as_of)}{'（含示例数据）' if found.sample else ''}")
    for section in found.sections:
        table((section.title, "", "口径"), [(each.name, each.value, each.definition) for each in section.figures])


def _document(found: CountyReport) -> dict[str, object]:
    return {
        "month": found.month,
        "as_of": found.as_of.isoformat(),
        "sample": found.sample,
        "sections": [
            {
                "title": section.title,
                "figures": [
                    {"name": each.name, "value": each.value, "definition": each.definition} for each in section.figures
                ],
            }
            for section in found.sections
        ],
        "reported": [fact.model_dump() for fact in found.reported],
    }


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise BadInput(f"月份“{text}”不对，请写成 2026-11 这样。") from None
