"""Who there is: enterprises, who stands for them, what people agreed to, and the links that only they can open."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.bootstrap.ports import Ports

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.enterprises.binding import BindingService
    from chalicelib.enterprises.consent import ConsentService
    from chalicelib.enterprises.followers import FollowerService
    from chalicelib.enterprises.joining import JoinService
    from chalicelib.enterprises.service import EnterpriseService
    from chalicelib.enterprises.units import UnitService
    from chalicelib.links import Links
    from chalicelib.policies.rematch import Rematch


class People(Ports):
    @cached_property
    def enterprises(self) -> EnterpriseService:
        from chalicelib.enterprises.service import EnterpriseService

        return EnterpriseService(self.store, self.rematch.enterprises)

    @cached_property
    def rematch(self) -> Rematch:
        from chalicelib.policies.rematch import Rematch

        return Rematch(self.store, lambda: self.queue)

    @cached_property
    def bindings(self) -> BindingService:
        from chalicelib.enterprises.binding import BindingService

        return BindingService(self.store, self.rematch.enterprises if self.settings.province else None)

    @cached_property
    def joining(self) -> JoinService:
        from chalicelib.enterprises.joining import JoinService

        return JoinService(self.store, self.bindings)

    @cached_property
    def consents(self) -> ConsentService:
        from chalicelib.enterprises.consent import ConsentService

        return ConsentService(self.store, self._may_hear_more if self.settings.province else None)

    def _may_hear_more(self, openid: str, now: datetime) -> None:
        """A county's daily run looks at everybody; a province's only at those for whom something is new."""
        self.rematch.enterprises([binding.uscc for binding in self.bindings.of_person(openid)], now)

    @cached_property
    def followers(self) -> FollowerService:
        from chalicelib.enterprises.followers import FollowerService

        return FollowerService(self.store)

    @cached_property
    def units(self) -> UnitService:
        from chalicelib.enterprises.units import UnitService

        return UnitService(self.store)

    @cached_property
    def links(self) -> Links:
        from chalicelib.links import Links

        secret, *former = self.settings.session_secrets
        return Links(self.settings.public_url, secret, tuple(former))
