"""Key managers and signers of keys: what a change of them sends, and what a bad one spoils."""

import json
from typing import Any

import pytest
from tests.gateway.callers import Keys, Outside, access, key_pair
from tests.gateway.scene import AT, STS_URL, Scene

from gatewright.domain.api import Access, Definition
from gatewright.domain.environment import Environment, Kind
from gatewright.domain.errors import Invalid
from gatewright.domain.token import issuer
from gatewright.gateway.build import Build
from gatewright.gateway.descriptors import load_messages
from gatewright.gateway.ir import STANDARD_ENTRANCES, EntranceIr
from gatewright.gateway.lower_issuers import entrances, lower_issuer, lower_keys
from gatewright.gateway.xds import names

SCENE: dict[str, Any] = {
    "environments": {"production": 8080, "development": 8081},
    "apis": [
        {"handle": name, "operations": {"GET /": "any"}, "deploy": ("production", "development")}
        for name in ("books", "films")
    ],
    "applications": {"reader": {"books": "Bronze"}},
}
MESSAGES = load_messages()
RSA = {"kty": "RSA", "n": "vvv", "e": "AQAB"}
EC = {"kty": "EC", "crv": "P-256", "x": "xx", "y": "yy"}


@pytest.fixture
def scene() -> Scene:
    return Scene(SCENE)


def follow(scene: Scene) -> Build:
    build = scene.build()
    build.everything()
    return build


def sent(build: Build, *changes: Any) -> list[tuple[str, str]]:
    """Kind and name of what these changes send, where it differs from what was there."""
    return [
        (item.kind.rpartition(".")[2], item.name)
        for item in build.changes(changes)
        if item.kind != names.LISTENER and ".well-known" not in item.name
    ]


def extension(scene: Scene, name: str) -> dict[str, Any]:
    body = scene.snapshot().resources[names.EXTENSION][name].body
    found: dict[str, Any] = MESSAGES.unpack(names.EXTENSION, body)["typed_config"]
    return found


def test_a_change_of_keys_reaches_the_front_doors_and_no_api(scene: Scene) -> None:
    oidc = Outside("oidc")
    build = follow(scene)
    for noun, row in (
        ("key_managers", oidc.row(jwks=None, jwks_uri="https://keys.test/jwks")),
        ("fetched_key_sets", oidc.fetched(oidc.jwks)),
        ("fetched_key_sets", oidc.fetched(Outside("oidc").jwks)),
        ("key_managers", oidc.row(enabled=False)),
        ("api_key_signers", Keys().signer),
    ):
        found = sent(build, scene.put(noun, row))
        assert {kind for kind, _ in found} == {"TypedExtensionConfig"}
        assert ("TypedExtensionConfig", "access-token/env_production") in found
    assert sent(build, scene.drop("key_managers", oidc.id))


def test_a_client_and_a_key_reach_only_the_apis_they_may_call(scene: Scene) -> None:
    build = follow(scene)
    oidc, keys = Outside("oidc"), Keys()
    row = keys.row("key_1", "reader")
    wanted = {"env_production/api_books_v1.0", "env_development/api_books_v1.0"}
    for change in (
        lambda: scene.put("external_clients", oidc.client("portal", "reader")),
        lambda: scene.put("api_keys", row),
        lambda: scene.drop("api_keys", "key_1"),
    ):
        assert {name for _, name in sent(build, change()) if "api_" in name} == wanted


def test_what_is_served_does_not_depend_on_the_way_there(scene: Scene) -> None:
    build, oidc, keys = follow(scene), Outside("oidc"), Keys()
    served = {(item.kind, item.name): item.body for item in scene.build().everything()}
    changes = [
        scene.put("key_managers", oidc.row(role_claim="r", role_scopes={"x": "a"})),
        scene.put("external_clients", oidc.client("portal", "reader")),
        scene.put("api_key_signers", keys.signer),
        scene.put("api_keys", keys.row("key_1", "reader")),
        *access(
            scene, "books", Access("x-access", api_keys=True, key_managers=frozenset({"oidc"}))
        ),
    ]
    for change in changes:
        for item in build.changes([change]):
            served[item.kind, item.name] = item.body
    assert served == {(item.kind, item.name): item.body for item in scene.build().everything()}


def test_routes_wait_for_an_entrance_that_envoy_has_not_heard_of(scene: Scene) -> None:
    build = follow(scene)
    updates = build.changes(access(scene, "books", Access(token_header="x-access")))
    [routes] = [item for item in updates if item.name == "env_production/api_books_v1.0"
                and item.kind == names.ROUTES]  # fmt: skip
    assert routes.after == (names.EXTENSION, "access-token/env_production")
    asked = extension(scene, "access-token/env_production")["requirement_map"]
    assert {*asked} == {"token", "token+key", "x-access|*", "x-access|*|key"}
    standard = build.changes(access(scene, "films", Access(api_keys=True)))
    assert all(item.after is None for item in standard if item.kind == names.ROUTES)


def test_the_entrance_before_stays_until_the_routes_are_there(scene: Scene) -> None:
    access(scene, "books", Access(token_header="x-access"))
    build = follow(scene)
    back = build.changes(access(scene, "books", Access()))
    [body] = [item.body for item in back if item.name == "access-token/env_production"]
    assert body is not None
    asked = MESSAGES.unpack(names.EXTENSION, body)["typed_config"]["requirement_map"]
    assert "x-access|*" in asked
    later = build.changes([scene.put("api_key_signers", Keys().signer)])
    [body] = [item.body for item in later if item.name == "access-token/env_production"]
    assert body is not None
    asked = MESSAGES.unpack(names.EXTENSION, body)["typed_config"]["requirement_map"]
    assert {*asked} == {"token", "token+key"}


