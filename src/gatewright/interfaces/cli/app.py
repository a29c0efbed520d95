"""The command line put together: names, groups, and how errors end; no command of its own."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from gatewright.domain.errors import GatewrightError
from gatewright.interfaces.cli.commands import (
    api_keys,
    apis,
    applications,
    approvals,
    authenticators,
    bindings,
    calls,
    client_secrets,
    doctor,
    domains,
    explain,
    external_clients,
    gateway,
    imports,
    key_managers,
    keys,
    lifecycle,
    limits,
    lists,
    login,
    organization,
    plans,
    registrations,
    releases,
    scopes,
    security,
    status,
    subscriptions,
    tokens,
    up,
    usage,
)
from gatewright.interfaces.cli.failure import CommandFailed, ExitCode, exit_code_of
from gatewright.interfaces.cli.hooks import Hooks
from gatewright.interfaces.cli.session import Runtime
from gatewright.interfaces.cli.terminal import Terminal

if TYPE_CHECKING:
    import httpx2

_USAGE_EXIT_CODE = 2  # Typer's own, which here would say "different"

Command = tuple[str, Callable[..., None]]
COMMANDS: tuple[Command, ...] = (
    ("up", up.up),
    ("down", up.down),
    ("status", status.status),
    ("doctor", doctor.doctor),
    ("subscribe", subscriptions.subscribe),
    ("unsubscribe", subscriptions.unsubscribe),
    ("promote", releases.promote),
    ("rollback", releases.rollback),
    ("revisions", releases.revisions),
    ("token", tokens.token),
    ("revoke", tokens.revoke),
    ("curl", calls.call),
    ("explain", explain.explain),
    ("usage", usage.show_usage),
    ("audit", lists.list_audit),
    ("login", login.login),
    ("logout", login.logout),
    ("login-link", login.login_link),
)
GROUPS: dict[str, tuple[str, tuple[Command, ...]]] = {
    "api": (
        "APIs: import, deploy, publish.",
        (
            ("import", imports.import_api),
            ("list", apis.list_apis),
            ("show", apis.show_api),
            ("deploy", apis.deploy),
            ("publish", apis.publish),
            ("lifecycle", apis.lifecycle),
            ("deprecate", lifecycle.deprecate),
            ("block", lifecycle.block),
            ("unblock", lifecycle.unblock),
            ("edit", lifecycle.edit),
            ("limit", limits.limit),
            ("diff", releases.diff),
            ("access", security.access),
            ("secure", security.secure),
            ("test-key", security.test_key),
            ("delete", apis.delete),
        ),
    ),
    "scope": (
        "Scopes: which operations ask for which permission.",
        (
            ("list", scopes.list_scopes),
            ("add", scopes.add),
            ("attach", scopes.attach),
            ("detach", scopes.detach),
        ),
    ),
    "app": (
        "Applications: consumers' programs and their keys.",
        (
            ("create", applications.create),
            ("list", applications.list_applications),
            ("show", applications.show_application),
            ("keys", applications.keys),
            ("revoke-tokens", client_secrets.revoke_tokens),
            ("binding", bindings.change),
            ("block", approvals.block_application),
            ("unblock", approvals.unblock_application),
            ("delete", applications.delete),
        ),
    ),
    "subscription": (
        "Subscriptions: listed, approved, blocked.",
        (
            ("list", subscriptions.list_subscriptions),
            ("approve", approvals.approve),
            ("reject", approvals.reject),
            ("block", approvals.block),
            ("unblock", approvals.unblock),
        ),
    ),
    "plan": (
        "Subscription plans: how many calls a subscription may make.",
        (
            ("list", plans.list_plans),
            ("show", plans.show_plan),
            ("create", plans.create),
            ("edit", plans.edit),
            ("delete", plans.delete),
        ),
    ),
    "org": (
        "The organization: its name, and what tokens are signed with.",
        (("show", organization.show), ("set", organization.change)),
    ),
    "keys": (
        "Signing keys: listed and replaced.",
        (("list", keys.list_keys), ("rotate", keys.rotate), ("reseal", keys.reseal)),
    ),
    "api-keys": (
        "API keys of the whole organization.",
        (("rotate-signer", api_keys.rotate_signer),),
    ),
    "key-manager": (
        "Key managers: outside token issuers that are trusted.",
        (
            ("add", key_managers.add),
            ("list", key_managers.list_key_managers),
            ("show", key_managers.show_key_manager),
            ("set", key_managers.change),
            ("refresh", key_managers.refresh),
            ("enable", key_managers.enable),
            ("disable", key_managers.disable),
            ("remove", key_managers.remove),
        ),
    ),
    "registration": (
        "Clients that register themselves: whether they may, and who lets them.",
        (
            ("show", registrations.show),
            ("enable", registrations.enable),
            ("disable", registrations.disable),
            ("clients", registrations.clients),
        ),
    ),
    "domain": (
        "Domains: hosts of your own, with their certificates.",
        (
            ("add", domains.add),
            ("list", domains.list_domains),
            ("renew", domains.renew),
            ("remove", domains.remove),
        ),
    ),
    "gateway": (
        "The gateway: restarted without losing a call.",
        (("restart", gateway.restart),),
    ),
    "env": ("Environments.", (("list", lists.list_environments),)),
}
SECRET_COMMANDS: tuple[Command, ...] = (
    ("list", client_secrets.list_secrets),
    ("add", client_secrets.add),
    ("rotate", client_secrets.rotate),
    ("revoke", client_secrets.revoke),
)


KEY_COMMANDS: tuple[Command, ...] = (
    ("create", api_keys.create),
    ("list", api_keys.list_keys),
    ("regenerate", api_keys.regenerate),
    ("revoke", api_keys.revoke),
)


INITIAL_TOKEN_COMMANDS: tuple[Command, ...] = (
    ("create", registrations.create_token),
    ("list", registrations.list_tokens),
    ("revoke", registrations.revoke_token),
)


CLIENT_COMMANDS: tuple[Command, ...] = (
    ("add", external_clients.add),
    ("list", external_clients.list_clients),
    ("remove", external_clients.remove),
)


AUTH_COMMANDS: tuple[Command, ...] = (
    ("list", authenticators.list_authenticators),
    ("add-key", authenticators.add_key),
    ("add-certificate", authenticators.add_certificate),
    ("trust", authenticators.trust),
    ("remove", authenticators.remove),
)


class CommandLine(TyperGroup):
    """Ends every failure in one place: its words on stderr, its exit code for scripts."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - the parent's own
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002
        **extra: Any,
    ) -> Any:
        """Run and exit, as the parent does, with our exit codes."""
        given = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(
                given,
                prog_name or "gatewright",
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        except (GatewrightError, TyperException, typer.Abort) as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                Terminal().write(str(error))  # the command's own help
                sys.exit(ExitCode.USAGE)
            failure = failure_of(error)
            Terminal(as_json="--json" in given).fail(failure)
            code = failure.exit_code
        if not standalone_mode:
            return code
        sys.exit(code if isinstance(code, int) else 0)


def failure_of(error: Exception) -> CommandFailed:
    """The error as one of ours: usage errors of Typer, and errors of the domain from `main`."""
    if isinstance(error, CommandFailed):
        return error
    if isinstance(error, GatewrightError):
        code = exit_code_of(error.status)
        return CommandFailed(error.reason, error.field, error.way_out, error.code, code)
    if isinstance(error, TyperException):
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "gatewright"
        reason = " ".join(error.format_message().split())
        if error.exit_code != _USAGE_EXIT_CODE:
            return CommandFailed(reason)
        way_out = f"See `{path} --help`."
        return CommandFailed(reason, None, way_out, "usage", ExitCode.USAGE)
    return CommandFailed("nothing more was done.", None, None, "aborted")


def create_cli(hooks: Hooks, transport: "httpx2.BaseTransport | None" = None) -> typer.Typer:
    """The whole command line. `transport` None is the network; tests give one of their own."""
    cli = typer.Typer(
        name="gatewright",
        cls=CommandLine,
        help="Gatewright: APIs behind Envoy, and the tokens that open them.",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,  # its traces would show values, secrets among them
        rich_markup_mode=None,
        context_settings={"obj": Runtime(hooks, transport)},
    )
    cli.callback()(_root(hooks.version))
    _add(cli, COMMANDS)
    for name, (text, commands) in GROUPS.items():
        group = typer.Typer(help=text, no_args_is_help=True)
        _add(group, commands)
        if name == "app":
            secret = typer.Typer(help="Secrets of an application's keys.", no_args_is_help=True)
            _add(secret, SECRET_COMMANDS)
            group.add_typer(secret, name="secret")
            key = typer.Typer(help="API keys of an application.", no_args_is_help=True)
            _add(key, KEY_COMMANDS)
            group.add_typer(key, name="key")
            auth = typer.Typer(
                help="Keys, certificates and trusted workloads, in place of secrets.",
                no_args_is_help=True,
            )
            _add(auth, AUTH_COMMANDS)
            group.add_typer(auth, name="auth")
            client = typer.Typer(
                help="Clients of key managers that act for an application.", no_args_is_help=True
            )
            _add(client, CLIENT_COMMANDS)
            group.add_typer(client, name="client")
        if name == "registration":
            token = typer.Typer(help="Initial access tokens.", no_args_is_help=True)
            _add(token, INITIAL_TOKEN_COMMANDS)
            group.add_typer(token, name="token")
        cli.add_typer(group, name=name)
        if name == "subscription":
            cli.add_typer(group, name="sub", hidden=True)  # for those who type it often
    return cli


def _add(app: typer.Typer, commands: Sequence[Command]) -> None:
    for name, function in commands:
        app.command(name)(function)


def _root(version: str) -> Callable[[bool], None]:
    def show_version(asked: bool) -> None:  # noqa: FBT001 - how Typer calls it
        if asked:
            Terminal().write(f"gatewright {version}")
            raise typer.Exit

    def root(
        version: bool = typer.Option(  # noqa: FBT001
            False,  # noqa: FBT003
            "--version",
            is_eager=True,
            callback=show_version,
            help="Show the version and exit.",
        ),
    ) -> None:
        pass

    return root
