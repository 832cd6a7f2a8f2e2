"""When an account may speak on its own (客服消息下发条件): what the user did opens a window with a few messages.

How windows that overlap combine is not documented; here they are independent, and the one that ends first is used.
"""

from __future__ import annotations

from simulator.platform.errors import ApiError
from simulator.world import World

RULES = {"message": (5, 48 * 3600), "click": (3, 60), "follow": (3, 60), "scan": (3, 60)}


def open_window(world: World, openid: str, rule: str) -> None:
    """Open or renew the window that this act gives."""
    remaining, seconds = RULES[rule]
    world.state.execute(
        "INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?)", openid, rule, remaining, world.now() + seconds
    )


def close_windows(world: World, openid: str) -> None:
    world.state.execute("DELETE FROM windows WHERE openid = ?", openid)


def use(world: World, openid: str) -> None:
    """Take one message; 45015 when no window is open, 45047 when those open are used up."""
    rows = world.state.rows(
        "SELECT rule, remaining FROM windows WHERE openid = ? AND expires > ? ORDER BY expires", openid, world.now()
    )
    if not rows:
        raise ApiError(45015)
    for row in rows:
        if row["remaining"] > 0:
            world.state.execute(
                "UPDATE windows SET remaining = remaining - 1 WHERE openid = ? AND rule = ?", openid, row["rule"]
            )
            return
    raise ApiError(45047)
