"""The zip: what must be in it, what must not, compiled files for a faster start, and the same bytes every time."""

from __future__ import annotations

import re
import struct
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from infra.failed import PackagingFailed
from infra.staging import Architecture

MAX_UNZIPPED = 250_000_000
"""Bytes that Lambda unpacks at most, layers included (Lambda quotas)."""

_PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)")
_NEEDED = ("app.py", "chalicelib/bootstrap/__init__.py", "jobs/registry.py", "jobs/runner.py", "chalice/app.py")
_UNWANTED = re.compile(
    r"(tests?|simulator|data|bench|infra|docs|jobs/(cli|embedded)|boto3|botocore|pip|setuptools|moto|typer|pytest)/"
    r"|chalice/(cli|deploy|local|package|awsclient)\b|.*\.pyc$|jobs/__main__\.py$"
)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MACHINES: dict[Architecture, int] = {"x86_64": 0x3E, "arm64": 0xB7}


def pins(requirements: str) -> dict[str, str]:
    """Distribution → version of a requirements file. Raises PackagingFailed for a line without an exact version."""
    found = {}
    for line in requirements.splitlines():
        if wanted := line.partition("#")[0].strip():
            pin = _PIN.fullmatch(wanted)
            if pin is None:
                raise PackagingFailed(f"requirements.txt 里“{wanted}”没有写明版本，请写成 名称==版本。")
            found[_canonical(pin[1])] = pin[2]
    return found


def unpack(archive: Path, into: Path) -> list[str]:
    with zipfile.ZipFile(archive) as source:
        source.extractall(into)
        return source.namelist()


def problems(names: Iterable[str], wanted: dict[str, str]) -> Iterator[str]:
    """Sentences: what is missing (Chalice only prints that a wheel was not found) and what must not be there."""
    held = set(names)
    packed = dict(_distributions(held))
    for distribution, version in wanted.items():
        if packed.get(distribution) != version:
            yield f"缺少依赖 {distribution}=={version}（包里是 {packed.get(distribution, '没有')}）"
    for distribution, version in sorted(packed.items()):
        if distribution not in wanted:
            yield f"{distribution}=={version} 没有写明版本，请加进 requirements.txt（别的依赖带来的）"
    yield from (f"缺少文件 {name}" for name in _NEEDED if name not in held)
    yield from (f"不该有 {name}" for name in sorted(held) if _UNWANTED.match(name))


def foreign_libraries(folder: Path, architecture: Architecture) -> list[str]:
    """Shared libraries made for another processor, by the machine word of their ELF headers."""
    found = []
    for library in sorted(folder.rglob("*.so*")):
        head = library.read_bytes()[:20]
        if head[:4] == b"\x7fELF" and struct.unpack_from("<H", head, 18)[0] != _MACHINES[architecture]:
            found.append(str(library.relative_to(folder)))
    return found


def compile_sources(folder: Path, python: Path, at: str = "/var/task") -> None:
    """Byte code beside the sources: ``at``, where they lie on Lambda, is read-only, so each cold start would compile.

    ``unchecked-hash``: nothing in it depends on a date. Raises PackagingFailed.
    """
    words = ["-m", "compileall", "-q", "-j", "1", "--invalidation-mode", "unchecked-hash"]
    command = [str(python), *words, "-s", str(folder), "-p", at, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingFailed(f"编译失败：{(done.stdout + done.stderr).strip()[-2000:]}")


def pack(folder: Path, archive: Path) -> int:
    """Write the folder as a zip in fixed order with fixed dates and rights; returns the bytes unzipped."""
    total = 0
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            data = path.read_bytes()
            total += len(data)
            target.writestr(entry, data)
    if total > MAX_UNZIPPED:
        raise PackagingFailed(f"解压后 {total / 1e6:.0f} MB，超过 Lambda 的 250 MB；请把大的依赖放进层（layer）。")
    return total


def _distributions(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        found = re.fullmatch(r"([^/]+)-([^/-]+)\.dist-info/METADATA", name)
        if found:
            yield _canonical(found[1]), found[2]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
