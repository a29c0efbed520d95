"""`gatewright app auth …`: keys, certificates and outside issuers, so that no secret is needed."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gatewright.interfaces.cli.client import segment
from gatewright.interfaces.cli.commands import workloads
from gatewright.interfaces.cli.commands.apis import items_of
from gatewright.interfaces.cli.commands.applications import application_path, usability
from gatewright.interfaces.cli.failure import usage
from gatewright.interfaces.cli.options import AppName, Data, Json, Kind, KindOption
from gatewright.interfaces.cli.session import Session, open_session
from gatewright.interfaces.cli.terminal import clean

Name = Annotated[str | None, typer.Option("--name", help="A name to tell it apart.")]
ExpiresInDays = Annotated[
    int | None, typer.Option("--expires-in-days", min=1, max=3650, help="Default: never.")
]
Jwks = Annotated[
    Path | None,
    typer.Option(
        "--jwks", metavar="FILE", exists=True, dir_okay=False, help="Public keys as a JWK Set."
    ),
]
JwksUri = Annotated[
    str | None, typer.Option("--jwks-uri", metavar="URL", help="Where the public keys are.")
]


def list_authenticators(
    context: typer.Context,
    app: AppName,
    *,
    kind: KindOption = Kind.PRODUCTION,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List what an application proves itself by, beside its secrets."""
    session = open_session(context, data, as_json=as_json)
    found = session.management.get(_path(session, app, kind))

    def show() -> None:
        session.terminal.table(
            ("METHOD", "NAME", "ID", "WHAT", "EXPIRES", "LAST USED", "USABLE"),
            [
                (
                    item["method"],
                    item["name"],
                    item["id"],
                    _what(item),
                    item["expires_at"] or "never",
                    item["last_used_at"] or "never",
                    usability(item),
                )
                for item in items_of(found)
            ],
        )

    session.answer(found, show)


