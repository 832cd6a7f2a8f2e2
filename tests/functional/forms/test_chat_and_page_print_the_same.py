"""One form filled in by talking, by a page, and begun in one and finished in the other: the same document."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from chalicelib import bootstrap
from chalicelib.bootstrap import Application
from chalicelib.forms.documents.context import Sheet
from chalicelib.forms.draft import Draft, DraftState
from chalicelib.forms.model import Compiled
from chalicelib.forms.said import Input
from chalicelib.forms.values import show
from jobs.cli.form_sample import sample_draft
from tests.functional.county import make_county

_MOST_STEPS = 80
_MESSAGES = itertools.count()


@pytest.fixture
def county() -> Iterator[Application]:
    yield make_county()
    bootstrap.install(None)


@dataclass
class Filling:
    """Somebody who knows what to answer."""

    county: Application
    openid: str
    compiled: Compiled
    wished: dict[str, str]

    def begin(self) -> str:
        return self.county.forms.begin(
            self.openid, self.compiled.form.id, "", self.county.clock.now(), "begin"
        ).draft.id

    def by_talking(self, draft_id: str, most: int = _MOST_STEPS) -> None:
        """Answers what is asked, one message each."""
        for _ in range(most):
            draft = self._draft(draft_id)
            if draft.state is not DraftState.FILLING:
                return
            known = self.wished.get(draft.asking)
            text = show(self.compiled.fields[draft.asking], known) if known else "跳过"
            self._act(draft_id, Input("text", text, message=f"t{next(_MESSAGES)}"))

    def by_page(self, draft_id: str) -> None:
        """Sends every field that the page shows, in its order."""
        for name in self.compiled.form.field_ids():
            if name in self.wished:
                text = show(self.compiled.fields[name], self.wished[name])
                self._act(draft_id, Input("set", text, name, f"p{next(_MESSAGES)}"))

    def handed_in(self, draft_id: str) -> Sheet:
        self._act(draft_id, Input("submit", message=f"s{next(_MESSAGES)}"))
        kept = self.county.submissions.of_draft(draft_id)
        assert kept is not None, self._draft(draft_id)
        return self.county.documents.sheet(kept.name, kept.fingerprint)

    def _draft(self, draft_id: str) -> Draft:
        return self.county.forms.get(self.openid, draft_id, self.county.clock.now())

    def _act(self, draft_id: str, given: Input) -> None:
        self.county.forms.act(self.openid, draft_id, given, self.county.clock.now())


def talked(person: Filling) -> str:
    draft_id = person.begin()
    person.by_talking(draft_id)
    return draft_id


def paged(person: Filling) -> str:
    draft_id = person.begin()
    person.by_page(draft_id)
    return draft_id


def begun_in_the_chat(person: Filling) -> str:
    draft_id = person.begin()
    person.by_talking(draft_id, most=4)
    person.by_page(draft_id)
    return draft_id


WAYS: tuple[Callable[[Filling], str], ...] = (talked, paged, begun_in_the_chat)


@pytest.mark.parametrize("form", ["FM-05", "FM-01"])
def test_the_same_answers_print_the_same_however_they_were_given(county: Application, form: str) -> None:
    compiled = county.forms.forms()[form]
    sample = sample_draft(compiled, None, county.clock.now())
    wished = {name: value for name, value in sample.values().items() if not compiled.fields[name].computed}
    printed = []
    for way in WAYS:
        person = Filling(county, f"o-{way.__name__}-{form}", compiled, wished)
        made = person.handed_in(way(person))
        printed.append([(line.number, line.name, line.text) for line in made.lines()])
    assert printed[0] == printed[1] == printed[2]
    texts = {line[2] for line in printed[0]}
    assert {show(compiled.fields[name], value) for name, value in wished.items()} <= texts
