"""Nothing personal or secret leaves by the log, whichever door it tries."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib import logs, masking

OPENID = "oLVPpjqs9BhvzwPj5A-vTYAX3GLc"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
FORBIDDEN = {
    "mobile": "13812345678",
    "spaced mobile": "138 1234 5678",
    "id card": "36032319000101001X",
    "bank": "6222021234567890123",
    "email": "zhang@example.com",
    "openid": OPENID,
    "uscc": "91360323MAXX00015C",
    "aes key": AES_KEY,
    "landline": "0799-7551234",
}


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    out = io.StringIO()
    logs.configure("INFO", out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


log = logging.getLogger("chalicelib.notices.delivery")


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    log.warning("delivered %s in %d tries", "n-17", 2, extra={"run_id": "r1", "queued": 3, "dry": True, "none": None})
    [line] = lines(stream)
    assert line.pop("at").startswith("20")
    assert line == {
        "level": "WARNING",
        "logger": "chalicelib.notices.delivery",
        "message": "delivered n-17 in 2 tries",
        "run_id": "r1",
        "queued": 3,
        "dry": True,
        "none": None,
    }


@pytest.mark.parametrize("what", FORBIDDEN)
@pytest.mark.parametrize("door", ["message", "argument", "extra", "nested", "key", "error", "cause", "stack", "object"])
def test_nothing_forbidden_gets_out(stream: io.StringIO, what: str, door: str) -> None:
    value = FORBIDDEN[what]
    if door == "message":
        log.info(f"sent to {value} now")  # noqa: G004 - the mistake under test
    elif door == "argument":
        log.info("sent to %s and %r", value, [value])
    elif door == "extra":
        log.info("sent", extra={"detail": value})
    elif door == "nested":
        log.info("sent", extra={"detail": {"list": [value, {"deep": (value,)}]}})
    elif door == "key":
        log.info("sent", extra={"detail": {value: 1}})
    elif door == "stack":
        _ = value
        log.info("sent", stack_info=True)
    elif door == "object":
        log.info("sent", extra={"detail": ValueError(value)})
    else:
        try:
            try:
                raise KeyError(value)
            except KeyError as error:
                raise ValueError(f"bad {value}" if door == "error" else "bad") from error
        except ValueError:
            log.exception("failed")
    assert value not in stream.getvalue()
    assert len(lines(stream)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "GET /cgi-bin/user/info?access_token=80_SECRETVALUE&openid=x",
        '{"access_token": "80_SECRETVALUE"}',
        "{'secret': '80_SECRETVALUE'}",
        "appid=wx1&secret=80_SECRETVALUE&grant_type=client_credential",
        "XIXINBAN_WECHAT_APP_SECRET=80_SECRETVALUE",
        "Authorization: Bearer 80_SECRETVALUE",
        "XIXINBAN_WECHAT_TOKEN = 80_SECRETVALUE",
        "refresh_token=80_SECRETVALUE",
    ],
)
def test_secrets_are_cut_out_by_the_name_before_them(stream: io.StringIO, text: str) -> None:
    logging.getLogger("urllib3.connectionpool").warning("%s", text)
    assert "SECRETVALUE" not in stream.getvalue()
    assert "***" in stream.getvalue()


def test_extras_named_for_a_person_or_a_secret_are_hidden_whatever_their_form(stream: io.StringIO) -> None:
    log.info(
        "bound",
        extra={
            "openid": "sim-user-1",
            "mobile": 110,
            "contact": {"who": "张三"},
            "legal_rep": "张三",
            "app_secret": "x",
        },
    )
    [line] = lines(stream)
    assert line["openid"] == masking.openid("sim-user-1")
    assert [line[key] for key in ("mobile", "contact", "legal_rep", "app_secret")] == ["***"] * 4
    assert "张三" not in stream.getvalue()


def test_a_number_is_scrubbed_as_its_text_is(stream: io.StringIO) -> None:
    log.info("call %d", 13812345678, extra={"big": 6222021234567890123, "small": 42, "share": 0.5})
    [line] = lines(stream)
    assert (line["message"], line["big"], line["small"], line["share"]) == (
        "call 138****5678",
        "***************0123",
        42,
        0.5,
    )


def test_ids_and_times_that_work_needs_stay_readable(stream: io.StringIO) -> None:
    log.info(
        "run r-2026112209 of policy-push on 2026-11-22 at 15:02, code 40001", extra={"code": 40001, "ticket": "T-3"}
    )
    [line] = lines(stream)
    assert line["message"] == "run r-2026112209 of policy-push on 2026-11-22 at 15:02, code 40001"
    assert (line["code"], line["ticket"]) == (40001, "T-3")


def test_bound_ids_are_on_every_line_inside_and_none_outside(stream: io.StringIO) -> None:
    with logs.bind(correlation_id="c1"):
        log.info("one")
        with logs.bind(job="policy-push", correlation_id="c2"):
            log.info("two")
        log.info("three", extra={"correlation_id": "own"})
    log.info("four")
    assert [(line.get("correlation_id"), line.get("job")) for line in lines(stream)] == [
        ("c1", None),
        ("c2", "policy-push"),
        ("own", None),
        (None, None),
    ]


def test_bound_ids_do_not_leak_between_threads_or_past_an_error(stream: io.StringIO) -> None:
    def work(number: int) -> None:
        with logs.bind(correlation_id=f"c{number}"):
            log.info("work %s", f"c{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(40)))
    with pytest.raises(RuntimeError), logs.bind(correlation_id="lost"):
        raise RuntimeError
    log.info("after")
    found = lines(stream)
    assert all(line["message"] == f"work {line['correlation_id']}" for line in found[:-1])
    assert "correlation_id" not in found[-1]


def test_configuring_twice_logs_once_and_obeys_the_level(stream: io.StringIO) -> None:
    second = io.StringIO()
    logs.configure("WARNING", second)
    log.info("quiet")
    log.warning("loud")
    assert stream.getvalue() == ""
    assert [line["message"] for line in lines(second)] == ["loud"]


def test_an_extra_never_overwrites_the_line_itself(stream: io.StringIO) -> None:
    log.info("real", extra={"level": "FAKE", "at": "never"})
    [line] = lines(stream)
    assert (line["level"], line["message"], line["extra_level"]) == ("INFO", "real", "FAKE")


def test_a_line_break_in_a_message_cannot_forge_a_second_line(stream: io.StringIO) -> None:
    log.info("user said %s", 'x"}\n{"level":"INFO","message":"forged"}')
    assert len(lines(stream)) == 1


def test_a_bottomless_structure_ends(stream: io.StringIO) -> None:
    loop: dict[str, Any] = {"phone_of": "13812345678"}
    loop["again"] = loop
    log.info("odd", extra={"detail": loop})
    assert "13812345678" not in stream.getvalue()
    assert len(lines(stream)) == 1


def test_an_openid_without_capitals_is_hidden_as_well() -> None:
    plain = "oabcdefghijklmnopqrstuvwx_yz"
    assert len(plain) == len(OPENID)
    assert plain not in logs.scrub(f"to {plain} refused")