def add_key(
    context: typer.Context,
    app: AppName,
    *,
    kind: KindOption = Kind.PRODUCTION,
    public_key: Annotated[
        Path | None,
        typer.Option(
            "--public-key", metavar="FILE", exists=True, dir_okay=False, help="A public key in PEM."
        ),
    ] = None,
    algorithm: Annotated[
        str | None, typer.Option("--alg", help="What that key signs with, such as PS256.")
    ] = None,
    jwks: Jwks = None,
    jwks_uri: JwksUri = None,
    name: Name = None,
    expires_in_days: ExpiresInDays = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Let it sign for itself (private_key_jwt).

    The private key stays where it is: only the public one is given.
    """
    body = {
        "method": "private_key_jwt", "name": name or "key", "expires_in_days": expires_in_days,
        "public_key": _text(public_key), "algorithm": algorithm, "jwks": _json(jwks),
        "jwks_uri": jwks_uri,
    }  # fmt: skip
    _add(open_session(context, data, as_json=as_json), app, kind, body)


def add_certificate(
    context: typer.Context,
    app: AppName,
    *,
    kind: KindOption = Kind.PRODUCTION,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="The certificate itself, in PEM.",
        ),
    ] = None,
    subject_dn: Annotated[
        str | None, typer.Option("--subject-dn", help="Its subject, as CN=a,O=b (RFC 4514).")
    ] = None,
    san_dns: Annotated[str | None, typer.Option("--san-dns", help="A DNS name in it.")] = None,
    san_uri: Annotated[str | None, typer.Option("--san-uri", help="A URI in it.")] = None,
    san_ip: Annotated[str | None, typer.Option("--san-ip", help="An address in it.")] = None,
    san_email: Annotated[str | None, typer.Option("--san-email", help="A mail address.")] = None,
    authorities: Annotated[
        Path | None,
        typer.Option(
            "--ca",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Who must have issued it, in PEM. Default: the authorities of the installation.",
        ),
    ] = None,
    name: Name = None,
    expires_in_days: ExpiresInDays = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Know it by a TLS certificate.

    Either by the certificate itself, or by one name in it and who issued it.
    """
    method = "tls_client_auth" if certificate is None else "self_signed_tls_client_auth"
    body = {
        "method": method, "name": name or "certificate", "expires_in_days": expires_in_days,
        "certificates": _text(certificate), "authorities": _text(authorities),
        "tls_client_auth_subject_dn": subject_dn, "tls_client_auth_san_dns": san_dns,
        "tls_client_auth_san_uri": san_uri, "tls_client_auth_san_ip": san_ip,
        "tls_client_auth_san_email": san_email,
    }  # fmt: skip
    _add(open_session(context, data, as_json=as_json), app, kind, body)


def trust(
    context: typer.Context,
    app: AppName,
    *,
    kind: KindOption = Kind.PRODUCTION,
    github: workloads.GitHub = None,
    gitlab: workloads.GitLab = None,
    kubernetes: workloads.Kubernetes = None,
    branch: workloads.Branch = None,
    environment: workloads.Environment = None,
    issuer: Annotated[
        str | None, typer.Option("--issuer", metavar="URL", help="The iss of its tokens, exactly.")
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="PATTERN", help="Their sub; * is anything but a colon."),
    ] = None,
    audience: Annotated[
        str | None, typer.Option("--audience", help="Their aud. Default: the issuer of our tokens.")
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option("--claim", metavar="NAME=PATTERN", help="A further claim; may repeat."),
    ] = None,
    jwks: Jwks = None,
    jwks_uri: JwksUri = None,
    name: Name = None,
    expires_in_days: ExpiresInDays = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Trust a workload that another issuer vouches for.

    Such as a job of GitHub Actions or GitLab, or a service account of Kubernetes. It needs no
    secret: it sends the token that its platform gives it.
    """
    preset = workloads.preset(github, gitlab, kubernetes, branch, environment)
    body = {
        "method": "federated", "expires_in_days": expires_in_days, "audience": audience,
        "claims": _claims(claim), "jwks": _json(jwks), "jwks_uri": jwks_uri,
    } | preset  # fmt: skip
    given = {"name": name, "issuer": issuer, "subject": subject}
    body |= {key: value for key, value in given.items() if value is not None}
    body.setdefault("name", "workload")
    for needed in ("issuer", "subject"):
        if needed not in body:
            raise usage(f"--{needed} is needed.", needed, "Or give --github or --gitlab.")
    _add(open_session(context, data, as_json=as_json), app, kind, body)


def remove(
    context: typer.Context,
    app: AppName,
    authenticator: Annotated[str, typer.Argument(metavar="ID", help="Its id.")],
    *,
    kind: KindOption = Kind.PRODUCTION,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Remove a key, a certificate or a trusted workload.

    Tokens got by it live on until they expire.
    """
    session = open_session(context, data, as_json=as_json)
    session.management.send("DELETE", f"{_path(session, app, kind)}/{segment(authenticator)}")
    result = {"removed": authenticator}
    session.answer(result, lambda: session.terminal.write(f"{clean(authenticator)} is removed"))


def _add(session: Session, app: str, kind: Kind, body: dict[str, Any]) -> None:
    sent = {name: value for name, value in body.items() if value is not None}
    found = session.management.post(_path(session, app, kind), sent).body

    def show() -> None:
        session.terminal.pairs(
            [
                ("method", found["method"]),
                ("id", found["id"]),
                ("what", _what(found)),
                ("expires", found["expires_at"] or "never"),
            ]
        )
        session.terminal.next_step("app", "auth", "list", app, "--kind", kind.value)

    session.answer(found, show)


def _path(session: Session, app: str, kind: Kind) -> str:
    return f"{application_path(session, app)}/credentials/{kind.value}/authenticators"


def _what(item: dict[str, Any]) -> str:
    """What it knows the application by, in a line."""
    settings = item["settings"]
    if item["method"] == "federated":
        return f"{settings['subject']} of {settings['issuer']}"
    if item["thumbprints"]:
        return f"certificate {item['thumbprints'][0]}"
    for name in settings:
        if name.startswith("tls_client_auth_"):
            return f"{name.removeprefix('tls_client_auth_')} {settings[name]}"
    if "jwks_uri" in settings:
        return str(settings["jwks_uri"])
    keys = [str(key.get("kid", key.get("alg", key["kty"]))) for key in settings["jwks"]["keys"]]
    return "key " + ", ".join(keys)


def _text(path: Path | None) -> str | None:
    try:
        return None if path is None else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise usage(f"{path} is no readable text.", "file", "Give a file in PEM or JSON.") from None


def _json(path: Path | None) -> dict[str, Any] | None:
    text = _text(path)
    try:
        found = None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        found = []
    if found is not None and not isinstance(found, dict):
        raise usage(f"{path} is no JSON object.", "jwks", 'Give a JWK Set: {"keys": [...]}.')
    return found


def _claims(given: list[str] | None) -> dict[str, str] | None:
    pairs = [item.partition("=") for item in given or []]
    if not all(name and equals for name, equals, _ in pairs):
        raise usage("--claim must read NAME=PATTERN.", "claim", "As in actor=octocat.")
    return {name: pattern for name, _, pattern in pairs} or None
