"""Tokens as the token endpoint issues them, of every shape; some of them are ended afterwards."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from tests.agreement.signing import Key, Token
from tests.agreement.site import API, KINDS, NEAR, NEEDED, Client, Site
from tests.crypto.holder import Holder

ALGORITHMS = ("RS256", "PS256", "EdDSA", "ES256")
QUALIFIED = f"urn:default:{API}:{NEEDED}"


@dataclass
class Crowd:
    """`living` are good when they are issued; `ended` were good and are not any more; `brief`
    are good and will have expired when they are judged."""

    site: Site
    living: list[Token] = field(default_factory=list)
    ended: list[Token] = field(default_factory=list)
    brief: list[Token] = field(default_factory=list)
    keys: dict[str, dict[str, Key]] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    holder: Holder = field(default_factory=Holder)

    def key(self, name: str, kind: str) -> Key:
        """Such as `removed` or `announced`."""
        return self.keys[name][kind]


def gather(site: Site) -> Crowd:
    crowd = Crowd(site)
    for name, ttl in (("reader", 900), ("hasty", 60), ("patient", 86_400)):
        crowd.clients[name] = site.client(name, ttl=ttl)
    for name in ("blocked", "recalled", "renewed"):
        crowd.clients[name] = site.client(name)
    crowd.clients["outsider"] = site.client("outsider", ())
    crowd.keys["stranger"] = site.stranger_keys()
    for algorithm in ALGORITHMS:
        if algorithm != "ES256" or site.signing("production") != "ES256":
            site.use(algorithm)
        for kind in KINDS:
            _issue(crowd, kind, algorithm)
    crowd.keys["removed"] = {kind: _active(site, kind) for kind in KINDS}
    removed = [site.token(crowd.clients["reader"], kind, "of a removed key") for kind in KINDS]
    crowd.ended += removed
    site.rotate()
    for kind in KINDS:
        crowd.living += [site.token(crowd.clients["reader"], kind, "after a rotation")]
    crowd.keys["retired"] = {kind: _in_state(site, kind, "retired") for kind in KINDS}
    return crowd


def end(crowd: Crowd) -> None:
    """Revoke, block and remove; in force at both sides when it returns."""
    site, clients = crowd.site, crowd.clients
    for token in crowd.ended:
        if token.name.startswith("revoked by jti"):
            site.ask("POST", "/token-revocations", {"token": token.text})
    site.ask("POST", f"/applications/{clients['recalled'].id}/revoke-tokens", {})
    for kind in KINDS:
        path = f"/applications/{clients['renewed'].id}/credentials/{kind}/revoke-tokens"
        site.ask("POST", path)
        crowd.living += [site.token(clients["renewed"], kind, "of the next generation")]
    site.ask("PATCH", f"/applications/{clients['blocked'].id}", {"blocked": True}, live=True)
    for kid in {token.key.kid for token in crowd.ended if token.name.endswith("removed key")}:
        site.remove_key(kid)
    site.announce()
    crowd.keys["announced"] = {kind: _in_state(site, kind, "announced") for kind in KINDS}


def _issue(crowd: Crowd, kind: str, algorithm: str) -> None:
    site, clients = crowd.site, crowd.clients
    gateway, holder = site.gateways[kind], Holder(number=len(crowd.living) % 3)
    single, alias = f"{gateway}/{API}/v1.0", f"{gateway}/{API}/v1"
    forms: dict[str, dict[str, Any]] = {
        "every scope": {},
        "one scope": {"scope": NEEDED},
        "qualified scope": {"scope": QUALIFIED},
        "another scope": {"scope": "entries:write"},
        "for the gateway": {"resource": gateway},
        "narrowed": {"resource": single},
        "narrowed by the alias": {"resource": alias, "scope": NEEDED},
        "narrowed to two": {"resource": [single, f"{gateway}/{NEAR}/v1.0"]},
        "narrowed to another": {"resource": f"{gateway}/{NEAR}/v1.0"},
    }
    for (shape, form), bound in itertools.product(forms.items(), (None, holder)):
        name = f"{shape}, {'bound' if bound else 'bearer'}"
        crowd.living.append(site.token(clients["reader"], kind, name, bound, **form))
    for name in ("hasty", "patient", "outsider"):
        crowd.living.append(site.token(clients[name], kind, f"of the {name} client"))
    for bound in (None, holder):
        crowd.ended.append(site.token(clients["reader"], kind, "revoked by jti", bound))
        crowd.ended.append(site.token(clients["blocked"], kind, "of a blocked one", bound))
        crowd.ended.append(site.token(clients["recalled"], kind, "revoked by application", bound))
        crowd.ended.append(site.token(clients["renewed"], kind, "revoked by generation", bound))
        soon = site.token(clients["reader"], kind, "expired since it was seen", bound)
        crowd.brief.append(soon)
    assert crowd.living[-1].key.algorithm == algorithm


def brief(crowd: Crowd, expires_at: int) -> list[Token]:
    """Good for a few seconds more, whoever knows them already."""
    return [token.with_claims(exp=expires_at) for token in crowd.brief]


def _active(site: Site, kind: str) -> Key:
    return _in_state(site, kind, "active")


def _in_state(site: Site, kind: str, state: str) -> Key:
    rows = [row for row in site.rows(kind) if row.state == state]
    return site.key(rows[-1].id)
