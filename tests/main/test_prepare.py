"""Preparing a start: made once, repeated without harm, and nobody's API is taken for the sample."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from gatewright.domain.api import Api
from gatewright.main.addresses import Addresses
from gatewright.main.folder import Folder
from gatewright.main.plan import Layout
from gatewright.main.ports import Claim
from gatewright.main.prepare import SAMPLE_API, prepare
from gatewright.main.prepared import Prepared
from gatewright.main.talk import Talk
from gatewright.main.world import real_world
from gatewright.settings import Settings
from gatewright.store.port import Store
from gatewright.store.sql import open_store

NAMES = ("control", "sts", "production", "sandbox", "sample", "domains")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "data")
    made.create()
    return made


def start(folder: Folder, first_port: int, *, sample: bool = True) -> Prepared:
    ports = {name: first_port + place for place, name in enumerate(NAMES)}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    claims = {name: Claim(port, port, None) for name, port in ports.items()}
    gateways = {name: urls[name] for name in ("production", "sandbox")}
    addresses = Addresses(claims, urls, urls["control"], urls["sts"], gateways)
    layout = Layout.of(Settings(), folder, addresses)
    is_first = not folder.cli_token.exists()
    talk = Talk(io.StringIO())
    return prepare(folder, layout, addresses, talk, first=is_first, sample=sample)


def store_of(folder: Folder) -> Store:
    return open_store(f"sqlite:///{folder.database}", real_world())


def sample_api(folder: Folder) -> Api:
    store = store_of(folder)
    with store.read() as tx:
        [api] = tx.apis.find(handle=SAMPLE_API)
        served = {item.upstream for item in tx.deployments.find(api_id=api.id)}
    store.close()
    assert served <= set(api.upstreams.values())
    return api


def test_a_second_start_makes_nothing_and_shows_no_secret(folder: Folder) -> None:
    first, token = start(folder, 9100), folder.cli_token.read_text()
    assert first.sign_in_code is not None
    again = start(folder, 9100)
    assert (again.sign_in_code, again.sample, again.counts) == (None, True, first.counts)
    assert folder.cli_token.read_text() == token


def test_the_sample_follows_its_port(folder: Folder) -> None:
    start(folder, 9100)
    assert start(folder, 9200).sample
    assert set(sample_api(folder).upstreams.values()) == {"http://127.0.0.1:9204"}
    assert start(folder, 9300).sample
    assert set(sample_api(folder).upstreams.values()) == {"http://127.0.0.1:9304"}


def test_a_sample_with_another_upstream_is_its_owner_s(folder: Folder) -> None:
    start(folder, 9100)
    store, api = store_of(folder), sample_api(folder)
    own = dict.fromkeys(api.upstreams, "http://127.0.0.1:7000")
    with store.write() as tx:
        tx.apis.replace(replace(api, upstreams=own))
        for item in tx.deployments.find(api_id=api.id):
            tx.deployments.replace(replace(item, upstream="http://127.0.0.1:7000"))
    store.close()
    assert not start(folder, 9200).sample
    assert sample_api(folder).upstreams == own


def test_an_api_of_the_sample_s_name_is_left_alone(folder: Folder, tmp_path: Path) -> None:
    other = Folder(tmp_path / "other")
    other.create()
    start(other, 9100)
    (other.installation).unlink()  # as if that API had been made by hand
    before = sample_api(other)
    assert not start(other, 9200).sample
    assert sample_api(other) == before


def test_no_sample_stays_no_sample(folder: Folder) -> None:
    assert not start(folder, 9100, sample=False).sample
    assert start(folder, 9100).counts == {"apis": 0, "applications": 0}
