"""Run by ``infra.package`` in a bare interpreter: imports every module of ours from the unpacked zip (argument 1) and
from the layers (the other arguments)."""

import importlib
import pkgutil
import sys
from pathlib import Path

ON_LAMBDA = {"boto3", "botocore"}
"""There already; never in the zip."""

FOR_OPERATORS = {"yaml", "openpyxl"}
"""Reading content files is done on a machine; those modules may be in the zip, unused."""

IN_LAYERS = {"numpy"} if len(sys.argv) == 2 else set()
"""Matching in bulk: unused in a stage without the layer."""

sys.path[:0] = sys.argv[1:]
names = ["app", "chalicelib", "jobs"]
for package in ("chalicelib", "jobs"):
    folder = str(Path(sys.argv[1], package))
    names += [module.name for module in pkgutil.walk_packages([folder], f"{package}.")]
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in ON_LAMBDA | FOR_OPERATORS | IN_LAYERS:
            raise
