from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.adapters.memory import MemoryStore
from chalicelib.enterprises.binding import WRONG_CODE, BindingRefused, BindingService, IssuedCode
from chalicelib.enterprises.code_form import ALPHABET
from chalicelib.enterprises.roles import Role
from tests.unit.enterprises.recording import RecordingStore

USCC = "91360323MAXX00015C"
OTHER = "91360323MAXX000237"


def issue(service: BindingService, clock: FixedClock, role: Role | str = Role.FINANCE, uscc: str = USCC) -> IssuedCode:
    return service.issue_code(uscc, role, "op-1", clock.now())


def refused(service: BindingService, clock: FixedClock, code: str, openid: str = "o1") -> str:
    with pytest.raises(BindingRefused) as caught:
        service.redeem(openid, code, clock.now())
    return str(caught.value)


def test_a_code_binds_once_in_its_role(store: MemoryStore, clock: FixedClock) -> None:
    service = BindingService(store)
    issued = issue(service, clock)
    binding = service.redeem("o1", issued.code, clock.now())
    assert (binding.uscc, binding.role, binding.issued_by, binding.bound_at) == (
        USCC,
        Role.FINANCE,
        "op-1",
        clock.now(),
    )
    assert service.of_person("o1") == service.members(USCC) == [binding]
    assert service.of("o1", USCC) == binding
    assert refused(service, clock, issued.code, "o2") == WRONG_CODE
    assert service.members(USCC) == [binding]


def test_codes_are_eight_plain_characters_kept_only_as_a_hash(store: MemoryStore, clock: FixedClock) -> None:
    service = BindingService(store)
    codes = [issue(service, clock).code for _ in range(50)]
    assert len(set(codes)) == 50
    for code in codes:
        assert len(code) == 8
        assert set(code) <= set(ALPHABET)
    assert not set(ALPHABET) & set("0O1ILSZ")
    everything = json.dumps([[record.pk, record.sk, text] for record, text in store._rows.values()])
    assert not any(code in everything for code in codes)


@pytest.mark.parametrize("form", ["{0}", " {0}\n", "{1}", "{2}", "{3}"])
def test_a_code_may_be_typed_as_people_do(store: MemoryStore, clock: FixedClock, form: str) -> None:
    service = BindingService(store)
    code = issue(service, clock).code
    wide = "".join(chr(ord(character) + 0xFEE0) for character in code)
    typed = form.format(code, code.lower(), f"{code[:4]}-{code[4:]}", wide)
    assert service.redeem("o1", typed, clock.now()).uscc == USCC


def test_a_code_ends_after_its_life(store: MemoryStore, clock: FixedClock) -> None:
    service = BindingService(store)
    issued = issue(service, clock)
    assert issued.expires_at == clock.now() + timedelta(hours=72)
    late = clock.now() + timedelta(hours=72)
    with pytest.raises(BindingRefused, match="授权码不对或已失效"):
        service.redeem("o1", issued.code, late)  # the store's clock has not moved: the code's own term decides
    clock.advance(timedelta(hours=71, minutes=59))
    assert service.redeem("o2", issued.code, clock.now()).uscc == USCC


def test_every_code_that_does_not_work_gets_one_sentence_and_costs_the_same(clock: FixedClock) -> None:
    store = RecordingStore(clock)
    service = BindingService(store)
    expired = service.issue_code(USCC, Role.STAFF, "op-1", clock.now(), life=timedelta(minutes=1))
    used = issue(service, clock)
    service.redeem("o9", used.code, clock.now())
    clock.advance(timedelta(minutes=2))
    seen = set()
    for code in ("", "绑定", "ABCDEFGH", used.code, expired.code, used.code[:-1], "A" * 5000):
        store.calls.clear()
        sentence = refused(service, clock, code, openid=f"o-{len(code)}-{code[:3]}")
        seen.add((sentence, tuple(store.calls)))
    assert seen == {(WRONG_CODE, ("add tries", "get bindcode"))}


def test_five_wrong_codes_lock_even_the_right_one_out(store: MemoryStore, clock: FixedClock) -> None:
    service = BindingService(store)
    code = issue(service, clock).code
    for _ in range(5):
        assert refused(service, clock, "WRONG222") == WRONG_CODE
    assert "30 分钟" in refused(service, clock, code)
    assert service.redeem("o2", code, clock.now()).uscc == USCC
    code = issue(service, clock).code
    clock.advance(timedelta(minutes=30))
    assert service.redeem("o1", code, clock.now()).uscc == USCC


