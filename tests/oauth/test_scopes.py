"""Scopes from outside: requested ∩ deployed and subscribed ∩ allowed, by short or full name."""

import pytest
from tests.sts.installation import PRODUCTION, SANDBOX, Installation, Pair, claims

from gatewright.domain.environment import Kind
from gatewright.domain.lifecycle import State

TOKEN = f"{PRODUCTION}/token"
READ, WRITE = "urn:default:books:books:read", "urn:default:books:books:write"


def ask(gw: Installation, pair: Pair, scope: str | None, path: str = PRODUCTION):
    form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope is not None else {})
    return gw.post(f"{path}/token", pair, form=form)


@pytest.mark.parametrize(("asked", "granted"), [
    (None, "books:read books:write"),
    ("books:read", "books:read"),
    (READ, READ),
    (f"books:write {READ}", f"books:write {READ}"),
    ("  books:read   books:read ", "books:read"),
])  # fmt: skip
def test_spelled_as_asked(gw: Installation, pair: Pair, asked: str | None, granted: str) -> None:
    answer = ask(gw, pair, asked)
    assert answer.json["scope"] == granted == claims(answer.json["access_token"])["scope"]


@pytest.mark.parametrize(("asked", "refused", "kept"), [
    ("books:burn", "books:burn", ""),
    ("books:read books:burn x", "books:burn x", "books:read"),
    ("urn:other:books:books:read", "urn:other:books:books:read", ""),
    ("BOOKS:READ", "BOOKS:READ", ""),
    ("*", "*", ""),
])  # fmt: skip
def test_what_can_not_be_granted_is_named(
    gw: Installation, pair: Pair, asked: str, refused: str, kept: str
) -> None:
    answer = ask(gw, pair, asked)
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")
    assert answer.json["error_description"].endswith(f": {refused}")


@pytest.mark.parametrize("asked", ["é", 'a"b', "a\\b", " ", "x" * 5000])
def test_malformed_scopes(gw: Installation, pair: Pair, asked: str) -> None:
    answer = ask(gw, pair, asked)
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(("allowed", "asked", "granted"), [
    ({"books:read"}, None, "books:read"),
    ({"books:read"}, READ, READ),
    ({READ}, None, READ),
    ({READ}, "books:read", READ),
    ({READ}, READ, READ),
    (set(), None, None),
    ({"other"}, None, None),
    ({"books:read"}, "books:write", "refused"),
    ({READ}, WRITE, "refused"),
])  # fmt: skip
def test_the_applications_own_limit(
    gw: Installation, allowed: set[str], asked: str | None, granted: str | None
) -> None:
    application = gw.add_application(frozenset(allowed))
    gw.subscribe(application, "books")
    answer = ask(gw, gw.add_pair(application), asked)
    if granted == "refused":
        assert answer.json["error"] == "invalid_scope"
    else:
        assert answer.json.get("scope") == granted


def test_a_short_name_of_two_apis_is_limited_to_the_allowed_one(gw: Installation) -> None:
    gw.add_api("films", ["books:read"])
    application = gw.add_application(frozenset({READ}))
    gw.subscribe(application, "books")
    gw.subscribe(application, "films")
    assert ask(gw, gw.add_pair(application), "books:read").json["scope"] == READ


def test_only_what_is_deployed_for_the_kind(gw: Installation) -> None:
    gw.add_api("films", ["films:see"], environments=("development",))
    application = gw.add_application()
    gw.subscribe(application, "films")
    production, sandbox = gw.add_pair(application), gw.add_pair(application, Kind.SANDBOX)
    assert ask(gw, production, "films:see").status == 400
    assert ask(gw, sandbox, "films:see", SANDBOX).json["scope"] == "films:see"


def test_every_minor_version_of_the_major_is_covered(gw: Installation, pair: Pair) -> None:
    gw.add_api("books", ["books:lend"], version="v1.1")
    gw.add_api("books", ["books:sell"], version="v2.0")
    assert ask(gw, pair, "books:lend").status == 200
    assert ask(gw, pair, "books:sell").status == 400


@pytest.mark.parametrize("change", ["unsubscribe", "block", "retire", "undeploy"])
def test_rights_end_at_once(gw: Installation, change: str) -> None:
    api = gw.add_api("films", ["films:see"])
    application = gw.add_application()
    subscription = gw.subscribe(application, "films")
    pair = gw.add_pair(application)
    assert ask(gw, pair, "films:see").status == 200
    if change == "unsubscribe":
        gw.remove("subscriptions", subscription.id)
    elif change == "block":
        gw.change("subscriptions", subscription.id, blocked=True)
    elif change == "retire":
        gw.change("apis", api.id, state=State.RETIRED)
    else:
        with gw.store.write() as tx:
            for row in tx.deployments.find(api_id=api.id):
                tx.deployments.remove(row.id)
    assert ask(gw, pair, "films:see").status == 400
    assert "scope" not in ask(gw, pair, None).json


def test_rights_begin_at_once(gw: Installation) -> None:
    application = gw.add_application()
    pair = gw.add_pair(application)
    assert ask(gw, pair, "books:read").status == 400
    gw.subscribe(application, "books")
    assert ask(gw, pair, "books:read").status == 200


def test_too_many_scopes_for_one_token_must_be_chosen_from(gw: Installation) -> None:
    gw.add_api("big", [f"permission:number:{n:04}" for n in range(300)])
    application = gw.add_application()
    gw.subscribe(application, "big")
    pair = gw.add_pair(application)
    answer = ask(gw, pair, None)
    assert (answer.status, answer.json["error"]) == (400, "invalid_scope")
    assert ask(gw, pair, "permission:number:0007").status == 200
