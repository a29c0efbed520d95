"""A server's certificate with its key: what fits is taken whole, and what does not is named."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.crypto.served import Made, ServerAuthority, key_text

from gatewright.crypto.domain_keys import DomainSealer
from gatewright.crypto.keyring import Keyring
from gatewright.crypto.server_certificates import covers, fitting, read
from gatewright.domain.errors import Invalid, Unavailable
from gatewright.domain.world import World

AUTHORITY = ServerAuthority()
GOOD = AUTHORITY.issue("api.example.com", "*.example.org")
WORLD = World(lambda: AUTHORITY.now, lambda count: b"n" * count)


def parts(made: Made) -> list[str]:
    return [f"{text}-----END CERTIFICATE-----\n"
            for text in made.chain.split("-----END CERTIFICATE-----\n") if text]  # fmt: skip


def test_a_chain_with_its_key_is_read_whole() -> None:
    found = read(GOOD.chain, GOOD.key)
    assert (found.chain, found.key) == (GOOD.chain, GOOD.key)
    assert found.names == ("api.example.com", "*.example.org")
    assert found.begins_at < AUTHORITY.now < found.expires_at
    assert "PRIVATE" not in repr(found)


@pytest.mark.parametrize("key", [
    pytest.param(rsa.generate_private_key(65537, 2048), id="RSA"),
    pytest.param(ec.generate_private_key(ec.SECP384R1()), id="P-384"),
    pytest.param(ec.generate_private_key(ec.SECP521R1()), id="P-521"),
])  # fmt: skip
def test_kinds_of_keys(key) -> None:
    made = AUTHORITY.issue("a.example.com", key=key)
    assert read(made.chain, made.key).key == made.key


ENCRYPTED = ec.generate_private_key(ec.SECP256R1())
OTHER = key_text(ec.generate_private_key(ec.SECP256R1()))
WRONG = [
    pytest.param(GOOD.chain, OTHER, "key", "does not belong", id="another's key"),
    pytest.param(GOOD.chain, "", "key", "no single private key", id="no key"),
    pytest.param(GOOD.chain, GOOD.key + OTHER, "key", "no single", id="two keys"),
    pytest.param(GOOD.chain, ENCRYPTED.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode(),
        "key", "without a password", id="a key with a password"),
    pytest.param(GOOD.chain, key_text(rsa.generate_private_key(65537, 1024)), "key", "kind",
                 id="a short key"),
    pytest.param(GOOD.chain, key_text(ed25519.Ed25519PrivateKey.generate()), "key", "kind",
                 id="Ed25519"),
    pytest.param(GOOD.chain, key_text(ec.generate_private_key(ec.SECP256K1())), "key", "kind",
                 id="another curve"),
    pytest.param(GOOD.chain, GOOD.key.replace("MI", "MJ", 1), "key", "read", id="a broken key"),
    pytest.param("", GOOD.key, "certificate", "no PEM", id="no certificate"),
    pytest.param(GOOD.key, GOOD.key, "certificate", "no PEM", id="a key for a certificate"),
    pytest.param(GOOD.chain + GOOD.key, GOOD.key, "certificate", "no PEM", id="a key behind it"),
    pytest.param("x" + GOOD.chain, GOOD.key, "certificate", "no PEM", id="text before it"),
    pytest.param(GOOD.chain * 40, GOOD.key, "certificate", "PEM", id="too many"),
    pytest.param("".join(reversed(parts(GOOD))), GOOD.key, "key", "does not belong",
                 id="the issuer first"),
    pytest.param(parts(GOOD)[0] + AUTHORITY.root_text, GOOD.key, "certificate",
                 "number 1 is not issued by number 2", id="a gap"),
    pytest.param(parts(GOOD)[0] * 2, GOOD.key, "certificate", "number 1 is not issued",
                 id="itself twice"),
]  # fmt: skip


@pytest.mark.parametrize(("chain", "key", "field", "reason"), WRONG)
def test_what_is_wrong_is_named(chain: str, key: str, field: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason) as refused:
        read(chain, key)
    assert refused.value.field == field
    assert "-----" not in str(refused.value)


def test_a_client_s_certificate_is_no_server_s() -> None:
    made = AUTHORITY.issue("a.example.com", usage=[ExtendedKeyUsageOID.CLIENT_AUTH])
    with pytest.raises(Invalid, match="not for servers"):
        read(made.chain, made.key)


@pytest.mark.parametrize(("names", "host", "covered"), [
    (("api.example.com",), "api.example.com", True),
    (("api.example.com",), "example.com", False),
    (("*.example.com",), "api.example.com", True),
    (("*.example.com",), "a.api.example.com", False),
    (("*.example.com",), "example.com", False),
    (("*.example.com",), "*.example.com", True),
    (("api.example.com",), "*.example.com", False),
    (("*.com",), "*.example.com", False),
    ((), "api.example.com", False),
    (("*",), "localhost", False),
])  # fmt: skip
def test_which_hosts_names_stand_for(names: tuple[str, ...], host: str, covered: bool) -> None:
    assert covers(names, host) is covered


def test_the_operator_s_own_may_have_text_around_it_and_be_old() -> None:
    old = AUTHORITY.issue("a.example.com", days=-0.5)
    found = fitting(f"subject=x\n{old.chain}", f"-----BEGIN EC PARAMETERS-----\nBg==\n{old.key}")
    assert (found.chain, found.key) == (old.chain, old.key)
    for chain, key, field in ((old.chain, OTHER, "key"), ("", old.key, "certificate"),
                              (old.chain, "", "key")):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            fitting(chain, key)
        assert refused.value.field == field


def test_only_the_same_sealing_key_opens_and_it_is_another_than_the_installation_s() -> None:
    keyring = Keyring({"1": b"p" * 32}, "1", b"s" * 32)
    sealer = DomainSealer.of(keyring)
    assert sealer.key != keyring.sealing_key and "key" not in repr(sealer)
    text = sealer.seal(b"secret", "domain d", WORLD)
    assert sealer.unseal(text, "domain d") == b"secret"
    other = DomainSealer.of(Keyring({"1": b"p" * 32}, "1", b"t" * 32))
    for opener, context in ((other, "domain d"), (sealer, "domain e"), (keyring, "domain d")):
        with pytest.raises(Unavailable):
            opener.unseal(text, context)
