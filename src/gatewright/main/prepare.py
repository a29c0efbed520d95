"""What stands before the first child: database, keys, organization, sample, the CLI's token."""

import json
from datetime import timedelta

from gatewright.control import (
    apis,
    applications,
    credentials,
    deployments,
    imports,
    lifecycle,
    logins,
    organizations,
    subscriptions,
)
from gatewright.control.desk import Addresses as DeskAddresses
from gatewright.control.desk import Desk
from gatewright.control.imports import Wish
from gatewright.control.openapi.document import read_document
from gatewright.control.ports import serves_everything
from gatewright.crypto.domain_keys import DomainSealer
from gatewright.crypto.keyring import Keyring
from gatewright.domain.environment import Kind
from gatewright.domain.errors import Unauthenticated, Unavailable
from gatewright.domain.lifecycle import State
from gatewright.domain.organization import Organization
from gatewright.domain.person import LoginKind, User
from gatewright.domain.world import World
from gatewright.main import hop
from gatewright.main.addresses import Addresses
from gatewright.main.environment import read_settings
from gatewright.main.folder import Folder, read_json, write_private
from gatewright.main.keyring import create_keyring, open_signers, sealing_source
from gatewright.main.plan import Layout
from gatewright.main.prepared import Prepared
from gatewright.main.sample import document
from gatewright.main.talk import Talk
from gatewright.main.world import real_world
from gatewright.store.port import Transaction
from gatewright.store.sql import migrate, open_store
from gatewright.sts import keys

CLI_TOKEN_DAYS = 3650
SAMPLE_APPLICATION = "Demo app"
SAMPLE_API = "reading-list"
_SAMPLE_TOKEN_SECONDS = 3600


def prepare(
    folder: Folder,
    layout: Layout,
    addresses: Addresses,
    talk: Talk,
    *,
    first: bool,
    sample: bool,
) -> Prepared:
    """Make what is missing and bring up to date what is there.

    Raises Unavailable when database, keys or folder are away or damaged.
    """
    world = real_world()
    before, after = _migrated(layout, talk, quiet=not first)
    settings = read_settings()
    keyring = create_keyring(folder, settings, world)
    hop.create(folder, world)
    signers = open_signers(settings, keyring, world)
    _keep_source(folder, sealing_source(settings))
    store = open_store(layout.database_url, world)
    try:
        with store.write() as tx:  # one transaction: a start that is cut off leaves nothing half
            founded = _found(tx, world, signers, layout, talk, quiet=not first)
            desk = _desk(tx, world, keyring, layout)
            _keep_cli_token(desk, folder)
            has_sample = _sample(desk, folder, addresses, talk, wanted=sample and founded)
            code = None
            if founded:
                code = logins.create_sign_in_link(tx, world, keyring, desk.actor).clear
            counts = {
                "apis": tx.apis.count(organization_id=desk.organization.id),
                "applications": tx.applications.count(organization_id=desk.organization.id),
            }
    finally:
        store.close()
    if before not in (0, after):
        talk.say(f"database: schema {before} → {after}")
    return Prepared(code, has_sample, counts, DomainSealer.of(keyring).key)


def _migrated(layout: Layout, talk: Talk, *, quiet: bool) -> tuple[int, int]:
    if quiet:
        return migrate(layout.database_url)
    with talk.step("database") as words:
        before, after = migrate(layout.database_url)
        words.append(f"new, schema {after}" if before == 0 else f"schema {after}")
    return before, after


def _found(
    tx: Transaction,
    world: World,
    signers: keys.Backends,
    layout: Layout,
    talk: Talk,
    *,
    quiet: bool,
) -> bool:
    """The organization with its keys; True when it was made now. Raises Unavailable when a key
    does not open: whoever starts with another sealing key shall hear of it now."""
    urls = {
        Kind.PRODUCTION: layout.gateway_urls["production"],
        Kind.SANDBOX: layout.gateway_urls["sandbox"],
    }
    organization = organizations.find(tx)
    founded = organization is None
    if organization is None:
        organization = organizations.create_default(tx, world, urls).organization
    else:
        organizations.keep_gateway_urls(tx, world, organization, urls)
    if quiet:
        keys.ensure(tx, world, signers, organization)
        keys.check(tx, signers)
        return founded
    with talk.step("signing keys") as words:
        made = keys.ensure(tx, world, signers, organization)
        words.append(f"{organization.signing_algorithm}, {len(made)} issuers")
    return founded