def test_without_key_managers_the_filter_for_them_is_skipped_unread(scene: Scene) -> None:
    assert "xds_matcher" not in extension(scene, "foreign/env_production")
    scene.put("key_managers", Outside("oidc").row())
    assert "xds_matcher" in extension(scene, "foreign/env_production")


BAD = [
    pytest.param({"jwks": None, "jwks_uri": "https://x.test"}, "never fetched", id="not fetched"),
    pytest.param({"jwks": "{"}, "key set is none", id="no json"),
    pytest.param({"jwks": "[]"}, "key set is none", id="a list"),
    pytest.param({"jwks": '{"keys":7}'}, "key set is none", id="no list"),
    pytest.param({"jwks": '{"keys":[]}'}, "holds no public key", id="empty"),
    pytest.param({"jwks": '{"keys":[7,{}]}'}, "holds no public key", id="no objects"),
    pytest.param({"jwks": json.dumps({"keys": [{"kty": "oct", "k": "AA", "alg": "HS256"}]})},
                 "holds no public key", id="symmetric"),
    pytest.param({"jwks": json.dumps({"keys": [{**EC, "d": "x"}]})}, "holds no", id="private"),
    pytest.param({"jwks": json.dumps({"keys": [{**RSA, "use": "enc"}]})}, "holds no", id="enc"),
    pytest.param({"jwks": json.dumps({"keys": [{**RSA, "alg": "HS256"}]})}, "holds no", id="hs"),
    pytest.param({"jwks": json.dumps({"keys": [{**EC, "alg": "RS256"}]})}, "holds no", id="alg"),
    pytest.param({"jwks": json.dumps({"keys": [{**EC, "x": 7}]})}, "holds no", id="number"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "reason"), BAD)
def test_a_key_manager_without_a_key_is_left_out_with_its_reason(
    scene: Scene, changes: dict[str, Any], reason: str
) -> None:
    good, bad = Outside("good"), Outside("bad")
    scene.put("key_managers", good.row())
    scene.put("key_managers", bad.row(**changes))
    build = follow(scene)
    assert build.closed_environments == {}
    assert {*build.issuers_left_out} == {("env_production", bad.id), ("env_development", bad.id)}
    assert reason in build.issuers_left_out["env_production", bad.id]
    providers = extension(scene, "access-token/env_production")["providers"]
    assert {*providers} == {"sts", good.id}
    with pytest.raises(Invalid, match=reason):
        lower_issuer(bad.row(**changes), None)


def test_each_key_has_one_algorithm_and_nothing_else_of_the_document() -> None:
    found = {"keys": [{**RSA, "x5c": ["x"], "kid": "1"}, {**RSA, "alg": "PS256"}, EC,
                      {"kty": "OKP", "crv": "Ed25519", "x": "x", "alg": "Ed25519"}]}  # fmt: skip
    row = lower_issuer(Outside("oidc").row(jwks=json.dumps(found)), None)
    keys = [json.loads(text) for text in row.jwks]
    assert sorted(key["alg"] for key in keys) == ["ES256", "EdDSA", "PS256", "RS256"]
    assert not [key for key in keys if "x5c" in key]


def test_keys_that_were_fetched_elsewhere_do_not_count() -> None:
    oidc = Outside("oidc")
    row = oidc.row(jwks=None, jwks_uri="https://new.test/jwks")
    with pytest.raises(Invalid, match="never fetched"):
        lower_issuer(row, oidc.fetched(oidc.jwks, "https://old.test/jwks"))
    assert lower_issuer(row, oidc.fetched(oidc.jwks, "https://new.test/jwks")).jwks


def test_a_key_manager_called_as_our_own_service_takes_nobodys_place(scene: Scene) -> None:
    access(scene, "books", Access(key_managers=frozenset({"sts"})))
    scene.put("key_managers", Outside("sts").row())
    asked = extension(scene, "access-token/env_production")["requirement_map"]
    assert asked["authorization|sts"] == {"provider_name": "sts"}


def test_signers_sign_for_their_kind_alone() -> None:
    place = Environment("env_1", "org_1", "p", "p", Kind.PRODUCTION, 1, "http://gw.test", AT)
    assert lower_keys([], issuer(STS_URL, "default", Kind.PRODUCTION), place) is None
    found = lower_keys([Keys().signer], issuer(STS_URL, "default", Kind.PRODUCTION), place)
    assert found is not None
    assert found.issuer == Keys().issuer
    assert "env_1" in found.test_key_audience
    assert "production" in found.api_key_audience


def test_entrances_have_names_of_their_own() -> None:
    accesses = [
        Access(header, api_keys=keys, key_managers=managers)
        for header in ("authorization", "x-access")
        for keys in (False, True)
        for managers in (None, frozenset[str](), frozenset({"a"}), frozenset({"a", "b"}))
    ]
    found = entrances(Definition((), (), item) for item in accesses)
    assert len({item.name for item in found}) == len(found) == 16
    assert {*STANDARD_ENTRANCES} <= {*found}
    assert EntranceIr("x-access", ("a", "b"), api_keys=True) in found


def test_a_bad_key_in_a_set_spoils_no_other_key(scene: Scene) -> None:
    good = key_pair("good").as_dict(private=False)
    row = Outside("oidc").row(jwks=json.dumps({"keys": [{**EC, "x": "!"}, good]}))
    scene.put("key_managers", row)
    provider = extension(scene, "access-token/env_production")["providers"]["km_oidc"]
    keys = json.loads(provider["local_jwks"]["inline_string"])["keys"]
    assert [key.get("kid") for key in keys][-1] == "nobody"
    assert len(keys) == 3
