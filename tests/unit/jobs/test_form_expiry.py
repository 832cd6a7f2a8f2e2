"""A form half filled in is told of three days before it is deleted, to its owner and nobody else, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.content.catalogue import Catalogue
from chalicelib.forms.draft import Draft
from chalicelib.forms.repository import DraftRepository
from tests.unit.forms.sample_forms import FORM
from tests.unit.jobs.support import E01, NOW, JobWorld, enterprise


def county() -> JobWorld:
    world = JobWorld(demo=True)
    world.add(enterprise(E01))
    world.person("o-1", E01)
    world.person("o-2", E01)
    world.context = replace(world.context, catalogue=lambda: Catalogue(version=1, forms={FORM.id: FORM}))
    return world


def kept(world: JobWorld, draft_id: str, owner: str, days: int, uscc: str = E01) -> None:
    made = Draft(
        id=draft_id,
        form=FORM.id,
        version=FORM.version,
        owner=owner,
        uscc=uscc,
        started_at=NOW,
        updated_at=NOW,
        expires_at=NOW + timedelta(days=days),
        sample=True,
    )
    DraftRepository(world.memory).create(made)


def test_its_owner_hears_once_and_nobody_else() -> None:
    world = county()
    kept(world, "Dsoon", "o-1", days=2)
    kept(world, "Dlater", "o-1", days=9)
    told = world.run("deadline-reminders").plan.notices
    assert [(one.notice.openid, one.notice.path) for one in told] == [("o-1", "/h5/form/Dsoon")]
    world.deliver()
    assert world.texts("o-1") and not world.texts("o-2")
    assert not world.run("deadline-reminders").plan.notices


def test_who_fills_in_for_themselves_is_not_pushed_to() -> None:
    world = county()
    kept(world, "Down", "o-1", days=2, uscc="")
    assert not world.run("deadline-reminders").plan.notices
