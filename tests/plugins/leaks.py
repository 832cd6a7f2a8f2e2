"""Whether a log line gives away what none may hold: tokens, secrets, openids, phones, id numbers, names, accounts.

Standard library only: it runs in every Python process that the tests start (``everywhere/sitecustomize.py``). What our
own code hands to its loggers is read as it is handed over; what libraries say, and the text of exceptions, as
``chalicelib.logs`` would write it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import traceback
from collections.abc import Sequence
from pathlib import Path

VALUES, FOUND = "XIXINBAN_LEAK_VALUES", "XIXINBAN_LEAKS_FOUND"
"""Names of the environment's variables with the path of the known values (JSON), and of what was found (JSON Lines)."""

_OWN = ("chalicelib", "jobs", "simulator", "infra", "app")
_WATCHED = "is_watched"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_FORMS = {
    "openid": re.compile(r"(?<![\w-])o(?=[\w-]*[A-Z0-9])[A-Za-z0-9_-]{27}(?![\w-])"),
    "access token": re.compile(r"(?<![\w-])(?:\d\d_[\w-]{100,}|TOKEN-\d+)"),
    "secret in an address": re.compile(r"(?:access_token|secret)=(?!\*\*\*)[\w-]{6,}"),
    "phone": re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"),
    "id number": re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx](?!\d)"),
}
_KINDS = {
    "openid": re.compile(r"""["'](o(?=[A-Z-]|[\w-]{27}["'])[A-Za-z0-9_-]{5,27})["']"""),
    "phone": re.compile(r"(?<!\d)(1[3-9]\d{9})(?!\d)"),
    "id number": re.compile(r"(?<!\d)([1-9]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx])(?!\d)"),
    "account": re.compile(r"""account\w*["']?\s*[:=]\s*["'](\d{12,22})["']"""),
    "name": re.compile(r"""(?:\{name: (\S{2,4}), mobile:)|(?:legal_rep["']?\s*[:=]\s*["']?([\u4e00-\u9fff]{2,4}))"""),
    "secret": re.compile(
        r"""(?:wechat_token|app_secret|aes_key|session_secret|\b(?:APP_)?SECRET|\bAES_KEY|\bTOKEN)["']?\s*[:=]\s*"""
        r"""["']([^"'\s]{8,})["']"""
    ),
}
"""How the samples and the test doubles write them down."""


def known(texts: Sequence[str]) -> dict[str, str]:
    """What kind of thing each value is that stands in these files."""
    return {
        value: kind
        for kind, form in _KINDS.items()
        for text in texts
        for found in form.finditer(text)
        for value in found.groups()
        if value
    }


class Watch:
    """Looks at every record of the process, whatever handlers there are, and notes where one gives something away."""

    def __init__(self, values: dict[str, str], found: Path) -> None:
        self._values = values
        self._found = found
        self._noted: set[str] = set()

    def start(self) -> None:
        handle = logging.Logger.handle
        if hasattr(handle, _WATCHED):
            return

        def handle_and_look(logger: logging.Logger, record: logging.LogRecord) -> None:
            self.look(record)
            handle(logger, record)

        setattr(handle_and_look, _WATCHED, True)
        logging.Logger.handle = handle_and_look  # type: ignore[method-assign]

    def look(self, record: logging.LogRecord) -> None:
        said = _said(record)
        what = self.given_away(said) if _is_ours(record) else None
        if what is None and self.given_away(said + _error(record)):
            what = self.given_away(_written(record))
        if what is not None:
            self._note(record, what)

    def given_away(self, text: str) -> str | None:
        """The kind of what stands in the text, None when nothing does."""
        for kind, form in _FORMS.items():
            if form.search(text):
                return kind
        return next((kind for value, kind in self._values.items() if value in text and _alone(value, text)), None)

    def _note(self, record: logging.LogRecord, what: str) -> None:
        place = f"{record.pathname}:{record.lineno}"
        if f"{place} {what}" in self._noted:
            return
        self._noted.add(f"{place} {what}")
        line = {"what": what, "place": place, "logger": record.name, "test": os.environ.get("PYTEST_CURRENT_TEST", "")}
        with self._found.open("a") as file:
            file.write(json.dumps(line) + "\n")


def start_from_environment() -> None:
    """Watch this process, if the tests that started it are watched."""
    values, found = os.environ.get(VALUES), os.environ.get(FOUND)
    if values and found:
        Watch(json.loads(Path(values).read_text()), Path(found)).start()


def _is_ours(record: logging.LogRecord) -> bool:
    """From our own code; a test may hand anything to a logger to see what comes out."""
    return record.name.split(".")[0] in _OWN and f"{os.sep}tests{os.sep}" not in record.pathname


def _said(record: logging.LogRecord) -> str:
    extra = [str(value) for key, value in record.__dict__.items() if key not in _STANDARD]
    return "\n".join([record.getMessage(), *extra])


def _error(record: logging.LogRecord) -> str:
    return "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""


def _written(record: logging.LogRecord) -> str:
    from chalicelib.logs import JsonFormatter

    return JsonFormatter().format(record)


def _alone(value: str, text: str) -> bool:
    """Not as part of a longer word."""
    return re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text, re.ASCII) is not None
