"""Apache httpd as a gateway, with mod_auth_openidc as an OAuth 2.0 resource server.

It verifies each call's JWT with one fixed public key and asks for the claims by `Require`. A token
that lacks the scope is refused by 401, as any other. It takes any algorithm of the key's type. Of
keys in files Debian's version reads RSA's alone, and others it fetches by https only, so ES256 is
not measured.

Like HAProxy it does less than Gatewright: no JWKS that changes, no subscriptions, no revocation,
no plan limits, no usage counters.
"""

import os
from pathlib import Path

from bench import binaries, processes
from bench.credentials import AUDIENCE, ISSUER, SCOPE, SigningKey

# One process, so that the load does not decide how many there are.
_CONFIGURATION = """\
ServerRoot {folder}
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/httpd.pid
DefaultRuntimeDir {folder}
Mutex pthread
ErrorLog /dev/stderr
LogLevel crit
{modules}
{user}
ServerLimit 1
StartServers 1
ThreadLimit 128
ThreadsPerChild 128
MaxRequestWorkers 128
MinSpareThreads 1
MaxSpareThreads 128
MaxConnectionsPerChild 0
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
HostnameLookups Off
{setting}
<Location />
{checks}
</Location>
ProxyPass / http://127.0.0.1:{upstream}/ keepalive=On max=128
"""

_MODULES = ("mpm_event", "authn_core", "authz_core", "headers", "proxy", "proxy_http")
_CHECKING_MODULES = ("authz_user", "auth_openidc")

_SETTING = """\
OIDCOAuthVerifyCertFiles {kid}#{key}
OIDCOAuthRemoteUserClaim sub
OIDCPassClaimsAs environment
OIDCCryptoPassphrase not-used-without-sessions"""

# The expression is asked before there is a user, too, and must not refuse then: the claims do.
_CHECKS = """\
  AuthType oauth20
  <RequireAll>
    Require claim iss:{issuer}
    Require claim aud:{audience}
    Require expr "%{{REMOTE_USER}} == '' || reqenv('OIDC_CLAIM_exp') =~ /^[0-9]+$/"
    Require claim "scope~(^| ){scope}($| )"
  </RequireAll>
  RequestHeader unset Authorization"""


def start_bare(servers: processes.Servers, upstream: int) -> tuple[int, int]:
    """Start httpd as a proxy that checks nothing; gives its port and its process."""
    return _start(servers, "apache-bare", upstream, (), "", "  Require all granted")


def start_verifying(servers: processes.Servers, key: SigningKey, upstream: int) -> tuple[int, int]:
    """Start httpd checking tokens of this key; gives its port and its process."""
    name = f"apache-{key.algorithm.lower()}"
    pem = servers.folder / f"{name}.pem"
    key.write_public_pem(pem)
    setting = _SETTING.format(kid=key.pair.kid, key=pem)
    checks = _CHECKS.format(issuer=ISSUER, audience=AUDIENCE, scope=SCOPE)
    return _start(servers, name, upstream, _CHECKING_MODULES, setting, checks)


def _start(
    servers: processes.Servers,
    name: str,
    upstream: int,
    more_modules: tuple[str, ...],
    setting: str,
    checks: str,
) -> tuple[int, int]:
    installed = binaries.find_apache()
    port, folder = processes.free_port(), servers.folder / name
    folder.mkdir()
    text = _CONFIGURATION.format(
        folder=folder,
        port=port,
        modules="\n".join(_load(installed, one) for one in (*_MODULES, *more_modules)),
        # The parent's user where it is not root; root's workers have to become somebody.
        user="User nobody\nGroup nogroup" if os.geteuid() == 0 else "",
        setting=setting,
        checks=checks,
        upstream=upstream,
    )
    path: Path = folder / "httpd.conf"
    path.write_text(text)
    command = [str(installed.binary.path), "-D", "FOREGROUND", "-f", str(path)]
    environment = installed.binary.environment
    server = servers.start(name, command, processes.SERVER_CORE, environment, port)
    return port, server.process_id


def _load(installed: binaries.Installed, module: str) -> str:
    path = installed.find(f"usr/lib/apache2/modules/mod_{module}.so")
    return f"LoadModule {module}_module {path}"