def _desk(tx: Transaction, world: World, keyring: Keyring, layout: Layout) -> Desk:
    """The owner's desk, for what this machine does in the owner's name."""
    organization = organizations.find(tx)
    owner = organization and organizations.owner(tx, organization)
    if not isinstance(organization, Organization) or not isinstance(owner, User):
        raise Unavailable("The organization has no owner.", "database", "Restore a backup.")
    addresses = DeskAddresses(
        f"{layout.control_url}/api/v1",
        layout.sts_url,
        layout.control_url,
        f"{layout.control_url}/console",
    )
    return Desk(tx, world, keyring, addresses, organization, owner, serves_everything)


def _keep_cli_token(desk: Desk, folder: Folder) -> None:
    """The owner's token for the command line on this machine: whoever reads the folder is owner."""
    try:
        text = folder.cli_token.read_text().strip()
    except OSError:
        text = ""
    kinds = (LoginKind.ACCESS_TOKEN,)
    if text and _proves(desk, text, kinds):
        return
    issued = logins.issue(
        desk.tx,
        desk.world,
        desk.keyring,
        desk.actor,
        LoginKind.ACCESS_TOKEN,
        "command line of this machine",
        timedelta(days=CLI_TOKEN_DAYS),
    )
    write_private(folder.cli_token, issued.clear.reveal() + "\n")


def _proves(desk: Desk, text: str, kinds: tuple[LoginKind, ...]) -> bool:
    try:
        logins.prove(desk.tx, desk.world, desk.keyring, text, kinds)
    except Unauthenticated:
        return False
    return True


def _follow_sample(desk: Desk, folder: Folder, upstream: str) -> bool:
    """Whether the sample that was made here is still as it was; its upstream's port may move.

    An API that somebody gave another upstream, or made under the same name, is theirs.
    """
    kept = read_json(folder.installation).get("sample", {})
    api = desk.tx.apis.get(str(kept.get("api", "")))
    if api is None or set(api.upstreams.values()) != {kept.get("url")}:
        return False
    if kept["url"] != upstream and api.state is not State.RETIRED:
        deployments.deploy(desk, api.id, upstream=upstream)
        _keep_sample(folder, api.id, upstream)
    return True


def _keep_source(folder: Folder, source: str) -> None:
    """`gatewright doctor`, which others may run, needs to know why the sealing key is not here."""
    installation = read_json(folder.installation)
    if installation.get("sealing_key", "file") != source:
        installation["sealing_key"] = source
        write_private(folder.installation, json.dumps(installation, indent=2) + "\n")


def _keep_sample(folder: Folder, api_id: str, upstream: str) -> None:
    installation = read_json(folder.installation)
    installation["sample"] = {"api": api_id, "url": upstream}
    write_private(folder.installation, json.dumps(installation, indent=2) + "\n")


def _sample(desk: Desk, folder: Folder, addresses: Addresses, talk: Talk, *, wanted: bool) -> bool:
    """The Reading List with its application at the first start; later its upstream's new port."""
    upstream = addresses.local_urls["sample"]
    if not wanted:
        return _follow_sample(desk, folder, upstream)
    with talk.step("sample API") as words:
        imported = read_document(document())
        wish = Wish(context=f"/{SAMPLE_API}", version="v1.0", upstream=upstream)
        api = imports.write(desk, imported, wish).api
        deployments.deploy(desk, api.id)
        _keep_sample(folder, api.id, upstream)
        published = lifecycle.move(desk, api.id, State.PUBLISHED)
        definition = published.definition
        words.append(
            f"{published.name} {published.version} published, "
            f"{len(definition.operations)} operations, {len(definition.scopes)} scopes"
        )
    with talk.step("application") as words:
        application = applications.create(desk, SAMPLE_APPLICATION)
        for kind in Kind:
            credentials.create(desk, application.id, kind, _SAMPLE_TOKEN_SECONDS)
        subscriptions.create(desk, application.id, apis.named(desk, api.id).reference)
        words.append(f"{application.name} subscribed to {published.name} {published.version}")
    return True