def test_the_fifth_try_may_still_be_right_and_forgets_the_four(store: MemoryStore, clock: FixedClock) -> None:
    service = BindingService(store)
    for _ in range(2):
        for _ in range(4):
            refused(service, clock, "WRONG222")
        service.redeem("o1", issue(service, clock).code, clock.now())


def test_parallel_guessing_gets_five_looks_at_codes(clock: FixedClock) -> None:
    store = RecordingStore(clock)
    service = BindingService(store)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: refused(service, clock, f"WRONG{n:03d}"), range(40)))
    assert store.calls.count("get bindcode") == 5


def test_eight_people_with_one_code_make_one_member(store: MemoryStore, clock: FixedClock) -> None:
    service = BindingService(store)
    for _ in range(20):
        code = issue(service, clock).code

        def one(openid: str, code: str = code) -> str | None:
            try:
                return service.redeem(openid, code, clock.now()).openid
            except BindingRefused as error:
                assert str(error) == WRONG_CODE
                return None

        with ThreadPoolExecutor(8) as pool:
            winners = [winner for winner in pool.map(one, [f"o{n}" for n in range(8)]) if winner]
        assert len(winners) == 1
        assert [member.openid for member in service.members(USCC)] == winners
        service.remove(winners[0], USCC, clock.now())
        clock.advance(timedelta(hours=1))


def test_a_snapshot_user_is_refused_before_anything_is_read(clock: FixedClock) -> None:
    store = RecordingStore(clock)
    service = BindingService(store)
    code = issue(service, clock).code
    store.calls.clear()
    with pytest.raises(BindingRefused, match="完整服务"):
        service.redeem("o1", code, clock.now(), snapshot_user=True)
    assert store.calls == []


def test_a_new_code_changes_the_role_and_one_person_may_stand_for_several(
    store: MemoryStore, clock: FixedClock
) -> None:
    service = BindingService(store)
    service.redeem("o1", issue(service, clock, "财务").code, clock.now())
    service.redeem("o1", issue(service, clock, "法人").code, clock.now())
    service.redeem("o1", issue(service, clock, "办税", OTHER).code, clock.now())
    assert [(b.uscc, b.role) for b in service.of_person("o1")] == [(USCC, Role.LEGAL), (OTHER, Role.TAX)]
    assert len(service.members(USCC)) == 1


def test_there_are_five_roles_and_no_other(store: MemoryStore, clock: FixedClock) -> None:
    assert [str(role) for role in Role] == ["法人", "财务", "人事", "办税", "项目", "经办", "负责人"]
    with pytest.raises(ValueError, match="老板"):
        issue(BindingService(store), clock, "老板")


@pytest.mark.parametrize(
    ("by", "allowed"),
    [("legal", True), ("o1", True), (None, True), ("staff", False), ("stranger", False), ("boss2", False)],
)
def test_who_may_remove_a_member(store: MemoryStore, clock: FixedClock, by: str | None, allowed: bool) -> None:
    service = BindingService(store)
    for openid, role, uscc in (
        ("legal", "法人", USCC),
        ("staff", "人事", USCC),
        ("o1", "财务", USCC),
        ("boss2", "法人", OTHER),
    ):
        service.redeem(openid, issue(service, clock, role, uscc).code, clock.now())
    if allowed:
        service.remove("o1", USCC, clock.now(), by=by)
    else:
        with pytest.raises(BindingRefused, match="法定代表人"):
            service.remove("o1", USCC, clock.now(), by=by)
    assert (service.of("o1", USCC) is None) == allowed
    assert ("o1" not in [member.openid for member in service.members(USCC)]) == allowed
    assert service.of("legal", USCC) is not None


def test_removing_twice_or_late_is_harmless(store: MemoryStore, clock: FixedClock) -> None:
    service = BindingService(store)
    asked = clock.now()
    service.remove("o1", USCC, asked)
    clock.advance(1)
    service.redeem("o1", issue(service, clock).code, clock.now())
    service.remove("o1", USCC, asked)  # an old request comes late: the newer binding stays
    assert service.of("o1", USCC) is not None
