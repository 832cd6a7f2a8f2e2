"""The Chalice app over the little of an application that the partner routes use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from chalice.app import Chalice

from app import app
from chalicelib import bootstrap
from chalicelib.entrypoints.partners import partners
from chalicelib.ports import Clock
from tests.houses import chosen
from tests.houses.rights import GuardedStore
from tests.unit.partners.caller import START, County

ROUTE = "/partners/{partner}/{kind}"


@dataclass
class _Settings:
    public_url: str = "https://xixinban.example/api"


@dataclass
class _Application:
    """What ``entrypoints.partners`` and ``jobs.cli.partner`` take of ``bootstrap.Application``."""

    settings: _Settings
    clock: Clock
    partners: Any


def county_of_stage() -> County:
    """Its rows and clock are of the stage that this test run is in."""
    house = chosen.current().house(START)
    return County(GuardedStore(house.store), house.clock)


def install(county: County, clock: Clock | None = None) -> Chalice:
    """The app over this county; call ``bootstrap.install(None)`` when done."""
    application = _Application(_Settings(), clock or county.clock, county.partners)
    bootstrap.install(cast(bootstrap.Application, application))
    if ROUTE not in app.routes:
        app.register_blueprint(partners)
    return app
