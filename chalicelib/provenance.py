"""Where a content row comes from, and what may be done with it (来源标注)."""

from __future__ import annotations

import re
from datetime import date

from pydantic import ConfigDict, Field, field_validator

from chalicelib.shape import Shape

SAMPLE_NOTE = "示例数据"
_TAG = re.compile(r"S|F\d*|G\??|R")


class Provenanced(Shape):
    """The columns every content row carries (design.md, rules of the house).

    ``prov`` holds the tags of the row's facts: S the public report this project starts from, F# a public page,
    G general knowledge, G? uncertain, R reconstructed sample. A row is as good as its worst tag.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    prov: tuple[str, ...] = Field(min_length=1, title="来源标注")
    source_url: str | None = Field(default=None, title="来源网址")
    source_note: str | None = Field(default=None, title="来源说明")
    verified_at: date | None = Field(default=None, title="核对日期")
    verified_by: str | None = Field(default=None, title="核对人")
    valid_from: date | None = Field(default=None, title="生效日期")
    valid_to: date | None = Field(default=None, title="失效日期")

    @field_validator("prov", mode="before")
    @classmethod
    def _tags(cls, value: object) -> object:
        """Accepts the spreadsheet form "S,F7" as well as a list."""
        return (
            tuple(part.strip() for part in re.split(r"[,，、\s]+", value) if part) if isinstance(value, str) else value
        )

    @field_validator("prov")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for tag in value:
            if not _TAG.fullmatch(tag):
                raise ValueError(f"来源标注只能是 S、F加数字、G、G?、R，写的是“{tag}”")
        return value

    @property
    def is_sample(self) -> bool:
        """Reconstructed, uncertain, or not checked by an operator yet: shown with 示例数据."""
        return "R" in self.prov or "G?" in self.prov or self.verified_at is None

    def may_be_pushed(self, *, demo: bool) -> bool:
        """What is not verified is never pushed, unless the stage runs with demo."""
        return demo or not self.is_sample

    def in_force(self, on: date) -> bool:
        """Both ends included; an open end is open."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)
