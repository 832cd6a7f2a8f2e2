"""Which Python packages the app: Chalice makes the runtime of the functions that of the interpreter it runs in."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.failed import PackagingFailed

RECOMMENDED = (3, 12)
_ASK_VERSION = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
_TOOLS = ("boto3", "chalice")


@dataclass(frozen=True, slots=True)
class Interpreter:
    python: Path
    version: tuple[int, int]

    @property
    def label(self) -> str:
        return "{}.{}".format(*self.version)


def choose(wanted: str = "") -> Interpreter:
    """``wanted`` if given; else this interpreter if it is new enough; else a newer one of this machine; else this one.

    Raises PackagingFailed when ``wanted`` does not run.
    """
    if wanted:
        found = probe(wanted)
        if found is None:
            raise PackagingFailed(f"{wanted} 不能用来打包：运行不了，或缺少 venv。请用 --python 指向可用的 Python。")
        return found
    here = Interpreter(Path(sys.executable), sys.version_info[:2])
    if here.version >= RECOMMENDED:
        return here
    return next((found for found in map(probe, _candidates()) if found), here)


def probe(command: str) -> Interpreter | None:
    """What runs under this name, if it runs (a shim may be there for a version that is not) and can make a venv."""
    path = shutil.which(command)
    if path is None:
        return None
    answer = subprocess.run([path, "-c", _ASK_VERSION], capture_output=True, text=True, check=False)
    found = re.fullmatch(r"(\d+)\.(\d+)\n", answer.stdout)
    return Interpreter(Path(path), (int(found[1]), int(found[2]))) if found else None


def with_tools(interpreter: Interpreter, root: Path) -> Path:
    """A Python with Chalice and the app's requirements: this one, or a venv in build/ that is made once."""
    if interpreter.version == sys.version_info[:2]:
        return Path(sys.executable)
    requirements = [root / "requirements.txt", root / "requirements-dev.txt"]
    key = hashlib.sha256(b"".join(file.read_bytes() for file in requirements)).hexdigest()[:12]
    venv = root / "build" / f"python{interpreter.label}-{key}"
    python = venv / "bin" / "python"
    if not (venv / "ready").exists():
        tools = [line for line in requirements[1].read_text().split() if line.partition("==")[0] in _TOOLS]
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _do([str(interpreter.python), "-m", "venv", "--clear", str(venv)])
        _do([*pip, "pip<26.3"])
        _do([*pip, "-r", str(requirements[0]), *tools])
        (venv / "ready").touch()
    return python


def _candidates() -> Iterator[str]:
    """Newest first, but none that the packaging has not been tried with."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for name in ("python3.13", "python3.12"):
        yield name
        yield from sorted(str(path) for path in pyenv.glob(f"versions/*/bin/{name}"))


def _do(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingFailed(f"准备打包环境失败：{' '.join(command)}\n{done.stderr.strip()[-2000:]}")
