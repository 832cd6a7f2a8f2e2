"""The one place where adapters are chosen and everything is wired, for stage local and stage aws alike.

The Application is built in floors, each on the one below: ``ports``, ``people``, ``published``, ``work``,
``application``. Every service is imported and made when it is first asked for: a callback that only answers a question
opens no queue and loads no HTTP client (docs/adr/0019).
"""

from __future__ import annotations

import sys
import threading

from chalicelib import logs
from chalicelib.bootstrap.application import Application
from chalicelib.settings import load

__all__ = ["Application", "current", "install", "installed"]

_current: Application | None = None
_making = threading.Lock()


def current() -> Application:
    """The application of this process, made from the environment on first use. Raises SettingsError."""
    global _current
    if _current is None:
        with _making:
            if _current is None:
                settings = load()
                logs.configure(settings.log_level, sys.stderr)
                _current = Application(settings)
    return _current


def installed() -> Application | None:
    """The application of this process as far as there is one; none is made."""
    return _current


def install(application: Application | None) -> None:
    """Make this the application of the process; None forgets it. For tests and for commands with options."""
    global _current
    _current = application
