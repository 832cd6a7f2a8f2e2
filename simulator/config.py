"""How a simulated account is set up: what its owner would have chosen in the platform's console."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Mode = Literal["plaintext", "compatible", "safe"]
Profile = Literal["service", "sandbox"]

MODES: tuple[Mode, ...] = ("plaintext", "compatible", "safe")
PROFILES: tuple[Profile, ...] = ("service", "sandbox")
COVER = "sample-cover"
SHIPPED_TEMPLATES = Path(__file__).with_name("templates.json")


@dataclass(frozen=True, slots=True)
class Template:
    """A message template (消息模板) of the account.

    ``apis`` names where it may be sent: ``template`` (模板消息), ``subscribe`` (订阅通知); elsewhere it is 40037.
    ``fields`` maps a data key such as ``thing1`` to its label. ``choices`` lists the values of const and enum keys.
    """

    id: str
    title: str
    apis: tuple[str, ...] = ("template", "subscribe")
    fields: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be chosen. Times are seconds.

    ``profile`` sandbox is the lenient test account (测试号): it does not check the fields of a template.
    ``signed_out`` is the Set-Cookie line by which pages forget their visitor, for when the phone changes hands.
    ``duplicate_msgid`` is what a repeated ``client_msg_id`` answers, which the platform does not document.
    ``materials`` are the media ids of the account's permanent material (永久素材): a draft's cover is one of them.
    ``clock`` gives Unix time; tests move it by hand.
    """

    state_file: Path
    callback: str
    token: str
    app_id: str
    app_secret: str
    aes_key: str
    mode: Mode = "safe"
    profile: Profile = "service"
    scenario: Path | None = None
    signed_out: str = ""
    account_name: str = "溪小办"
    account_id: str = "gh_6c7878622e67"
    templates: tuple[Template, ...] | None = None
    materials: frozenset[str] = frozenset({COVER})
    push_timeout: float = 5.0
    push_tries: int = 3
    retry_pause: float = 1.0
    push_workers: int = 8
    receipt_delay: float = 0.2
    token_life: int = 7200
    duplicate_msgid: Literal["same", "zero"] = "same"
    shared_msgid: bool = False
    ip_whitelist: frozenset[str] | None = None
    oauth_domains: frozenset[str] | None = None
    daily_limits: Mapping[str, int] = field(default_factory=dict)
    minute_limits: Mapping[str, int] = field(default_factory=dict)
    clock: Callable[[], float] = time.time

    def template(self, template_id: str) -> Template | None:
        return next((template for template in self.all_templates() if template.id == template_id), None)

    def all_templates(self) -> tuple[Template, ...]:
        """``templates`` or, when those are not given, the ones of templates.json."""
        return load_templates(SHIPPED_TEMPLATES) if self.templates is None else self.templates


_loaded: dict[Path, tuple[Template, ...]] = {}


def load_templates(path: Path) -> tuple[Template, ...]:
    """Templates from a JSON list of objects with the names of ``Template``'s attributes."""
    if path not in _loaded:
        rows = json.loads(path.read_text(encoding="utf-8"))
        _loaded[path] = tuple(
            Template(
                id=row["id"],
                title=row["title"],
                apis=tuple(row.get("apis", ("template", "subscribe"))),
                fields=row.get("fields", {}),
                choices={key: tuple(values) for key, values in row.get("choices", {}).items()},
            )
            for row in rows
        )
    return _loaded[path]
