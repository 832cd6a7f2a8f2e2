"""What the pages load and post. All addresses are relative, so the mount does not matter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulator.chat import SENT_BY_API
from simulator.config import MODES
from simulator.faults import parse_scenario
from simulator.http import Request, Response, json_response, text_response
from simulator.inbound.driver import Driver
from simulator.phone import Phone, PhoneError
from simulator.platform import menu
from simulator.world import World

_HERE = Path(__file__).parent
_FILES = {
    "phone.css": "text/css",
    "phone.js": "text/javascript",
    "inspect.js": "text/javascript",
    "picture.svg": "image/svg+xml",
}
_PAGES = {"": "phone.html", "inspect": "inspect.html"}
LISTED_USERS = 200
LISTED_LINES = 200


class Page:
    """GET gives pages, files and JSON; POST is one act of a user, in JSON with ``user`` as the openid."""

    def __init__(self, world: World, phone: Phone, driver: Driver) -> None:
        self._world = world
        self._phone = phone
        self._driver = driver
        self._reads: dict[str, Callable[[Request], Any]] = {
            "state": self._state,
            "inspect.json": self._inspect,
            "deliveries.json": lambda request: self._world.chat.deliveries(),
        }
        self._acts: dict[str, Callable[[dict[str, Any], Request], Any]] = {
            "users": self._add_user,
            "follow": lambda body, request: phone.follow(body["user"]),
            "unfollow": lambda body, request: phone.unfollow(body["user"]),
            "refuse": lambda body, request: phone.refuse(body["user"], bool(body["refuses"])),
            "say": lambda body, request: phone.say(body["user"], str(body["text"]), str(body.get("menu_id", ""))),
            "image": self._image,
            "voice": lambda body, request: phone.send_voice(body["user"], str(body.get("recognition", ""))),
            "location": self._location,
            "unsupported": lambda body, request: phone.send_unsupported(body["user"]),
            "menu": lambda body, request: {"open": phone.tap_menu(body["user"], [int(n) for n in body["path"]])},
            "scan": lambda body, request: phone.scan(body["user"], str(body["ticket"])),
            "consent": self._consent,
            "consent/withdraw": lambda body, request: phone.withdraw_consent(body["user"], str(body["template"])),
            "profile": lambda body, request: phone.change_profile(body["user"]),
            "revoke": lambda body, request: phone.revoke(body["user"]),
            "mode": self._mode,
            "scenario": self._scenario,
            "verify": lambda body, request: {"echoed": self._driver.verify()},
        }

    def handle(self, path: str, request: Request) -> Response:
        """``path`` is without the mount and without a leading slash."""
        if request.method == "GET":
            return self._get(path, request)
        if request.method == "POST" and path == "hand":
            return self._hand()
        if request.method == "POST" and path in self._acts:
            return self._post(path, request)
        return text_response("没有这个页面", 404)

    def _get(self, path: str, request: Request) -> Response:
        if path in self._reads:
            return json_response(self._reads[path](request))
        if path in _PAGES:
            last = request.path.rpartition("/")[2]
            base = f"{last}/" if last and path == "" else "./"
            html = (_HERE / _PAGES[path]).read_text(encoding="utf-8")
            return text_response(html.replace("{{base}}", base), kind="text/html")
        if path in _FILES:
            return text_response((_HERE / path).read_text(encoding="utf-8"), kind=_FILES[path])
        return text_response("没有这个页面", 404)

    def _post(self, path: str, request: Request) -> Response:
        # A form of another site cannot send this type, so no page but ours can act for a user.
        if not request.headers.get("content-type", "").startswith("application/json"):
            return json_response({"error": "只接受 JSON"}, 415)
        try:
            result = self._acts[path](request.json(), request)
        except (PhoneError, ValueError, TypeError) as error:
            return json_response({"error": str(error)}, 400)
        except KeyError as error:
            return json_response({"error": f"缺少 {error.args[0]}"}, 400)
        return json_response(result or {})

    def _hand(self) -> Response:
        """Another user holds the phone: to pages it is another phone, on which nobody has signed in."""
        answer = json_response({})
        forget = {"Set-Cookie": self._world.config.signed_out} if self._world.config.signed_out else {}
        return Response(answer.status, {**answer.headers, **forget}, answer.body)

    def _add_user(self, body: dict[str, Any], request: Request) -> dict[str, str]:
        snapshot = bool(body.get("snapshot", False))
        openid = self._phone.add_user(str(body["name"]), openid=str(body.get("openid", "")), snapshot=snapshot)
        return {"openid": openid}

    def _image(self, body: dict[str, Any], request: Request) -> None:
        folder = request.path.rpartition("/")[0]
        self._phone.send_image(body["user"], f"http://{request.headers.get('host', '127.0.0.1')}{folder}/picture.svg")

    def _location(self, body: dict[str, Any], request: Request) -> None:
        self._phone.send_location(
            body["user"], float(body["latitude"]), float(body["longitude"]), str(body.get("label", ""))
        )

    def _consent(self, body: dict[str, Any], request: Request) -> None:
        choices = {str(template): bool(accepted) for template, accepted in dict(body["choices"]).items()}
        self._phone.answer_consent(body["user"], choices, long_term=bool(body.get("long_term", False)))

    def _mode(self, body: dict[str, Any], request: Request) -> None:
        if body["mode"] not in MODES:
            raise ValueError(f"模式只有 {'、'.join(MODES)}")
        self._world.state.set_setting("mode", body["mode"])

    def _scenario(self, body: dict[str, Any], request: Request) -> None:
        self._world.faults.replace(parse_scenario(request.body.decode("utf-8")))

    def _state(self, request: Request) -> dict[str, Any]:
        """Everything that the page shows of one user, with the messages after number ``after``."""
        openid = request.query.get("user", "")
        user = self._world.user(openid)
        after = request.query.get("after", "0")
        messages = self._world.chat.messages(openid, int(after) if after.isdecimal() else 0) if user else []
        users = self._phone.users()
        return {
            "account": self._world.config.account_name,
            "mode": self._world.mode,
            "users": [_person(row) for row in users[-LISTED_USERS:]],
            "user": _person(user) | {"typing": user["typing_until"] > self._world.now()} if user else None,
            "menu": menu.current(self._world),
            "templates": [
                {"id": template.id, "title": template.title}
                for template in self._world.config.all_templates()
                if "subscribe" in template.apis
            ],
            "consents": self._phone.consents(openid),
            "tickets": self._world.state.rows("SELECT ticket, scene FROM qr_codes ORDER BY created DESC LIMIT 5"),
            "messages": [_message(row) for row in messages],
            "last": self._world.chat.last(openid),
            "pending": self._world.pending(openid),
        }

    def _inspect(self, request: Request) -> dict[str, Any]:
        """Counts of calls by path and outcome, of deliveries, and the latest lines of both logs."""
        state = self._world.state
        deliveries = self._world.chat.deliveries()
        by_channel = dict.fromkeys(SENT_BY_API, 0)
        for row in deliveries:
            by_channel[row["channel"]] += row["count"]
        return {
            "mode": self._world.mode,
            "pending": self._world.pending(),
            "materials": sorted(self._world.config.materials),
            "calls": state.rows("SELECT * FROM api_counts ORDER BY path, outcome"),
            "delivered": by_channel,
            "repeated": [row for row in deliveries if row["count"] > 1],
            "api_log": state.rows("SELECT * FROM api_log ORDER BY id DESC LIMIT ?", LISTED_LINES),
            "push_log": state.rows("SELECT * FROM push_log ORDER BY id DESC LIMIT ?", LISTED_LINES),
            "faults": [
                {"rule": rule.model_dump(mode="json", exclude_defaults=True), **hits}
                for rule, hits in zip(self._world.faults.scenario.rules, self._hits(), strict=True)
            ],
        }

    def _hits(self) -> list[dict[str, int]]:
        kept = {row["rule"]: row for row in self._world.state.rows("SELECT * FROM fault_hits")}
        empty = {"seen": 0, "fired": 0}
        numbers = range(len(self._world.faults.scenario.rules))
        return [{name: kept.get(str(number), empty)[name] for name in empty} for number in numbers]


def _person(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "openid": row["openid"],
        "name": row["name"],
        "following": bool(row["following"]),
        "refuses": bool(row["refuses"]),
    }


def _message(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "from": row["sender"],
        "kind": row["kind"],
        "channel": row["channel"],
        "body": row["body"],
        "at": row["created"],
        "msgid": row["msgid"],
        "template": row["template_id"],
    }
