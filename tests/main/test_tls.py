"""The certificate's settings: both or none, files that fit; and what the addresses become."""

from pathlib import Path

import pytest
from tests.gateway.pair import Pair

from gatewright.domain.errors import Invalid
from gatewright.domain.world import World
from gatewright.main import hop
from gatewright.main.addresses import claim_addresses
from gatewright.main.folder import Folder
from gatewright.main.tls import CERTIFICATE, KEY, certificate_files
from gatewright.main.world import real_world
from gatewright.settings import Settings


def settings(certificate: Path | None, key: Path | None, **more: str) -> Settings:
    return Settings(tls_certificate_file=certificate, tls_key_file=key, **more)


def test_none_is_none_and_a_pair_is_taken(tmp_path: Path) -> None:
    pair = Pair(tmp_path, "a")
    assert certificate_files(settings(None, None)) is None
    found = certificate_files(settings(pair.certificate, pair.key))
    assert found == (str(pair.certificate), str(pair.key))


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    ours, other, none = Pair(tmp_path, "a"), Pair(tmp_path, "b"), tmp_path / "none.pem"
    text = tmp_path / "text.pem"
    text.write_text("no certificate")
    for certificate, key, variable in (
        (ours.certificate, None, KEY),
        (None, ours.key, CERTIFICATE),
        (none, ours.key, CERTIFICATE),
        (ours.certificate, none, KEY),
        (ours.certificate, other.key, CERTIFICATE),
        (text, ours.key, CERTIFICATE),
        (ours.key, ours.certificate, CERTIFICATE),
    ):
        with pytest.raises(Invalid) as refused:
            certificate_files(settings(certificate, key))
        assert refused.value.field == variable


@pytest.mark.real
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_with_tls_only_the_machine_itself_reaches_the_plain_token_service(
    tmp_path: Path, host: str
) -> None:
    folder = Folder(tmp_path / "data")
    folder.create()
    given = Settings(host=host)
    addresses = claim_addresses(given, folder, any_port=True, tls=True)
    sts, door = addresses.claims["sts"], addresses.claims["sts_tls"]
    assert sts.listener is not None and door.listener is None
    assert sts.listener.getsockname()[0] == addresses.sts_host == "127.0.0.1"
    assert addresses.sts_url == f"https://127.0.0.1:{door.port}"
    assert addresses.local_urls["sts"] == f"http://127.0.0.1:{sts.port}"
    assert all(url.startswith("https://") for url in addresses.gateway_urls.values())
    assert addresses.control_url.startswith("http://")
    for claim in addresses.claims.values():
        if claim.listener is not None:
            claim.listener.close()


def test_the_hop_s_secret_is_made_once_and_the_owner_s_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "data")
    folder.create()
    folder.keys.mkdir(mode=0o700)
    hop.create(folder, real_world())
    secret = hop.load(folder)
    hop.create(folder, World(real_world().now, lambda count: b"x" * count))
    assert hop.load(folder) == secret
    assert len(secret) == 43
    (file,) = folder.keys.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
