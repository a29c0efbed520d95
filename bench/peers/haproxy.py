"""HAProxy as a gateway: it verifies each call's JWT and its scope, and passes it on.

It does less than Gatewright: one fixed key instead of a JWKS, no subscriptions, no revocation,
no plan limits, no usage counters.
"""

from pathlib import Path

from bench import binaries, processes
from bench.credentials import AUDIENCE, ISSUER, SCOPE, SigningKey

_CONFIGURATION = """\
global
  nbthread 1
  maxconn 4096

defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
  http-reuse always

frontend calls
  bind 127.0.0.1:{port}
{rules}
  default_backend upstream

backend upstream
  server upstream 127.0.0.1:{upstream}
"""

# In HAProxy `verify` answers 1 for a good signature and 0 or a negative number otherwise.
_RULES = """\
  http-request set-var(txn.token) http_auth_bearer
  http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
  http-request set-var(txn.iss) var(txn.token),jwt_payload_query('$.iss')
  http-request set-var(txn.aud) var(txn.token),jwt_payload_query('$.aud')
  http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
  http-request set-var(txn.scope) var(txn.token),jwt_payload_query('$.scope')
  http-request set-var(txn.now) date
  http-request deny deny_status 401 unless {{ var(txn.token) -m found }}
  http-request deny deny_status 401 unless {{ var(txn.alg) -m str {algorithm} }}
  http-request deny deny_status 401 unless {{ var(txn.iss) -m str {issuer} }}
  http-request deny deny_status 401 unless {{ var(txn.aud) -m str {audience} }}
  http-request deny deny_status 401 unless {{ var(txn.exp),sub(txn.now) -m int gt 0 }}
  http-request deny deny_status 401 unless {{ var(txn.token),{verify} -m int 1 }}
  http-request deny deny_status 403 unless {{ var(txn.scope) -m reg (^|[\\ ]){scope}([\\ ]|$) }}
  http-request del-header authorization"""


def start_verifying(servers: processes.Servers, key: SigningKey, upstream: int) -> tuple[int, int]:
    """Start HAProxy checking tokens of this key; gives its port and its process."""
    name = f"haproxy-{key.algorithm.lower()}"
    pem = servers.folder / f"{name}.pem"
    key.write_public_pem(pem)
    rules = _RULES.format(
        algorithm=key.algorithm,
        issuer=ISSUER,
        audience=AUDIENCE,
        scope=SCOPE,
        verify=f'jwt_verify(txn.alg,"{pem}")',
    )
    return _start(servers, name, rules, upstream)


def start_bare(servers: processes.Servers, upstream: int) -> tuple[int, int]:
    """Start HAProxy as a proxy that checks nothing; gives its port and its process."""
    return _start(servers, "haproxy-bare", "", upstream)


def _start(servers: processes.Servers, name: str, rules: str, upstream: int) -> tuple[int, int]:
    haproxy = binaries.find_haproxy()
    port = processes.free_port()
    path: Path = servers.folder / f"{name}.cfg"
    path.write_text(_CONFIGURATION.format(port=port, rules=rules, upstream=upstream))
    server = servers.start(
        name,
        [str(haproxy.path), "-db", "-f", str(path)],
        processes.SERVER_CORE,
        haproxy.environment,
        port,
    )
    return port, server.process_id
