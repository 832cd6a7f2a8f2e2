"""The merged template as ``chalice package`` writes it, made once; without wheels, which it does not depend on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from infra.package import ROOT, chalice_package
from infra.stage import Stage
from infra.staging import stage_copy
from infra.template import Built

Json = dict[str, Any]

BUILT = Built("x86_64", "python3.12", ("numpy",))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Json:
    work = tmp_path_factory.mktemp("template")
    stage_copy(ROOT, work / "app", "x86_64", requirements="")
    return chalice_package(work / "app", work / "out", Stage("test"), Path(sys.executable), BUILT)
