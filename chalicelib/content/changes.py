"""What a load changed, kind by kind and row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from chalicelib.content.kinds import KINDS
from chalicelib.content.problems import Report
from chalicelib.content.rows import column_titles
from chalicelib.ports import JsonObject

_SHOWN = 20


@dataclass
class KindChanges:
    """Ids of one kind. ``changed`` gives the Chinese titles of the fields that differ, where they are known."""

    added: list[str] = field(default_factory=list)
    changed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def counts(self) -> dict[str, int]:
        return {
            "added": len(self.added),
            "changed": len(self.changed),
            "removed": len(self.removed),
            "unchanged": self.unchanged,
        }


@dataclass(frozen=True, slots=True)
class Changes:
    """``version`` is the catalogue's after the load; ``report`` what the check before it found."""

    kinds: dict[str, KindChanges]
    version: int
    report: Report

    def lines(self, at_most: int = _SHOWN) -> Iterator[str]:
        """For people: a line a kind, then its rows, at most so many of each sort; with 0 the totals only."""
        for name, changes in self.kinds.items():
            n = changes.counts()
            yield (
                f"{KINDS[name].title}：新增 {n['added']}，修改 {n['changed']}，"
                f"移除 {n['removed']}，未变 {n['unchanged']}"
            )
            yield from _some("  + ", changes.added, at_most)
            yield from _some("  ~ ", [_changed(key, titles) for key, titles in changes.changed.items()], at_most)
            yield from _some("  - ", changes.removed, at_most)


def _changed(key: str, titles: tuple[str, ...]) -> str:
    return f"{key}（{'、'.join(titles)}）" if titles else key


def _some(mark: str, lines: list[str], at_most: int) -> Iterator[str]:
    yield from (mark + line for line in lines[:at_most])
    if at_most and len(lines) > at_most:
        yield f"{mark}……还有 {len(lines) - at_most} 条"


def compare(name: str, old: Mapping[str, JsonObject], new: Mapping[str, JsonObject]) -> KindChanges:
    """Rows of one catalogue kind, before and after."""
    changes = KindChanges(added=[key for key in new if key not in old], removed=[key for key in old if key not in new])
    titles = column_titles(KINDS[name])
    for key, row in new.items():
        if key in old and old[key] != row:
            differ = [column for column in titles if old[key].get(column) != row.get(column)]
            changes.changed[key] = tuple(titles[column] for column in differ)
        elif key in old:
            changes.unchanged += 1
    return changes
