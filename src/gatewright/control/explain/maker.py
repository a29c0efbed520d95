"""Who made what was shown, and whether the gateway there takes it: issuer, time, audience, keys."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from gatewright.control import key_sets
from gatewright.control.desk import Desk
from gatewright.control.explain.credential import (
    INVALID,
    Shown,
    audience_names,
    plain_audience,
    signed_by,
)
from gatewright.control.explain.steps import Refused, Walk
from gatewright.control.explain.target import Target
from gatewright.crypto import foreign
from gatewright.crypto.foreign import ForeignKey
from gatewright.domain.api import BUILT_IN
from gatewright.domain.api_key import (
    API_KEY_HEADER,
    TEST_KEY_HEADER,
    api_key_audience,
    key_issuer,
    test_key_audience,
)
from gatewright.domain.environment import Kind
from gatewright.domain.key_manager import KeyManager
from gatewright.domain.token import audience_marker, issuer
from gatewright.domain.world import seconds

OUR_SKEW_SECONDS, FOREIGN_SKEW_SECONDS = 5, 30
"""How far clocks may be apart: the settings of the gateway, which a test compares."""

EXPIRED, INACTIVE = "900903", "900904"


class Form(StrEnum):
    """What can be shown."""

    TOKEN = "access token"
    FOREIGN = "key manager's token"
    API_KEY = "API key"
    TEST_KEY = "test key"


@dataclass(frozen=True, slots=True)
class Maker:
    """An issuer that counts at a header of a call. No audiences: any."""

    form: Form
    issuer: str
    audiences: frozenset[str]
    keys: tuple[ForeignKey, ...]
    skew_seconds: int
    manager: KeyManager | None = None


def verified(desk: Desk, walk: Walk, target: Target, shown: Shown) -> Maker:
    """Whose it is, once everything that its maker answers for holds. Raises Refused."""
    maker = _maker(desk, target, shown)
    if maker is None:
        raise Refused("issuer", 401, INVALID, *_stranger(desk, target, shown.iss))
    whose = f"key manager {maker.manager.handle}" if maker.manager else "built-in token service"
    walk.ok("credential", f"It is recognised as {maker.form}, in the header {shown.header}.")
    walk.ok("issuer", f"{maker.issuer[:200]} is the {whose}'s.")
    _check_time(desk, walk, maker, shown)
    _check_audience(walk, maker, shown)
    reason = signed_by(shown, maker.keys) if maker.keys else "None of its keys are known here."
    if reason is not None:
        raise Refused("signature", 401, INVALID, reason, _keys_way_out(maker))
    kid = shown.head.get("kid", "")
    walk.ok("signature", f"The key {kid[:100]!r} signed it." if kid else "One of its keys did it.")
    return maker


def _maker(desk: Desk, target: Target, shown: Shown) -> Maker | None:
    own = issuer(desk.addresses.sts, desk.organization.handle, target.environment.kind)
    if shown.header in (API_KEY_HEADER, TEST_KEY_HEADER):
        return _key_maker(desk, target, shown, key_issuer(own))
    if shown.iss == own and target.definition.access.takes(BUILT_IN):
        environment = target.environment
        audiences = {environment.gateway_url, audience_marker(environment.id)}
        found = desk.tx.signing_keys.find(
            organization_id=desk.organization.id, kind=environment.kind
        )
        keys = tuple(_public(row.public_jwk) for row in found)
        return Maker(Form.TOKEN, own, frozenset(audiences), keys, OUR_SKEW_SECONDS)
    for row in desk.tx.key_managers.find(organization_id=desk.organization.id, issuer=shown.iss):
        if _why_not(target, row) is None:
            keys = keys_of(desk, row)
            skew = FOREIGN_SKEW_SECONDS
            return Maker(Form.FOREIGN, row.issuer, row.audiences, keys, skew, row)
    return None


def _key_maker(desk: Desk, target: Target, shown: Shown, own: str) -> Maker | None:
    if shown.iss != own:
        return None
    environment, is_key = target.environment, shown.header == API_KEY_HEADER
    form = Form.API_KEY if is_key else Form.TEST_KEY
    audience = api_key_audience(environment.kind) if is_key else test_key_audience(environment.id)
    found = desk.tx.api_key_signers.find(
        organization_id=desk.organization.id, kind=environment.kind
    )
    keys = tuple(_public(row.public_jwk) for row in found)
    return Maker(form, own, frozenset({audience}), keys, OUR_SKEW_SECONDS)


def _public(jwk: str) -> ForeignKey:
    return foreign.public_key(json.loads(jwk))


def keys_of(desk: Desk, row: KeyManager) -> tuple[ForeignKey, ...]:
    """The keys of a key manager that gateways have; none when none were read yet."""
    kept = key_sets.kept(desk.tx, row)
    text = row.jwks if row.jwks is not None else kept.jwks if kept is not None else None
    try:
        return () if text is None else foreign.key_set(text)
    except foreign.NotValid:
        return ()  # written before there were such rules; gateways use none of it either


def _why_not(target: Target, row: KeyManager) -> tuple[str, str] | None:
    """Why tokens of a key manager open nothing there, with the way out; None when they may."""
    if not row.enabled:
        return f"The key manager {row.handle} is disabled.", (
            f"gatewright key-manager enable {row.handle}"
        )
    if not row.api_access:
        return f"Tokens of the key manager {row.handle} are not for calls of APIs.", (
            f"gatewright key-manager set {row.handle} --api-access"
        )
    if row.environments and target.environment.id not in row.environments:
        return f"The key manager {row.handle} is not for {target.environment.handle}.", (
            f"gatewright key-manager set {row.handle} --everywhere"
        )
    access = target.definition.access
    if not access.takes(row.handle):
        return f"{target.api.reference} does not take tokens of {row.handle}.", (
            f"It takes those of {', '.join(sorted(access.key_managers or ())) or 'nobody'}."
        )
    return None


def _stranger(desk: Desk, target: Target, iss: str) -> tuple[str, str]:
    """Why an issuer counts for nothing there, and the way out."""
    if not iss:
        return "It names no issuer (iss).", "Get one from a token issuer that is trusted here."
    sts, handle = desk.addresses.sts, desk.organization.handle
    for kind in Kind:
        if iss in (issuer(sts, handle, kind), key_issuer(issuer(sts, handle, kind))):
            if kind is not target.environment.kind:
                return f"It is for {kind}, and {target.environment.handle} is not.", (
                    f"Get one for {target.environment.kind}."
                )
            return f"{target.api.reference} does not take it in this header.", (
                "Look at `gatewright api show API`: which key managers and headers it takes."
            )
    if iss.startswith(f"{sts}/"):
        return "It is of another organization.", "Get one of this organization."
    for row in desk.tx.key_managers.find(organization_id=desk.organization.id, issuer=iss):
        reason = _why_not(target, row)
        if reason is not None:
            return reason
    other = iss.removesuffix("/") if iss.endswith("/") else f"{iss}/"
    if desk.tx.key_managers.find(organization_id=desk.organization.id, issuer=other):
        return f"{iss[:200]!r} differs from a key manager's issuer by a slash at its end.", (
            "Make the key manager anew with the issuer as the tokens spell it."
        )
    return f"No key manager has the issuer {iss[:200]!r}.", (
        "gatewright key-manager add ISSUER --api-access"
    )


def _check_time(desk: Desk, walk: Walk, maker: Maker, shown: Shown) -> None:
    now, skew = seconds(desk.world.now()), maker.skew_seconds
    expires, starts = shown.claims.get("exp"), shown.claims.get("nbf")
    if isinstance(starts, int | float) and int(starts) > now + skew:
        raise Refused(
            "time", 401, INACTIVE, f"It is valid in {_span(int(starts) - now)} only (nbf).",
            "Compare the clocks of its issuer and of the gateway.",
        )  # fmt: skip
    if not isinstance(expires, int | float):
        if maker.form is Form.API_KEY:
            walk.ok("time", "It does not expire.")
            return
        raise Refused(
            "time", 401, INVALID, "It has no expiry (exp).",
            "Have its issuer set one: a token that never ends is not taken.",
        )  # fmt: skip
    if int(expires) + skew < now:
        raise Refused(
            "time", 401, EXPIRED, f"It expired {_span(now - int(expires))} ago.",
            "Get a new one.",
        )  # fmt: skip
    walk.ok("time", f"It expires in {_span(int(expires) - now)}.")


def _span(count: int) -> str:
    return str(timedelta(seconds=max(0, count)))


def _check_audience(walk: Walk, maker: Maker, shown: Shown) -> None:
    names = audience_names(shown.claims)
    wanted = {plain_audience(item) for item in maker.audiences}
    if maker.audiences and not wanted & set(names):
        told = ", ".join(name[:100] for name in names[:5]) or "nobody"
        raise Refused(
            "audience", 401, INVALID, f"It is meant for {told}.", _audience_way_out(maker)
        )
    walk.ok(
        "audience",
        "It is meant for this gateway." if maker.audiences else "Any audience is taken.",
        None if maker.audiences or maker.manager is None
        else "Name the audiences of its APIs: gatewright key-manager set … --audience …",
    )  # fmt: skip


def _audience_way_out(maker: Maker) -> str:
    known: Sequence[str] = sorted(maker.audiences)[:5]
    if maker.manager is None:
        return f"Get one for {known[0]}."
    return f"{maker.manager.handle} needs one of {', '.join(known)} as aud."


def _keys_way_out(maker: Maker) -> str:
    if maker.manager is None:
        return "Get a new one: its key may have been replaced, or it was altered."
    return (
        f"If {maker.manager.handle} has new keys: gatewright key-manager refresh"
        f" {maker.manager.handle}"
    )
