"""What becomes of an error: the sentence for the operator and the exit code. Anything else is a bug, shown whole."""

from __future__ import annotations

import errno
import re
import sqlite3
from typing import Any

from typer.exceptions import TyperException

from chalicelib.errors import BadInput, Refusal
from chalicelib.guidance.evaluate import BadEvaluationSet
from chalicelib.ports import Throttled
from chalicelib.settings import SettingsError
from chalicelib.wechat.errors import ApiError, NotSent, Unclear, rule
from jobs.cli.output import BAD_INPUT, FAILED

_USAGE: tuple[tuple[str, str], ...] = (
    (r"No such command '(.+)'\.", "没有“{0}”这个命令。"),
    (r"No such option: (\S+).*", "没有 {0} 这个选项。"),
    (r"Option '(.+)' requires an argument\.", "{0} 后面要写值。"),
    (r"Got unexpected extra arguments? ?\(?s?\)? ?\((.+)\)", "多写了 {0}。"),
    (r".*'(.+)' does not match the formats '%Y-%m-%d'\.", "“{0}”不是日期，要写成 2026-11-22 这样。"),
    (r"Input should be greater than or equal to (\S+)", "不能小于 {0}。"),
    (r"Input should be less than or equal to (\S+)", "不能大于 {0}。"),
    (r"Input should be a valid integer.*", "要写整数。"),
)
"""Click's own sentences and ours; one that is not here is shown as it is."""


def explain(error: BaseException) -> tuple[str, int] | None:
    """(sentence, exit code): 2 for what was given wrongly, 1 for what failed; None for a bug."""
    match error:
        case BadInput() | SettingsError() | BadEvaluationSet():
            return str(error), BAD_INPUT
        case Refusal() | Throttled():
            return str(error), FAILED
        case TyperException():
            return _usage(error), BAD_INPUT
        case ApiError() | NotSent() | Unclear():
            return _platform(error), FAILED
        case OSError(errno=errno.EADDRINUSE):
            return "端口已被占用。请用 --port 换一个，或先停掉占用它的程序。", FAILED
        case OSError(filename=None):
            return f"操作系统拒绝了：{error.strerror or error}。", FAILED
        case OSError():
            return f"读写文件失败：{error.filename}，{error.strerror}。请检查路径和权限。", FAILED
        case sqlite3.Error():
            return f"打不开或写不了数据库（{error}）。请检查 XIXINBAN_DB。", FAILED
        case _:
            return None


def _usage(error: TyperException) -> str:
    text = str(error)
    said = next(
        (ours.format(*found.groups()) for theirs, ours in _USAGE if (found := re.fullmatch(theirs, text))), text
    )
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    if parameter is not None and text.startswith("Missing parameter"):
        said, named = _missing(parameter), ""
    else:
        named = f"{parameter.opts[0]}：" if parameter is not None else ""
    return f"{named}{said}\n看用法：{context.command_path} --help" if context and "Usage:" not in text else named + said


def _missing(parameter: Any) -> str:
    """By the word to type, and by what it is."""
    told = getattr(parameter, "help", None)
    return f"缺少 {parameter.opts[0]}{f'（{told}）' if told else ''}。"


_NETWORK = {
    "NameResolutionError": "域名解析不了。请检查 DNS 和 XIXINBAN_WECHAT_API_BASE。",
    "NewConnectionError": "连不上。请检查网络、防火墙、代理和 XIXINBAN_WECHAT_API_BASE。",
    "ConnectTimeoutError": "连接超时。请检查网络、防火墙和代理。",
    "ReadTimeoutError": "连上了，没有等到答复。请稍后再试。",
    "SSLError": "加密连接（TLS）没有建立。请检查服务器时间、根证书、中间的代理和 XIXINBAN_WECHAT_API_BASE。",
}
"""By the name of the network's error. Anything else: the name as it is, and where to look."""


def _platform(error: ApiError | NotSent | Unclear) -> str:
    match error:
        case ApiError():
            known = rule(error.code)
            advice = f"{known.alarm}。" if known.alarm else ""
            address = f"本系统的出口 IP 是 {error.address}。" if error.address else ""
            return f"微信平台拒绝了 {error.path}：{error.code} {known.meaning}。{advice}{address}"
        case NotSent() if error.cause in _NETWORK:
            return f"微信平台（{error.path}）{_NETWORK[error.cause]}"
        case NotSent():
            return f"没有连上微信平台（{error.path}，{error.cause}）。请检查网络和 XIXINBAN_WECHAT_API_BASE。"
        case Unclear():
            return f"微信平台没有答复清楚（{error.path}，{error.cause}），可能已经办成。请先到公众号后台核对。"
