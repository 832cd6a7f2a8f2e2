"""Why a call is refused as a whole: status, code and the sentence for the partner's engineer. docs/partners.md lists
them all (a test compares the two)."""

from __future__ import annotations

from enum import Enum

from chalicelib.partners.model import Error, ErrorBody


class Reason(Enum):
    """(HTTP status, code, sentence)."""

    BAD_JSON = (400, "bad_json", "请求体不是 UTF-8 编码的 JSON。请核对格式后重发")
    BAD_BODY = (400, "bad_body", "请求体的结构不对。请写成 {“rows”: […], “events”: […]}，至少一项，合计 1 至 500 行")
    BAD_IDEMPOTENCY_KEY = (
        400,
        "bad_idempotency_key",
        "Idempotency-Key 应为 1 至 64 位字母、数字或 . _ : -。请改正后重发",
    )
    QUERY = (400, "query_not_allowed", "地址后面不能带参数。请把内容放进请求体")
    UNSIGNED = (401, "unsigned", "没有签名，或签名请求头写法不对。请带上四个 X-Xixinban- 请求头")
    LATE = (401, "late", "时间戳与服务器时间相差超过 5 分钟。请校准时钟，重新签名后再发")
    UNAUTHORISED = (401, "unauthorised", "单位代号、密钥或签名不对。请核对密钥和待签字符串；密钥过期请联系县政数局")
    REPLAYED = (401, "replayed", "这个随机串已经用过。请换一个随机串，重新签名后再发")
    OUT_OF_SCOPE = (403, "out_of_scope", "贵单位没有报送这一类数据的权限。需要时请联系县政数局")
    NOT_FOUND = (404, "not_found", "没有这个地址。末尾只能是 cases、loans 或 enterprises")
    IDEMPOTENCY_CONFLICT = (409, "idempotency_conflict", "这个 Idempotency-Key 已用于另一份内容。新内容请换一个")
    IN_PROGRESS = (409, "in_progress", "同一个 Idempotency-Key 的请求正在处理。请按 Retry-After 稍后重发")
    TOO_LARGE = (413, "too_large", "请求体超过 1 MB。请分几次报送")
    NOT_JSON = (415, "not_json", "只接受 Content-Type: application/json。请改正请求头")
    TOO_MANY = (429, "too_many_requests", "请求太频繁。请按 Retry-After 稍后重发，或一次多报几行（最多 500 行）")
    INTERNAL = (500, "internal", "服务器出错，请稍后用同一个 Idempotency-Key 重发；仍不行请联系县政数局")
    BUSY = (503, "busy", "服务器忙。请按 Retry-After 用同一个 Idempotency-Key 重发")

    @property
    def status(self) -> int:
        return self.value[0]

    @property
    def code(self) -> str:
        return self.value[1]

    @property
    def message(self) -> str:
        return self.value[2]


class Refused(Exception):
    """The call is not taken. ``retry_after``: seconds after which the same content may be sent again."""

    def __init__(self, reason: Reason, *, retry_after: int | None = None, **detail: str | int) -> None:
        super().__init__(reason.code)
        self.reason = reason
        self.retry_after = retry_after
        self.detail = detail

    def body(self) -> ErrorBody:
        detail = self.detail if self.retry_after is None else {**self.detail, "retry_after": self.retry_after}
        return ErrorBody(error=Error(code=self.reason.code, message=self.reason.message, detail=detail))

    def headers(self) -> dict[str, str]:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.reason.status == 401:  # RFC 9110 §15.5.2 asks for a challenge
            headers["WWW-Authenticate"] = "XIXINBAN-HMAC-SHA256"
        return headers
