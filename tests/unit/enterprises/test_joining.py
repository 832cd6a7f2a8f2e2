"""申请加入: the 法人 decides, and who asks learns nothing of who is there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.adapters.clocks import FixedClock
from chalicelib.enterprises.binding import BindingService
from chalicelib.enterprises.followers import FollowerService
from chalicelib.enterprises.joining import JOINABLE, LIFE, JoinRefused, JoinService, WrongDigits
from chalicelib.enterprises.roles import Role
from tests.unit.enterprises.recording import RecordingStore

USCC, OTHER = "91360323MAXX00015C", "91360323MAXX000312"
LEGAL, NEW = "oLegal", "oNew"


class World:
    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.store = RecordingStore(clock)
        self.bindings = BindingService(self.store)
        self.joining = JoinService(self.store, self.bindings)
        self.bind(LEGAL, Role.LEGAL)

    def bind(self, openid: str, role: Role, uscc: str = USCC) -> None:
        code = self.bindings.issue_code(uscc, role, "op", self.clock.now()).code
        self.bindings.redeem(openid, code, self.clock.now())

    def ask(self, openid: str = NEW, uscc: str | None = USCC, name: str = "张三丰") -> str:
        return self.joining.ask(openid, uscc, Role.FINANCE, name, self.clock.now()).digits

    def ref(self) -> str:
        return self.joining.waiting(LEGAL, USCC, self.clock.now())[0].ref


@pytest.fixture
def world(clock: FixedClock) -> World:
    return World(clock)


def test_the_legal_lets_in_who_told_the_number(world: World) -> None:
    digits = world.ask()
    [request] = world.joining.waiting(LEGAL, USCC, world.clock.now())
    assert (request.label, request.role) == ("张**", Role.FINANCE)
    member = world.joining.confirm(LEGAL, USCC, request.ref, digits, world.clock.now())
    assert (member.role, member.label) == (Role.FINANCE, "张**")
    held = world.bindings.of(NEW, USCC)
    assert held is not None and (held.role, held.label) == (Role.FINANCE, "张**")
    assert world.joining.of_person(NEW, world.clock.now()) == []
    assert world.joining.waiting(LEGAL, USCC, world.clock.now()) == []
    with pytest.raises(JoinRefused):
        world.joining.confirm(LEGAL, USCC, request.ref, digits, world.clock.now())


def test_a_wrong_number_lets_nobody_in(world: World) -> None:
    wrong = f"{(int(world.ask()) + 1) % 10_000:04d}"
    for digits in (wrong, "", "四位", "12345"):
        with pytest.raises(JoinRefused, match="核对码不对"):
            world.joining.confirm(LEGAL, USCC, world.ref(), digits, world.clock.now())
    assert world.bindings.of(NEW, USCC) is None


def test_the_full_name_is_kept_nowhere(world: World) -> None:
    world.ask(name="欧阳修远")
    assert "欧阳**" in (kept := str(list(world.store._rows.values())))
    assert "修远" not in kept


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.LEGAL])
def test_nobody_but_the_legal_decides_or_sees(world: World, role: Role) -> None:
    digits, ref = world.ask(), world.ref()
    world.bind("oMember", role)
    world.bind("oElsewhere", Role.LEGAL, OTHER)
    for openid in ("oMember", "oElsewhere", NEW, "oStranger"):
        assert world.joining.waiting(openid, USCC, world.clock.now()) == []
        with pytest.raises(JoinRefused):
            world.joining.confirm(openid, USCC, ref, digits, world.clock.now())
        with pytest.raises(JoinRefused):
            world.joining.refuse(openid, USCC, ref, world.clock.now())
    assert len(world.joining.waiting(LEGAL, USCC, world.clock.now())) == 1


def test_asking_costs_and_shows_the_same_whoever_is_there(world: World) -> None:
    seen = set()
    for number, uscc in enumerate((USCC, OTHER, None)):
        world.store.calls.clear()
        request = world.joining.ask(f"o{number}", uscc, Role.TAX, "李四", world.clock.now())
        shown = world.joining.of_person(f"o{number}", world.clock.now())
        seen.add((tuple(world.store.calls), request.expires_at, len(shown)))
    assert len(seen) == 1


def test_a_refusal_looks_like_no_answer_to_who_asked(world: World) -> None:
    world.ask()
    before = world.joining.of_person(NEW, world.clock.now())
    world.joining.refuse(LEGAL, USCC, world.ref(), world.clock.now())
    assert world.joining.waiting(LEGAL, USCC, world.clock.now()) == []
    assert world.joining.of_person(NEW, world.clock.now()) == before != []


def test_a_request_ends(world: World) -> None:
    digits, ref = world.ask(), world.ref()
    later = world.clock.now() + LIFE
    assert world.joining.of_person(NEW, later) == []
    with pytest.raises(JoinRefused):
        world.joining.confirm(LEGAL, USCC, ref, digits, later)


def test_three_a_day(world: World) -> None:
    for _ in range(3):
        world.ask()
    with pytest.raises(JoinRefused, match="明天再试"):
        world.ask()
    FollowerService(world.store).unfollow(NEW, world.clock.now())
    with pytest.raises(JoinRefused, match="明天再试"):
        world.ask()
    world.clock.advance(timedelta(days=1))
    world.ask()


def test_nobody_becomes_legal_this_way(world: World) -> None:
    assert set(JOINABLE) == {Role.FINANCE, Role.STAFF, Role.TAX, Role.PROJECT}
    for role in (Role.LEGAL, Role.OFFICER, Role.HEAD):
        with pytest.raises(ValueError, match="nobody may join"):
            world.joining.ask(NEW, USCC, role, "张三", world.clock.now())


def test_a_legal_removed_in_this_very_moment_lets_nobody_in(clock: FixedClock) -> None:
    world = World(clock)
    digits, ref = world.ask(), world.ref()
    real = world.store.transact

    def first_removed(writes: object) -> None:
        world.store.transact = real  # type: ignore[method-assign]
        world.bindings.remove(LEGAL, USCC, clock.now())
        real(writes)  # type: ignore[arg-type]

    world.store.transact = first_removed  # type: ignore[method-assign]
    with pytest.raises(JoinRefused):
        world.joining.confirm(LEGAL, USCC, ref, digits, clock.now())
    assert world.bindings.of(NEW, USCC) is None


def test_who_leaves_takes_the_request_along(world: World) -> None:
    world.ask()
    FollowerService(world.store).unfollow(NEW, world.clock.now())
    assert world.joining.waiting(LEGAL, USCC, world.clock.now()) == []
    assert not [key for key in world.store._rows if NEW in "".join(key)]


def test_a_name_that_is_no_name_is_masked_all_the_same(world: World) -> None:
    assert world.joining.ask("o1", None, Role.TAX, "x", world.clock.now()).label == "*"


def test_among_two_who_read_the_same_in_the_list_the_digits_tell(world: World) -> None:
    """张三丰 and 张无忌, both 财务, are both 张**（财务）."""
    mine, other = world.ask("oOne"), world.ask("oTwo", name="张无忌")
    while other == mine:
        other = world.ask("oTwo", name="张无忌")
    listed = world.joining.waiting(LEGAL, USCC, world.clock.now())
    first = next(one.ref for one in listed if one.openid == "oOne")
    world.joining.confirm(LEGAL, USCC, first, other, world.clock.now())
    assert world.bindings.of("oOne", USCC) is None
    assert world.bindings.of("oTwo", USCC) is not None


def test_the_digits_of_somebody_who_reads_otherwise_let_nobody_in(world: World) -> None:
    mine = world.ask("oOne")
    request = world.joining.ask("oTwo", USCC, Role.TAX, "张无忌", world.clock.now())
    while request.digits == mine:
        request = world.joining.ask("oTwo", USCC, Role.TAX, "张无忌", world.clock.now())
    first = next(one.ref for one in world.joining.waiting(LEGAL, USCC, world.clock.now()) if one.openid == "oOne")
    with pytest.raises(WrongDigits):
        world.joining.confirm(LEGAL, USCC, first, request.digits, world.clock.now())


def test_what_no_enterprise_is_called_is_nobodys(world: World) -> None:
    """A form may send anything, and a key of a row has an end."""
    absurd = "9" * 5000
    assert world.bindings.of(LEGAL, absurd) is None
    assert world.bindings.remove_member(LEGAL, absurd, "x", world.clock.now()) is None
    with pytest.raises(JoinRefused):
        world.joining.confirm(LEGAL, absurd, "x", "1" * 5000, world.clock.now())
    with pytest.raises(JoinRefused):
        world.joining.refuse(LEGAL, absurd, "x", world.clock.now())


def test_nobody_lets_themselves_in(world: World) -> None:
    """A 法人 who asks to be 财务 of their own enterprise stays what they are, unless another 法人 says yes."""
    digits = world.ask(LEGAL)
    [mine] = world.joining.of_person(LEGAL, world.clock.now())
    assert world.joining.waiting(LEGAL, USCC, world.clock.now()) == []
    for decide in (world.joining.confirm, lambda by, uscc, ref, _, now: world.joining.refuse(by, uscc, ref, now)):
        with pytest.raises(JoinRefused):
            decide(LEGAL, USCC, mine.ref, digits, world.clock.now())
    world.bind("oSecond", Role.LEGAL)
    world.joining.confirm("oSecond", USCC, mine.ref, digits, world.clock.now())
    assert [one.role for one in world.bindings.of_person(LEGAL)] == [Role.FINANCE]
