"""Every backend signs what two readers verify, and a real program of another process is one."""

import shlex
import sys
from pathlib import Path

import pytest
from tests.sts.installation import PRODUCTION, STS_URL, Clock, Installation, header

from gatewright.crypto import jwk
from gatewright.crypto.jose import verification_key, verify
from gatewright.crypto.keyring import Keyring
from gatewright.crypto.signing import ACCESS_TOKEN_TYPE, Signer, signer_over
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Unavailable
from gatewright.domain.token import SigningKey
from gatewright.domain.world import World
from gatewright.interfaces.oauth.app import create_app
from gatewright.main.world import real_world
from gatewright.sts import keys
from gatewright.sts.keys.backend import Backend
from gatewright.sts.keys.backends import MAKERS, command, sealed
from gatewright.sts.keys.backends.surroundings import Surroundings
from gatewright.sts.service import TokenService

KEYRING = Keyring({"1": b"p" * 32}, "1", b"s" * 32)
SIGNER = Path(__file__).with_name("signer.py")


def words(folder: Path, *mode: str) -> str:
    return shlex.join([sys.executable, str(SIGNER), str(folder), *mode])


def made(name: str, folder: Path, *mode: str, world: World | None = None) -> Backend:
    around = Surroundings(KEYRING, world or real_world(), words(folder, *mode))
    backend = MAKERS[name](around)
    assert backend is not None
    return backend


def row(backend: Backend, algorithm: str, kid: str = "kid-1") -> SigningKey:
    found = backend.create(algorithm, kid)
    return SigningKey(kid, "org_1", Kind.PRODUCTION, algorithm, found.public_jwk, found.reference,
                      "active", Clock().now)  # fmt: skip


def signing(backend: Backend, stored: SigningKey) -> Signer:
    return signer_over(backend.open(stored), stored.algorithm, stored.id)


@pytest.fixture
def program(tmp_path: Path):
    started: list[command.Command] = []

    def start(*mode: str, world: World | None = None) -> command.Command:
        backend = made("command", tmp_path, *mode, world=world)
        assert isinstance(backend, command.Command)
        started.append(backend)
        return backend

    yield start
    for backend in started:
        backend.close()


@pytest.mark.parametrize("algorithm", jwk.ALGORITHMS)
@pytest.mark.parametrize("name", MAKERS)
def test_every_backend_signs_by_every_algorithm(name: str, algorithm: str, tmp_path: Path) -> None:
    backend = made(name, tmp_path)
    stored = row(backend, algorithm)
    sign = signing(backend, stored)
    for number in range(3):
        token = sign(b'{"n":%d}' % number).decode()
        key = verification_key(stored.public_jwk)
        assert verify(token, key, ACCESS_TOKEN_TYPE) == {"n": number}
    assert '"d"' not in stored.public_jwk
    if isinstance(backend, command.Command):
        backend.close()


def test_one_program_serves_many_signatures(program, tmp_path: Path) -> None:
    backend = program()
    sign = signing(backend, row(backend, "ES256"))
    for _ in range(20):
        sign(b"{}")
    assert (tmp_path / "starts").read_text() == "x"


def test_a_program_that_ended_is_started_again(program, tmp_path: Path) -> None:
    clock = Clock()
    clock.now = real_world().now()
    backend = program("die-after", "3", world=World(lambda: clock.now, lambda count: b"r" * count))
    stored = row(backend, "ES256")
    sign = signing(backend, stored)
    for _ in range(8):
        clock.pass_by(seconds=2)
        assert sign(b"{}").count(b".") == 2
    assert (tmp_path / "starts").read_text() == "xxx"


def test_one_that_keeps_ending_is_not_started_all_the_time(program, tmp_path: Path) -> None:
    clock = Clock()
    backend = program("die-after", "1", world=World(clock, lambda count: b"r" * count))
    sign = signing(backend, row(backend, "ES256"))
    for _ in range(20):
        with pytest.raises(Unavailable, match=r"ended|keeps ending"):
            sign(b"{}")
            sign(b"{}")
    assert len((tmp_path / "starts").read_text()) <= 2


def test_what_goes_wrong_is_told_without_what_the_program_said(
    program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unavailable, match="refused"):
        program("nonsense").create("ES256", "k")
    monkeypatch.setattr(command, "ANSWER_SECONDS_MAX", 0.2)
    with pytest.raises(Unavailable, match="no answer within"):
        program("slow").create("ES256", "k")
    around = Surroundings(KEYRING, real_world(), "/nowhere/at/all --pin 1234")
    backend = command.make(around)
    assert backend is not None
    with pytest.raises(Unavailable) as caught:
        backend.create("ES256", "k")
    assert caught.value.field == "GATEWRIGHT_SIGNER_COMMAND" and "1234" not in str(caught.value)


def test_a_key_whose_backend_is_not_set_up_says_so() -> None:
    found = keys.backends(KEYRING, real_world())
    stored = row(sealed.Sealed(KEYRING, real_world()), "ES256")
    with pytest.raises(Unavailable, match="'command', which is not set up"):
        found.open(SigningKey(**{**_members(stored), "backend": "command"}))


def test_new_keys_move_to_a_program_that_is_set_up(gw: Installation, tmp_path: Path) -> None:
    """From sealed to a program by one rotation; tokens of both stay alive; then it is away."""
    signers = keys.backends(gw.keyring, gw.world, signer_command=words(tmp_path))
    service = TokenService(gw.store, gw.keyring, gw.world, STS_URL, signers=signers)
    gw._service, gw.app = service, create_app(service, gw.log)
    pair = gw.add_pair(gw.add_application())
    old = gw.token(pair)
    keeper = keys.Keeper(gw.store, gw.world, signers, gw.log.emit, lambda error: None)
    desk = keys.KeyDesk(gw.world, signers, keeper.hurry)
    new = desk.make(gw.organization, [Kind.PRODUCTION])
    with gw.store.write() as tx:
        record = keys.carry.system_record(tx, gw.world)
        desk.announce(tx, gw.organization, new, record, now=True)
    keeper.look()
    fresh = gw.token(pair)
    assert header(fresh)["kid"] == new[Kind.PRODUCTION].id != header(old)["kid"]
    for token in (old, fresh):
        told = gw.post(f"{PRODUCTION}/introspect", pair, form={"token": token}).json
        assert told["active"] is True
    for path in tmp_path.glob("*.der"):
        path.unlink()
    answer = gw.post(f"{PRODUCTION}/token", pair)
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    signers.by_name["command"].close()


def _members(stored: SigningKey) -> dict[str, object]:
    return {name: getattr(stored, name) for name in SigningKey.__slots__}
