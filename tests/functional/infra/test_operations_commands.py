"""docs/operations.md tells no command that is not there: each word of it is looked up in the command line itself."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from infra import bring_back, compare, deploy, package, within
from infra.package import ROOT
from jobs.cli import main
from jobs.cli.audited import leaves
from jobs.cli.on_stage import STAGED

TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
LEAVES = dict(leaves(typer.main.get_command(main.app)))
FIRST = {path.split()[0] for path in LEAVES}
MODULES: dict[str, Any] = {
    "bring_back": bring_back.bring_back,
    "compare": compare.compare_command,
    "deploy": deploy.deploy,
    "package": package.package_command,
    "within": within.within,
}
_QUOTED = re.compile(r"`([^`]+)`")
_BLOCK = re.compile(r"^ *```\n(.*?)^ *```", re.S | re.M)


def told() -> Iterator[str]:
    """Every line of a block and every quoted text that begins as a command of ours does."""
    blocks = "\n".join(_BLOCK.findall(TEXT)).replace("\\\n", " ")
    lines = [line.partition("  #")[0] for line in blocks.splitlines()]
    pieces = [piece.strip() for line in lines for piece in line.split("&&")]
    quoted = [" ".join(each.split()) for each in _QUOTED.findall(_BLOCK.sub("", TEXT))]
    for text in pieces + quoted:
        first = text.split()[0] if text.split() else ""
        if text.startswith(("python -m jobs ", "python -m infra.", "infra.within ")) or (
            first in FIRST and _path(text.split()) is not None
        ):
            yield text


def _path(words: list[str]) -> str | None:
    return next((path for n in (3, 2, 1) if (path := " ".join(words[:n])) in LEAVES), None)


def problem(text: str) -> str | None:
    """What is wrong with a command, None where nothing is."""
    words = shlex.split(text.replace("…", "").replace("|", " ").replace("[", "").replace("]", ""))
    if words[0] == "python":
        words = words[2:]
    if words[0].startswith("infra."):
        name = words[0].removeprefix("infra.")
        if name not in MODULES:
            return f"infra.{name} is not there"
        words, known = words[1:], _options(_command(name))
        if name != "within":
            return next((f"{word} is no option" for word in words if word.startswith("--") and word not in known), None)
        while words and words[0].startswith("--"):
            words = words[2:]
        return _jobs_problem(words, within_stage=True) if words else None
    return _jobs_problem(words[1:] if words[0] == "jobs" else words, within_stage=False)


def _jobs_problem(words: list[str], *, within_stage: bool) -> str | None:
    path = _path(words)
    if path is None:
        return f"{' '.join(words[:3])}: no such command"
    known = _options(LEAVES[path])
    for word in words:
        if word == "--stage" and path in STAGED and not within_stage:
            continue
        if word.startswith("--") and word.partition("=")[0] not in known:
            return f"{path} has no {word}"
    return None


def _command(name: str) -> Any:
    app = typer.Typer(add_completion=False)
    app.command()(MODULES[name])
    return typer.main.get_command(app)


def _options(command: Any) -> set[str]:
    return {word for parameter in command.params for word in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}


ALL = sorted(set(told()))


def test_there_are_commands_to_look_up() -> None:
    assert len(ALL) > 40
    assert {"run policy-push --stage prod --dry-run", "upgrade"} <= {
        text.removeprefix("python -m jobs ") for text in ALL
    }


@pytest.mark.parametrize("text", ALL)
def test_every_command_of_the_operations_is_there_with_its_options(text: str) -> None:
    assert problem(text) is None


def test_what_is_not_there_would_be_found() -> None:
    assert problem("queue revive notices") == "queue revive notices: no such command"
    assert problem("queue redrive notices --stage prod") is None
    assert problem("enterprise bind-code USCC --stage prod") == "enterprise bind-code has no --stage"
    assert problem("infra.within --stage prod menu publish --now") == "menu publish has no --now"
    assert problem("python -m infra.deploy --stage prod --undo") == "--undo is no option"
    assert problem("python -m infra.rotate") == "infra.rotate is not there"


def test_every_make_target_of_the_operations_is_there() -> None:
    targets = set(re.findall(r"`?make ([a-z-]+)", TEXT))
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert {"deploy", "rollback"} <= targets <= made
