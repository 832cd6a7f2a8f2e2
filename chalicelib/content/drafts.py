"""Review before publishing (先审后发): a draft of the catalogue, a second person who reviews it, publication, rollback.

A draft is a checked set of files kept aside: its rows in Blobs, its state in ``contentdraft#{id}``. Each step is
one conditional write; publication moves the draft's state and the catalogue's head in one transaction. Policies in a
draft still follow their own rules (``policies.editions``), and have a rollback of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from chalicelib.content import snapshots
from chalicelib.content.changes import Changes, KindChanges, compare
from chalicelib.content.kinds import CATALOGUE, KINDS
from chalicelib.content.rows import column_titles
from chalicelib.content.service import ContentService
from chalicelib.content.snapshots import Head
from chalicelib.errors import BadInput, Refusal
from chalicelib.ports import Blobs, Conflict, JsonObject, Put, Record, Store
from chalicelib.shape import Shape

_INDEX = "contentdrafts"
_OWN_ROLLBACK = frozenset({"policies"})


class DraftState(StrEnum):
    """草稿 → 已复核 → 已发布, or 已作废."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    PUBLISHED = "published"
    DROPPED = "dropped"


STATE_NAMES: Mapping[DraftState, str] = {
    DraftState.DRAFT: "草稿",
    DraftState.REVIEWED: "已复核",
    DraftState.PUBLISHED: "已发布",
    DraftState.DROPPED: "已作废",
}


