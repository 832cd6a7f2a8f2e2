"""The layers of Lambda and what a function unpacks with them: ``python -m bench layers``. Fetches wheels."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.report import Section, table
from infra import interpreter, layers
from infra.archive import MAX_UNZIPPED
from infra.package import ROOT
from infra.staging import Architecture

ARCHITECTURES: tuple[Architecture, ...] = ("x86_64", "arm64")
ZIP = 60_000_000
"""Bytes that the zip itself unpacks to, rounded up (`python -m bench cold_start` measures it)."""


def section() -> Section:
    using = interpreter.choose()
    python, runtime = interpreter.with_tools(using, ROOT), f"python{using.label}"
    rows: list[list[object]] = []
    largest = 0
    with tempfile.TemporaryDirectory(prefix="layers-") as name:
        for layer in layers.LAYERS.values():
            for architecture in ARCHITECTURES:
                built = layers.build(layer, architecture, python, runtime, Path(name), Path(name) / "work")
                sizes = [f"{built.bytes / 1e6:.1f}", f"{built.unzipped / 1e6:.1f}"]
                rows.append([layer.name, ", ".join(layer.functions), architecture, *sizes])
                largest = max(largest, built.unzipped)
    text = (
        f"`python -m bench layers`, {runtime}: each layer as packaging builds it, with compiled files.\n\n"
        + table(["layer", "functions", "architecture", "zip, MB", "unzipped, MB"], rows)
        + f"\n\nLambda unpacks 250 MB at most, zip and layers of a function together: with the zip's 60 MB at most "
        f"{(ZIP + largest) / 1e6:.0f} MB. A stage without `province` and `meaning_layer` has none of them."
    )
    return Section("Layers of Lambda", text, ZIP + largest <= MAX_UNZIPPED)
