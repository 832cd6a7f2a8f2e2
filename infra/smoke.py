"""A deployed stage as seen from outside (冒烟检查)."""

from __future__ import annotations

from collections.abc import Callable

import requests

_SECONDS = 20


def status_of(url: str) -> int:
    """HTTP status. Raises requests.RequestException."""
    return requests.get(url, timeout=_SECONDS, allow_redirects=False).status_code


def smoke(base: str, get: Callable[[str], int] = status_of) -> list[str]:
    """What is wrong, as sentences: it must be healthy, and must refuse a push that nobody signed."""
    wanted = {f"{base}/healthz": 200, f"{base}/wechat?signature=0&timestamp=0&nonce=0&echostr=0": 403}
    found = []
    for url, status in wanted.items():
        try:
            got = get(url)
        except requests.RequestException as error:
            found.append(f"{url} 连不上：{type(error).__name__}")
            continue
        if got != status:
            hint = (
                "；中国区没有完成备案时一律是 403" if got == 403 else "；请看 api_handler 的日志" if got >= 500 else ""
            )
            found.append(f"{url} 应回答 {status}，实际是 {got}{hint}")
    return found