class Draft(Shape):
    """``base`` is the catalogue's version when the draft was made, ``version`` the one it became."""

    model_config = ConfigDict(frozen=True)

    id: int
    state: DraftState = DraftState.DRAFT
    author: str
    reviewer: str | None = None
    publisher: str | None = None
    base: int
    version: int | None = None
    blob: str
    kinds: tuple[str, ...]
    created_at: datetime
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one row that differs; ``before`` and ``after`` are in JSON form, None where the row is not there."""

    kind: str
    key: str
    title: str
    before: Any
    after: Any


class DraftService:
    """内容草稿与版本."""

    def __init__(self, store: Store, blobs: Blobs, content: ContentService) -> None:
        self._store = store
        self._blobs = blobs
        self._content = content

    def propose(self, path: str | Path, by: str, now: datetime) -> Draft:
        """Check the files and keep them as a draft; people see no change. Raises ContentRefused, BadInput."""
        bodies = self._content.proposal(path)
        data = snapshots.encode(bodies)
        blob = f"contentdraft/{sha256(data).hexdigest()}.json"
        self._blobs.put(blob, data)
        draft = Draft(
            id=self._store.add("contentdrafts", "count", {"n": 1})["n"],
            author=_named(by),
            base=self._version(),
            blob=blob,
            kinds=tuple(name for name in CATALOGUE if name in bodies),
            created_at=now,
            moved_at=now,
        )
        self._store.put(_row(draft), if_absent=True)
        return draft

    def review(self, draft_id: int, by: str, now: datetime) -> Draft:
        """A second person has read it. Raises BadInput, Refusal."""
        draft, row = self._held(draft_id)
        _only(draft, DraftState.DRAFT, "复核")
        if _named(by) == _named(draft.author):
            raise Refusal(f"草稿 {draft.id} 由 {draft.author} 编制，复核人要换一个人。")
        return self._moved(draft, row, state=DraftState.REVIEWED, reviewer=_named(by), moved_at=now)

    def drop(self, draft_id: int, now: datetime) -> Draft:
        """Put a draft away that will not be published. Raises BadInput, Refusal."""
        draft, row = self._held(draft_id)
        _only(draft, DraftState.DRAFT, "作废", DraftState.REVIEWED)
        return self._moved(draft, row, state=DraftState.DROPPED, moved_at=now)

    def publish(self, draft_id: int, by: str, now: datetime) -> Changes:
        """Put a reviewed draft into force. Raises BadInput, ContentRefused, Refusal: also when somebody else changed
        the same kinds since it was made, as publishing would undo that."""
        draft, row = self._held(draft_id)
        _only(draft, DraftState.REVIEWED, "发布")
        if moved := self._overtaken(draft):
            raise Refusal(f"草稿 {draft.id} 之后别人改过{'、'.join(moved)}。请在新的内容上重做草稿。")
        if not any(self.changes(draft_id).values()):
            raise Refusal(f"草稿 {draft.id} 与现在的内容相同，没有可发布的。不要了请用 content drop {draft.id}。")
        version = self._version()
        changed = {"state": DraftState.PUBLISHED, "publisher": _named(by), "version": version + 1, "moved_at": now}
        done = Put(_row(draft.model_copy(update=changed)), if_version=row.version)
        summary: JsonObject = {"draft": {"id": draft.id, "author": draft.author, "reviewer": draft.reviewer}}
        return self._content.publish(self._rows(draft), _named(by), now, summary, [done], version)

    def rollback(self, version: int, by: str, now: datetime) -> Changes:
        """Publish what version ``version`` held again, as a new version. Raises BadInput, ContentRefused, Refusal."""
        old = self._bodies(version)
        kept = {name: rows for name, rows in old.items() if name not in _OWN_ROLLBACK}
        return self._content.publish(kept, _named(by), now, {"rollback": version}, [], self._version())

    # -------------------------------------------------------------------------------------------------------- reading

    def get(self, draft_id: int) -> Draft:
        """Raises BadInput for a draft that there is not."""
        return self._held(draft_id)[0]

    def drafts(self) -> list[Draft]:
        """All drafts, the newest first, a hundred at most."""
        found = self._store.query_index("gsi1", _INDEX, limit=100, reverse=True)
        return [Draft.model_validate(record.body) for record in found.records]

    def versions(self) -> list[tuple[Head, JsonObject]]:
        """Published versions with what changed in each, the newest first, a hundred at most."""
        found = self._store.query(snapshots.PK, prefix="version#", limit=100, reverse=True)
        return [(Head.model_validate(record.body), record.body.get("changes", {})) for record in found.records]

    def changes(self, draft_id: int) -> dict[str, KindChanges]:
        """What a draft would change in what is published now."""
        draft, now = self.get(draft_id), self._bodies(None)
        rows = self._rows(draft)
        return {name: compare(name, now[name], rows[name]) for name in draft.kinds}

    def differences(self, draft_id: int) -> list[Difference]:
        """Field by field, a draft against what is published now."""
        draft, now = self.get(draft_id), self._bodies(None)
        rows = self._rows(draft)
        return [one for name in draft.kinds for one in _between(name, now[name], rows[name])]

    def between(self, old: int, new: int) -> list[Difference]:
        """Field by field, two published versions. Raises BadInput."""
        before, after = self._bodies(old), self._bodies(new)
        return [one for name in CATALOGUE for one in _between(name, before[name], after[name])]

    # ------------------------------------------------------------------------------------------------------------ rows

    def _held(self, draft_id: int) -> tuple[Draft, Record]:
        row = self._store.get(f"contentdraft#{draft_id}", "row")
        if row is None:
            raise BadInput(f"没有第 {draft_id} 号草稿。用 content drafts 看有哪些。")
        return Draft.model_validate(row.body), row

    def _moved(self, draft: Draft, row: Record, **changed: object) -> Draft:
        after = draft.model_copy(update=changed)
        try:
            self._store.put(_row(after), if_version=row.version)
        except Conflict:
            raise Refusal(f"草稿 {draft.id} 刚刚被别人改动，这次没有改。请再看一次。") from None
        return after

    def _rows(self, draft: Draft) -> dict[str, dict[str, JsonObject]]:
        data = self._blobs.get(draft.blob)
        if data is None:
            raise Refusal(f"草稿 {draft.id} 的文件不在了，请重新导入。")
        kinds: dict[str, dict[str, JsonObject]] = json.loads(data)["kinds"]
        return {name: kinds[name] for name in draft.kinds}

    def _version(self) -> int:
        published = snapshots.read_head(self._store)
        return published.head.version if published else 0

    def _bodies(self, version: int | None) -> dict[str, dict[str, JsonObject]]:
        """Rows of a published version; of the present one for None; nothing for version 0."""
        if version == 0:
            return {name: {} for name in CATALOGUE}
        if version is None:
            published = snapshots.read_head(self._store)
            head = published.head if published else None
        else:
            row = self._store.get(snapshots.PK, f"version#{version:06}")
            if row is None:
                raise BadInput(f"内容没有第 {version} 版。用 content versions 看有哪些。")
            head = Head.model_validate(row.body)
        return snapshots.read_bodies(self._blobs, head) if head else {name: {} for name in CATALOGUE}

    def _overtaken(self, draft: Draft) -> list[str]:
        """Kinds of the draft that are no longer as they were when it was made."""
        base, now = self._bodies(draft.base), self._bodies(None)
        return [KINDS[name].title for name in draft.kinds if base[name] != now[name]]


def _between(kind: str, old: Mapping[str, JsonObject], new: Mapping[str, JsonObject]) -> list[Difference]:
    titles = column_titles(KINDS[kind])
    found: list[Difference] = []
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        if before is None or after is None:
            found.append(Difference(kind, key, "整行", before, after))
            continue
        differ = [name for name in titles if before.get(name) != after.get(name)]
        found += [Difference(kind, key, titles[name], before.get(name), after.get(name)) for name in differ]
    return found


def _named(by: str) -> str:
    """Two spellings of a name are one person: spaces don't count."""
    name = "".join(by.split())
    if not name:
        raise BadInput("请写经办人姓名。")
    return name


def _only(draft: Draft, state: DraftState, what: str, *also: DraftState) -> None:
    if draft.state not in (state, *also):
        raise Refusal(f"草稿 {draft.id} 现在是“{STATE_NAMES[draft.state]}”，不能{what}；要先是“{STATE_NAMES[state]}”。")


def _row(draft: Draft) -> Record:
    body = draft.model_dump(mode="json")
    return Record(f"contentdraft#{draft.id}", "row", body, gsi1=(_INDEX, f"{draft.id:08}"))
