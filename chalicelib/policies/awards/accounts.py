"""账户确认: where the money of an entry goes, said by the enterprise or from papers that an officer holds.

户名 must be the enterprise's name (facts §8.1, trap 29); an account that is not is kept as the entry's problem, without
its number, so that the enterprise can be told why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from chalicelib.enterprises.uscc import normalise
from chalicelib.policies.awards.life import EntryLife, EntryState, Stage, entry_life, entry_refusal, round_life
from chalicelib.policies.awards.model import (
    AccountRefused,
    AwardRefused,
    Entry,
    EntryAct,
    EntryEvent,
    PayeeAccount,
    Round,
    same_name,
)
from chalicelib.policies.awards.repository import AwardRepository, Registered
from chalicelib.policies.awards.steps import event_of, in_chunks, marked, person, the_entry, the_round, written
from chalicelib.policies.awards.tables import read_rows, refuse
from chalicelib.ports import Write
from chalicelib.times import local_date

COLUMNS = ("统一社会信用代码", "户名", "开户行", "账号")
_FILE = "账户文件"
TAKING_ACCOUNTS = frozenset({Stage.PUBLIC, Stage.PAYABLE, Stage.BATCHING, Stage.SEALED, Stage.DISSOLVING})
_CORRECTABLE = frozenset({EntryState.LISTED, EntryState.BLOCKED})

NO_PROFILE = "库里已没有这家企业"
DEREGISTERED = "企业已注销，不予发放"


def standing_problem(registered: Registered | None) -> str | None:
    """Why an enterprise can get no money at all: 审核发放前已注销的不发 (facts §2.1, 稳岗返还)."""
    if registered is None:
        return NO_PROFILE
    return DEREGISTERED if registered.status == "注销" else None


def account_problem(registered: Registered, payee: PayeeAccount) -> str | None:
    """户名 must be the enterprise's name of today; a former name or a person's account does not do."""
    if same_name(payee.name, registered.name):
        return None
    return f"户名“{payee.name}”与企业名称“{registered.name}”不一致，请改用本企业名下的账户"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a file of accounts came to; ``refused`` are those that money may not go to."""

    confirmed: int = 0
    refused: int = 0
    already: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(self.confirmed + other.confirmed, self.refused + other.refused, self.already + other.already)


_Line = tuple[int, str, PayeeAccount]


class Accounts:
    """Accounts of the entries of rounds."""

    def __init__(self, rows: AwardRepository) -> None:
        self._rows = rows

    def record(
        self, id_: str, uscc: str, payee: PayeeAccount, by: str, now: datetime, still: Sequence[Write] = ()
    ) -> Entry:
        """``still``: what must hold when it is written. Raises AwardRefused; AccountRefused for an account that money
        may not go to."""
        self._open_round(id_, now)
        filed = the_entry(self._rows, id_, uscc)
        life = entry_life(filed.row)
        if life.payee == payee:
            return filed.row
        event = self._judged(filed.row, payee, by, now)
        row = filed.row
        if _is_news(life, event):
            row = marked(row, event)
            written(self._rows, id_, self._rows.put_entry(row, filed.version), *still)
        if event.act is EntryAct.ACCOUNT_REFUSED:
            raise AccountRefused(f"这个账户不能收款：{event.note}。")
        return row

    def take_in(self, id_: str, data: bytes, by: str, now: datetime) -> Taken:
        """A file of accounts (``COLUMNS``), checked whole first; again, it changes nothing. Raises BadInput naming line
        and column, AwardRefused."""
        self._open_round(id_, now)
        lines = read_rows(data, _FILE, COLUMNS, _line)
        listed = {each.row.uscc: entry_life(each.row).payee for each in self._rows.entries(id_)}
        refuse(_FILE, [f"第 {n} 行 统一社会信用代码：名单里没有 {uscc}" for n, uscc, _ in lines if uscc not in listed])
        refuse(_FILE, _repeated(lines))
        who = person(by)
        news = [line for line in lines if listed[line[1]] != line[2]]
        known = Taken(already=len(lines) - len(news))
        return sum(in_chunks(id_, news, lambda chunk: self._write(id_, chunk, who, now)), start=known)

    def _write(self, id_: str, lines: Sequence[_Line], by: str, now: datetime) -> Taken:
        taken = Taken()
        writes: list[Write] = []
        for _, uscc, payee in lines:
            filed = the_entry(self._rows, id_, uscc)
            life = entry_life(filed.row)
            event = self._judged(filed.row, payee, by, now)
            if life.payee == payee or entry_refusal(life, event) or not _is_news(life, event):
                taken += Taken(already=1)
                continue
            writes.append(self._rows.put_entry(filed.row.with_event(event), filed.version))
            refused = event.act is EntryAct.ACCOUNT_REFUSED
            taken += Taken(confirmed=int(not refused), refused=int(refused))
        if writes:
            self._rows.transact(*writes)
        return taken

    def _judged(self, entry: Entry, payee: PayeeAccount, by: str, now: datetime) -> EntryEvent:
        """The account confirmed, or refused with the reason."""
        registered = self._rows.registered(entry.uscc)
        problem = standing_problem(registered)
        if problem is None and registered is not None:
            problem = account_problem(registered, payee)
        if problem is not None:
            return event_of(EntryAct.ACCOUNT_REFUSED, by, now, problem)
        return event_of(EntryAct.ACCOUNT_CONFIRMED, by, now, payee.masked).model_copy(update={"payee": payee})

    def _open_round(self, id_: str, now: datetime) -> Round:
        round_ = the_round(self._rows, id_).row
        stage = round_life(round_).stage(local_date(now))
        if stage not in TAKING_ACCOUNTS:
            raise AwardRefused(f"批次 {id_} 现在是“{stage}”，公示开始后、结束前才能确认账户。")
        return round_


def _is_news(life: EntryLife, event: EntryEvent) -> bool:
    """A good account stands when somebody names a bad one, and a problem is kept once."""
    refused = event.act is EntryAct.ACCOUNT_REFUSED
    return not refused or (life.state in _CORRECTABLE and life.problem != event.note)


_CARD = re.compile(r"62\d{14,17}")


def is_mistyped_card(number: str) -> bool:
    """Whether it is a UnionPay card number (银联卡，单位结算卡, 16 to 19 digits from 62) with a wrong check digit
    (ISO/IEC 7812-1, Luhn). Numbers of other accounts have no check that all banks share."""
    if not _CARD.fullmatch(number):
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 != 0


def payee_of(name: str, bank: str, number: str) -> PayeeAccount:
    """An account as people write it. Raises ValueError naming the Chinese field, never repeating the number."""
    try:
        payee = PayeeAccount(name=name, bank=bank, number=number)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        field = PayeeAccount.model_fields[str(problem["loc"][0])].title
        said = problem["msg"].removeprefix("Value error, ")
        raise ValueError(f"{field}：{said if problem['type'] == 'value_error' else '应有 2 到 120 个字'}") from None
    if is_mistyped_card(payee.number):
        raise ValueError("账号：卡号的校验位不对，可能写错了一位，请对着卡或开户许可证核对")
    return payee


def _line(number: int, cells: Mapping[str, str]) -> _Line:
    uscc, *rest = (cells[name] for name in COLUMNS)
    return number, normalise(uscc), payee_of(*rest)


def _repeated(lines: Sequence[_Line]) -> list[str]:
    first: dict[str, int] = {}
    return [
        f"第 {number} 行 统一社会信用代码：与第 {first[uscc]} 行重复"
        for number, uscc, _ in lines
        if first.setdefault(uscc, number) != number
    ]
