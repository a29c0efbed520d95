"""Presets of workload federation: how well-known platforms name their issuers and subjects."""

import re
from typing import Annotated

import typer

from gatewright.interfaces.cli.failure import usage

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITLAB_ISSUER = "https://gitlab.com"
_WAY_OUT = "For anything else, give --issuer and --subject."
_PATH = re.compile(r"[A-Za-z0-9._@-]+(/[A-Za-z0-9._@-]+)+")
_ACCOUNT = re.compile(r"[a-z0-9.-]+/([a-z0-9.-]+|\*)")

GitHub = Annotated[
    str | None,
    typer.Option("--github", metavar="OWNER/REPO", help="Jobs of this repository's branch."),
]
GitLab = Annotated[
    str | None,
    typer.Option("--gitlab", metavar="GROUP/PROJECT", help="Jobs of this project's branch."),
]
Kubernetes = Annotated[
    str | None,
    typer.Option(
        "--kubernetes", metavar="NAMESPACE/ACCOUNT", help="A service account; with --issuer."
    ),
]
Branch = Annotated[
    str | None, typer.Option("--branch", help="Of --github or --gitlab. Default: main.")
]
Environment = Annotated[
    str | None, typer.Option("--environment", help="Of --github, in place of a branch.")
]


def preset(
    github: str | None,
    gitlab: str | None,
    kubernetes: str | None,
    branch: str | None,
    environment: str | None,
) -> dict[str, object]:
    """Name, issuer and subject of the platform that was named. Raises CommandFailed (usage)."""
    if sum(item is not None for item in (github, gitlab, kubernetes)) > 1:
        raise usage("name one platform.", "platform", "Run the command once for each.")
    if (branch and environment) or (environment and github is None):
        reason = "--environment goes with --github, in place of --branch."
        raise usage(reason, "environment", _WAY_OUT)
    if branch and github is None and gitlab is None:
        raise usage("--branch goes with --github or --gitlab.", "branch", _WAY_OUT)
    if github is not None:
        _check(_PATH, github, "--github", "OWNER/REPO")
        where = (
            f"environment:{environment}" if environment else f"ref:refs/heads/{branch or 'main'}"
        )
        return _found(f"GitHub {github}", GITHUB_ISSUER, f"repo:{github}:{where}")
    if gitlab is not None:
        _check(_PATH, gitlab, "--gitlab", "GROUP/PROJECT")
        where = f"ref_type:branch:ref:{branch or 'main'}"
        return _found(f"GitLab {gitlab}", GITLAB_ISSUER, f"project_path:{gitlab}:{where}")
    if kubernetes is not None:
        _check(_ACCOUNT, kubernetes, "--kubernetes", "NAMESPACE/ACCOUNT")
        account = kubernetes.replace("/", ":")
        return {
            "name": f"Kubernetes {kubernetes}"[:100],
            "subject": f"system:serviceaccount:{account}",
        }
    return {}


def _found(name: str, issuer: str, subject: str) -> dict[str, object]:
    return {"name": name[:100], "issuer": issuer, "subject": subject}


def _check(pattern: re.Pattern[str], value: str, option: str, form: str) -> None:
    if not pattern.fullmatch(value):
        raise usage(f"{option} must read {form}.", option.strip("-"), _WAY_OUT)
