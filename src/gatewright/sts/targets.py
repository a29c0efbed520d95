"""What a token is for: the gateways and the single APIs that `resource` names (RFC 8707).

A gateway is named by its public URL, an API by its address there: `<gateway>/<context>/<version>`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from gatewright.domain.api import Api, Deployment, version_pair
from gatewright.domain.lifecycle import LISTED, State
from gatewright.domain.token import api_audience, audience_marker
from gatewright.sts.errors import InvalidTarget
from gatewright.sts.issuer import Issuer
from gatewright.sts.records import Reach, Records

TARGETS_MAX = 20
"""Resources of one request: a token that names more would be too long for a header."""


@dataclass(frozen=True, slots=True)
class Target:
    """A gateway or, with `deployment`, one API at it. `version` is as asked, such as v1 or v1.0;
    `resource` is the one spelling, without a trailing slash."""

    resource: str
    gateway_url: str
    environment_id: str
    version: str = ""
    api: Api | None = None
    deployment: Deployment | None = None


class Audience(NamedTuple):
    """The token's `aud`, its `gwa` (empty when it is not narrowed) and what its scopes are of;
    `reach` None is everything that the issuer serves."""

    values: tuple[str, ...]
    reach: Reach | None = None
    apis: str = ""


def audience(
    records: Records, issuer: Issuer, asked: Sequence[str], limit: Collection[str] | None = None
) -> Audience:
    """The audience of a token for what is asked, or for everything when nothing is.

    `limit` is the `aud` of the token it is made from, beyond which it never goes.
    Raises InvalidTarget naming what is unknown, malformed or beyond the limit.
    """
    known = tuple(issuer.environments)
    if not asked and (limit is None or frozenset(limit) == issuer.environments.keys()):
        return Audience(known)
    if len(asked) > TARGETS_MAX:
        raise InvalidTarget(f"over {TARGETS_MAX} targets are named.", "resource")
    if asked:
        chosen = [_wanted(records, issuer, resource, limit) for resource in asked]
    else:
        again = (resolve(records, issuer, resource) for resource in sorted(limit or ()))
        chosen = [target for target in again if target]
    if not chosen:
        raise InvalidTarget("the subject token is for nothing that is deployed.", "resource")
    return _combined(issuer, chosen)


def resolve(records: Records, issuer: Issuer, resource: str) -> Target | None:
    """What an identifier names at the issuer's gateways, or None. Compared as it is written."""
    for url, id in issuer.environments.items():
        if resource == url:
            return Target(url, url, id)
        if resource.startswith(f"{url}/"):
            context, _, version = resource[len(url) + 1 :].partition("/")
            found = occupant(records, issuer, id, f"/{context}", version)
            if found:
                return Target(resource, url, id, version, *found)
    return None


def occupant(
    records: Records, issuer: Issuer, environment_id: str, context: str, version: str
) -> tuple[Api, Deployment] | None:
    """Who answers there, as the gateways have it: the first that was deployed; at a major alias
    the newest minor version, a listed one before any other."""
    first: dict[tuple[int, int], tuple[Api, Deployment]] = {}
    for api, deployment in _deployed(records, issuer, environment_id, context):
        if version in (api.version, f"v{api.major}"):
            rival = first.setdefault(version_pair(api.version), (api, deployment))
            if deployment.id < rival[1].id:
                first[version_pair(api.version)] = (api, deployment)
    if not first:
        return None
    return max(first.items(), key=lambda item: (_stands_first(item[1][0]), item[0]))[1]


def resources(records: Records, issuer: Issuer) -> Iterator[str]:
    """The identifiers of the listed APIs at the issuer's gateways, in the order of their ids."""
    urls = {id: url for url, id in issuer.environments.items()}
    for deployment in records.rows("deployments"):
        url, api = urls.get(deployment.environment_id), records.row("apis", deployment.api_id)
        if url and api and api.state in LISTED:
            yield f"{url}{api.context}/{api.version}"


def _deployed(
    records: Records, issuer: Issuer, environment_id: str, context: str
) -> Iterator[tuple[Api, Deployment]]:
    api: Api
    for api in records.group("apis by context", (issuer.organization.id, context)):
        if api.state is not State.RETIRED:
            for deployment in records.group("deployments", api.id):
                if deployment.environment_id == environment_id:
                    yield api, deployment


def _stands_first(api: Api) -> bool:
    return api.state in LISTED or api.state is State.BLOCKED


def _wanted(
    records: Records, issuer: Issuer, resource: str, limit: Collection[str] | None
) -> Target:
    _check_form(resource)
    found = resolve(records, issuer, resource.removesuffix("/"))
    if found is None:
        way_out = f"Use {' or '.join(issuer.environments)}, or an API's address there."
        raise InvalidTarget(f"{resource} is no audience of this issuer.", "resource", way_out)
    if limit is not None and found.resource not in limit and found.gateway_url not in limit:
        raise InvalidTarget(f"{resource} is beyond the subject token's audience.", "resource")
    return found


def _check_form(resource: str) -> None:
    """RFC 8707 §2: an absolute URI without a fragment."""
    try:
        parts = urlsplit(resource)
    except ValueError:
        parts = urlsplit("")
    if not parts.scheme or not parts.netloc:
        raise InvalidTarget(f"{resource} is no absolute URI.", "resource")
    if "#" in resource:
        raise InvalidTarget(f"{resource} has a fragment.", "resource")


def _combined(issuer: Issuer, chosen: Sequence[Target]) -> Audience:
    """The union: a gateway that is named itself is not narrowed by APIs that are named beside."""
    whole = {target.environment_id for target in chosen if target.api is None}
    single = [target for target in chosen if target.api is not None]
    narrowed = [target for target in single if target.environment_id not in whole]
    urls = [url for url, id in issuer.environments.items() if id in whole]
    markers = [audience_marker(target.environment_id) for target in narrowed]
    values = (*urls, *(target.resource for target in single), *markers)
    apis = (
        api_audience(target.environment_id, target.api.context, target.version)
        for target in narrowed
        if target.api
    )
    reach = Reach(
        frozenset(whole),
        frozenset((target.environment_id, target.api.id) for target in narrowed if target.api),
    )
    return Audience(tuple(dict.fromkeys(values)), reach, " ".join(dict.fromkeys(apis)))
