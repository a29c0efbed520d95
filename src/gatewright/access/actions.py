"""The actions that people take and the roles that may take them; the only such table there is."""

from enum import StrEnum

from gatewright.domain.person import Role


class Action(StrEnum):
    """One thing that a person may do in an organization."""

    READ_APIS = "apis.read"
    READ_DRAFTS = "apis.read-unlisted"
    WRITE_APIS = "apis.write"
    DEPLOY = "apis.deploy"
    TEST_APIS = "apis.test"
    PUBLISH = "apis.publish"
    DELETE_APIS = "apis.delete"
    READ_APPLICATIONS = "applications.read"
    READ_ALL_APPLICATIONS = "applications.read-all"
    WRITE_APPLICATIONS = "applications.write"
    LIMIT_APPLICATIONS = "applications.limit"
    BLOCK_APPLICATIONS = "applications.block"
    WRITE_CREDENTIALS = "credentials.write"
    GENERATE_TOKENS = "tokens.generate"
    REVOKE_TOKENS = "tokens.revoke"
    READ_SUBSCRIPTIONS = "subscriptions.read"
    WRITE_SUBSCRIPTIONS = "subscriptions.write"
    BLOCK_SUBSCRIPTIONS = "subscriptions.block"
    APPROVE_SUBSCRIPTIONS = "subscriptions.approve"
    READ_SETTINGS = "settings.read"
    WRITE_SETTINGS = "settings.write"
    WRITE_PLANS = "plans.write"
    READ_KEYS = "keys.read"
    ROTATE_KEYS = "keys.rotate"
    READ_GATEWAYS = "gateways.read"
    READ_AUDIT = "audit.read"
    READ_METRICS = "metrics.read"
    READ_USAGE = "usage.read"
    READ_ALL_USAGE = "usage.read-all"
    OWN_LOGINS = "logins.own"
    READ_MEMBERS = "members.read"
    WRITE_MEMBERS = "members.write"
    READ_KEY_MANAGERS = "key-managers.read"
    WRITE_KEY_MANAGERS = "key-managers.write"
    LINK_CLIENTS = "clients.link"
    GRANT_INTROSPECTION = "credentials.introspect"
    READ_DOMAINS = "domains.read"
    WRITE_DOMAINS = "domains.write"
    READ_REGISTRATION = "registration.read"
    WRITE_REGISTRATION = "registration.write"


_A, _P, _D, _C, _U = Role.ADMIN, Role.PUBLISHER, Role.DEVELOPER, Role.CONSUMER, Role.AUDITOR
_EVERYONE = frozenset(Role)

TABLE: dict[Action, frozenset[Role]] = {
    Action.READ_APIS: _EVERYONE,
    Action.READ_DRAFTS: frozenset({_A, _P, _D, _U}),
    Action.WRITE_APIS: frozenset({_A, _P, _D}),
    Action.DEPLOY: frozenset({_A, _P, _D}),
    Action.TEST_APIS: frozenset({_A, _P, _D}),
    Action.PUBLISH: frozenset({_A, _P}),
    Action.DELETE_APIS: frozenset({_A, _P}),
    Action.READ_APPLICATIONS: _EVERYONE,
    Action.READ_ALL_APPLICATIONS: frozenset({_A, _P, _D, _U}),
    Action.WRITE_APPLICATIONS: frozenset({_A, _P, _D, _C}),
    Action.LIMIT_APPLICATIONS: frozenset({_A, _P}),
    Action.BLOCK_APPLICATIONS: frozenset({_A, _P}),
    Action.WRITE_CREDENTIALS: frozenset({_A, _P, _D, _C}),
    Action.GENERATE_TOKENS: frozenset({_A, _P, _D, _C}),
    Action.REVOKE_TOKENS: frozenset({_A, _P, _D, _C}),
    Action.READ_SUBSCRIPTIONS: _EVERYONE,
    Action.WRITE_SUBSCRIPTIONS: frozenset({_A, _P, _D, _C}),
    Action.BLOCK_SUBSCRIPTIONS: frozenset({_A, _P}),
    Action.APPROVE_SUBSCRIPTIONS: frozenset({_A, _P}),
    Action.READ_SETTINGS: _EVERYONE,
    Action.WRITE_SETTINGS: frozenset({_A}),
    Action.WRITE_PLANS: frozenset({_A}),
    Action.READ_KEYS: frozenset({_A, _U}),
    Action.ROTATE_KEYS: frozenset({_A}),
    Action.READ_GATEWAYS: frozenset({_A, _P, _D, _U}),
    Action.READ_AUDIT: frozenset({_A, _U}),
    Action.READ_METRICS: frozenset({_A, _U}),
    Action.READ_USAGE: _EVERYONE,
    Action.READ_ALL_USAGE: frozenset({_A, _P, _U}),
    Action.OWN_LOGINS: _EVERYONE,
    Action.READ_MEMBERS: frozenset({_A, _U}),
    Action.WRITE_MEMBERS: frozenset({_A}),
    Action.READ_KEY_MANAGERS: frozenset({_A, _U}),
    Action.WRITE_KEY_MANAGERS: frozenset({_A}),
    Action.LINK_CLIENTS: frozenset({_A, _P, _D, _C}),
    Action.GRANT_INTROSPECTION: frozenset({_A}),
    Action.READ_DOMAINS: frozenset({_A, _P, _D, _U}),
    Action.WRITE_DOMAINS: frozenset({_A}),
    Action.READ_REGISTRATION: frozenset({_A, _U}),
    Action.WRITE_REGISTRATION: frozenset({_A}),
}


def allowed(role: Role, action: Action) -> bool:
    """Whether the role may take the action; an action without a row is refused."""
    return role in TABLE.get(action, frozenset())


def matrix() -> str:
    """The whole table as text, one action a line, for people and for a golden file."""
    head = f"{'':<22}" + "".join(f"{role:>11}" for role in Role)
    lines = [
        f"{action:<22}" + "".join(f"{'yes' if allowed(role, action) else '-':>11}" for role in Role)
        for action in Action
    ]
    return "\n".join([head, *lines]) + "\n"
