"""The list of nouns and their tables, in the order of the port; a noun is one file and one line."""

from typing import Any

from gatewright.store.sql.api import APIS, DEPLOYMENTS, REVISIONS
from gatewright.store.sql.api_key import API_KEY_SIGNERS, API_KEYS
from gatewright.store.sql.application import APPLICATIONS
from gatewright.store.sql.audit import AUDIT_RECORDS
from gatewright.store.sql.authenticator import AUTHENTICATORS
from gatewright.store.sql.credential import CREDENTIALS, SECRETS
from gatewright.store.sql.domain_name import DOMAINS
from gatewright.store.sql.environment import ENVIRONMENTS
from gatewright.store.sql.idempotency import KEPT_ANSWERS
from gatewright.store.sql.key_manager import EXTERNAL_CLIENTS, FETCHED_KEY_SETS, KEY_MANAGERS
from gatewright.store.sql.observed import API_FAULTS, GATEWAY_NODES
from gatewright.store.sql.organization import ORGANIZATIONS
from gatewright.store.sql.person import LOGINS, USERS
from gatewright.store.sql.plan import PLANS
from gatewright.store.sql.registration import INITIAL_ACCESS_TOKENS, REGISTRATIONS
from gatewright.store.sql.schema import Noun
from gatewright.store.sql.subscription import SUBSCRIPTIONS
from gatewright.store.sql.token import REVOKED_TOKENS, SIGNING_KEYS, USED_PROOFS

TABLES: tuple[Noun[Any], ...] = (
    ORGANIZATIONS, ENVIRONMENTS, APIS, REVISIONS, DEPLOYMENTS, PLANS, APPLICATIONS, CREDENTIALS,
    SECRETS, AUTHENTICATORS, SUBSCRIPTIONS, SIGNING_KEYS, REVOKED_TOKENS, USED_PROOFS,
    KEY_MANAGERS, INITIAL_ACCESS_TOKENS, REGISTRATIONS, USERS, LOGINS, AUDIT_RECORDS,
    KEPT_ANSWERS, GATEWAY_NODES, API_FAULTS, FETCHED_KEY_SETS, EXTERNAL_CLIENTS, API_KEYS,
    API_KEY_SIGNERS, DOMAINS,
)  # fmt: skip
BY_NAME: dict[str, Noun[Any]] = {noun.name: noun for noun in TABLES}
