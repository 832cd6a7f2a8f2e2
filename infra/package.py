"""``python -m infra.package``: the template and the zip of a stage, checked before anybody deploys them.

A clean copy is staged, Chalice packages it and merges our template, and the result is looked at: every pinned
distribution in, nothing else of ours, importable on its own, no ``arn:aws:``, cfn-lint quiet in China and elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from chalicelib.errors import BadInput, Refusal
from infra import archive, interpreter, layers, stagefile
from infra.failed import PackagingFailed
from infra.stage import Stage
from infra.staging import ARCHITECTURES, CHALICE_STAGE, Architecture, stage_copy
from infra.template import Built, build

ROOT = Path(__file__).resolve().parents[1]
REGIONS = ("cn-north-1", "cn-northwest-1", "us-east-1")
TEMPLATE, ZIP, MANIFEST = "template.json", "deployment.zip", "manifest.json"

_CHALICE = "from chalice.cli import main; main()"
_LINT = "import sys; from cfnlint import runner; sys.exit(runner.main())"
_IMPORT_ALL = Path(__file__).parent / "import_all.py"


@dataclass(frozen=True, slots=True)
class Package:
    """``bytes`` and ``unzipped`` are sizes of the zip; ``runtime`` as Lambda calls it; ``layers`` beside the zip."""

    stage: str
    architecture: Architecture
    runtime: str
    sha256: str
    bytes: int
    unzipped: int
    layers: tuple[layers.Built, ...] = ()


def make(
    stage: Stage,
    architecture: Architecture,
    out: Path,
    using: interpreter.Interpreter,
    root: Path = ROOT,
    wanted_layers: Collection[str] = (),
) -> Package:
    """Package the tree at ``root``. Raises PackagingFailed; ``out`` is then left as it was."""
    python, runtime = interpreter.with_tools(using, ROOT), f"python{using.label}"
    wanted = archive.pins((root / "requirements.txt").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="xixinban-package-") as name:
        work = Path(name)
        made, files, opt = work / "out", work / "files", work / "opt"
        stage_copy(root, work / "app", architecture)
        template = chalice_package(work / "app", made, stage, python, Built(architecture, runtime, wanted_layers))
        _check_files(archive.unpack(made / ZIP, files), wanted, files, architecture)
        built = [layers.build(each, architecture, python, runtime, made, opt) for each in layers.chosen(wanted_layers)]
        if _runs_here(architecture):
            check_imports(files, python, [opt / each.name / "python" for each in built])
        archive.compile_sources(files, python)
        unzipped = archive.pack(files, made / ZIP)
        layers.check_sizes(unzipped, built)
        (made / TEMPLATE).write_text(json.dumps(template, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        check_template(made / TEMPLATE)
        data = (made / ZIP).read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        package = Package(stage.name, architecture, runtime, digest, len(data), unzipped, tuple(built))
        (made / MANIFEST).write_text(json.dumps(asdict(package), indent=1) + "\n", encoding="utf-8")
        _deliver(made, out)
    return package


def chalice_package(app_dir: Path, out: Path, stage: Stage, python: Path, built: Built) -> dict[str, Any]:
    """Run ``chalice package`` in the staged copy; the merged template. Offline but for pip."""
    extras = app_dir / "extras.json"
    extras.write_text(json.dumps(_extras(stage, built)), encoding="utf-8")
    words = ["package", "--stage", CHALICE_STAGE, "--merge-template", str(extras)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XIXINBAN_", "PYTHON"))}
    done = subprocess.run(
        [str(python), "-c", _CHALICE, *words, str(out)],
        cwd=app_dir,
        env=environment | {"AWS_DEFAULT_REGION": REGIONS[0], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PackagingFailed(f"chalice package 失败：\n{(done.stdout + done.stderr).strip()[-3000:]}")
    made = out / "sam.json"
    template: dict[str, Any] = json.loads(made.read_text(encoding="utf-8"))
    made.unlink()
    return template


def check_template(template: Path) -> None:
    """Raises PackagingFailed for an ARN of one partition only, and for anything cfn-lint has to say."""
    if "arn:aws:" in template.read_text(encoding="utf-8"):
        raise PackagingFailed("模板里写死了 arn:aws:，在中国区不能用；请改用 ${AWS::Partition}。")
    done = subprocess.run(
        [sys.executable, "-c", _LINT, "--regions", *REGIONS, "--template", str(template)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PackagingFailed(f"cfn-lint 不通过：\n{(done.stdout + done.stderr).strip()[:6000]}")


def check_imports(files: Path, python: Path, layers: Sequence[Path] = ()) -> None:
    """Import every module of ours from the unpacked zip, the layers, and nothing else. Raises PackagingFailed."""
    command = [str(python), "-I", "-S", "-B", str(_IMPORT_ALL), str(files), *map(str, layers)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingFailed(f"包里的代码自己运行不起来：\n{done.stderr.strip()[-2000:]}")


def _extras(stage: Stage, built: Built) -> dict[str, Any]:
    from app import app
    from jobs.registry import JOBS

    return build(stage, app, {name: job.schedule for name, job in JOBS.items()}, built)


def _check_files(names: list[str], wanted: dict[str, str], files: Path, architecture: Architecture) -> None:
    found = list(archive.problems(names, wanted))
    found += [f"{name} 不是 {architecture} 的" for name in archive.foreign_libraries(files, architecture)]
    if found:
        raise PackagingFailed("打出的包不对：\n" + "\n".join(f"- {each}" for each in found[:20]))


def _runs_here(architecture: Architecture) -> bool:
    machine = {"aarch64": "arm64", "amd64": "x86_64"}.get(platform.machine().lower(), platform.machine())
    return sys.platform == "linux" and machine == architecture


def _deliver(made: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(made, out)


def _say(package: Package, out: Path) -> None:
    typer.echo(f"环境 {package.stage} 打包完成：{out}")
    typer.echo(f"运行时 {package.runtime}，{package.architecture}；zip {package.bytes / 1e6:.2f} MB，", nl=False)
    typer.echo(f"解压后 {package.unzipped / 1e6:.1f} MB；cfn-lint 通过（{'、'.join(REGIONS)}）")
    for layer in package.layers:
        typer.echo(f"层 {layer.name}：zip {layer.bytes / 1e6:.2f} MB，解压后 {layer.unzipped / 1e6:.1f} MB")
    typer.echo(f"sha256 {package.sha256}")


def package_command(
    stage: Annotated[str, typer.Option(help="环境名，例如 prod")],
    architecture: Annotated[str, typer.Option(help="x86_64 或 arm64；不写则按环境文件")] = "",
    out: Annotated[Path, typer.Option(help="放在哪个目录")] = ROOT / "build" / "package",
    python: Annotated[str, typer.Option(help="用哪个 Python 打包；不写则自动选")] = "",
) -> None:
    """打包一个环境：模板和代码包，检查通过才放到目录里。"""
    try:
        if architecture and architecture not in ARCHITECTURES:
            raise BadInput(f"架构“{architecture}”不对：用 {' 或 '.join(ARCHITECTURES)}。")
        using = interpreter.choose(python)
        if using.version < interpreter.RECOMMENDED:
            typer.echo(f"提示：按 python{using.label} 打包；有 Python 3.12 或更新的版本会更好。", err=True)
        wanted = Stage(stage)
        chosen = stagefile.read(wanted) if stagefile.is_there(wanted) else stagefile.StageFile({})
        processor = architecture or chosen.architecture
        _say(make(wanted, processor, out, using, wanted_layers=chosen.layers), out)
    except Refusal as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(2 if isinstance(refusal, BadInput) else 1) from None


if __name__ == "__main__":
    typer.run(package_command)
