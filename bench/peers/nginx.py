"""nginx as a gateway: bare, with its JWT check in Lua, or with a JWT module written in C.

nginx itself can check no JWT outside of its commercial subscription. Debian packages the Lua
module, a JSON parser and OpenSSL's functions, which `nginx.lua` puts together: the way that
gateways built on nginx and Lua go. The module `auth_jwt` is in no distribution; who has built it
names it in BENCH_NGINX_AUTH_JWT, and it is measured too.

Like HAProxy it does less than Gatewright: one fixed key, no subscriptions, no revocation, no plan
limits, no usage counters.
"""

import json
import os
from pathlib import Path

from bench import binaries, processes
from bench.credentials import AUDIENCE, ISSUER, SCOPE, SigningKey

MODULE_VARIABLE = "BENCH_NGINX_AUTH_JWT"

# `keepalive_requests` is 1,000 by nginx's own choice; the others close no busy connection.
_CONFIGURATION = """\
{modules}
daemon off;
worker_processes 1;
error_log stderr warn;
pid {folder}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_timeout 60s;
  keepalive_requests 1000000000;
  upstream upstream {{
    server 127.0.0.1:{upstream};
    keepalive 64;
    keepalive_requests 1000000000;
  }}
{setting}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
{checks}
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass http://upstream;
    }}
  }}
}}
"""

_LUA_MODULES = ("ndk_http_module", "ngx_http_lua_module")

_LUA_SETTING = """\
  lua_package_path "{peers}/?.lua;{scripts}/?.lua;;";
  lua_package_cpath "{libraries}/?.so;;";
  init_by_lua_block {{
    check = require("nginx")({{
      key = "{key}", algorithm = "{algorithm}", issuer = "{issuer}", audience = "{audience}",
      scope = "{scope}",
    }})
  }}"""

_LUA_CHECKS = """\
      access_by_lua_block {{ check() }}
      proxy_set_header Authorization "";"""

_MODULE_SETTING = """\
  map $jwt_claim_scope $has_scope {{
    default 0;
    "~(^| ){scope}($| )" 1;
  }}"""

_MODULE_CHECKS = """\
      auth_jwt "bench";
      auth_jwt_key_file {key} jwks;
      auth_jwt_require_header alg eq {algorithm};
      auth_jwt_require_claim iss eq {issuer};
      auth_jwt_require_claim aud eq {audience};
      auth_jwt_require $has_scope error=403;
      proxy_set_header Authorization "";"""


def start_bare(servers: processes.Servers, upstream: int) -> tuple[int, int]:
    """Start nginx as a proxy that checks nothing; gives its port and its process."""
    return _start(servers, "nginx-bare", upstream)


def start_lua(servers: processes.Servers, key: SigningKey, upstream: int) -> tuple[int, int]:
    """Start nginx checking tokens of this key in Lua; gives its port and its process."""
    installed = binaries.find_nginx()
    name = f"nginx-lua-{key.algorithm.lower()}"
    pem = servers.folder / f"{name}.pem"
    key.write_public_pem(pem)
    module = installed.find("usr/lib/nginx/modules/ngx_http_lua_module.so").parent
    setting = _LUA_SETTING.format(
        peers=binaries.PEERS,
        scripts=installed.find("usr/share/lua/5.1/ngx/base64.lua").parent.parent,
        libraries=installed.find("usr/lib/*/lua/5.1/cjson.so").parent,
        key=pem,
        algorithm=key.algorithm,
        issuer=ISSUER,
        audience=AUDIENCE,
        scope=SCOPE,
    )
    modules = "\n".join(f"load_module {module / one}.so;" for one in _LUA_MODULES)
    return _start(servers, name, upstream, modules, setting, _LUA_CHECKS.format())


def find_module() -> binaries.Binary:
    """nginx with the module that BENCH_NGINX_AUTH_JWT names; raises MissingBinaryError."""
    named = os.environ.get(MODULE_VARIABLE, "")
    if not named:
        raise binaries.MissingBinaryError(
            "no distribution packages it; build it for this nginx and name the .so in "
            f"{MODULE_VARIABLE}"
        )
    if not Path(named).is_file():
        raise binaries.MissingBinaryError(f"{MODULE_VARIABLE} names no file: {named}")
    nginx = binaries.find_nginx().binary
    return binaries.Binary(nginx.path, f"{nginx.version} with a module of your own", {})


def start_module(servers: processes.Servers, key: SigningKey, upstream: int) -> tuple[int, int]:
    """Start nginx checking tokens of this key by the module; gives its port and its process."""
    name = f"nginx-module-{key.algorithm.lower()}"
    jwks = servers.folder / f"{name}.jwks"
    public = {**key.pair.as_dict(private=False), "alg": key.algorithm}
    jwks.write_text(json.dumps({"keys": [public]}))
    checks = _MODULE_CHECKS.format(
        key=jwks, algorithm=key.algorithm, issuer=ISSUER, audience=AUDIENCE
    )
    modules = f"load_module {Path(os.environ[MODULE_VARIABLE]).resolve()};"
    return _start(servers, name, upstream, modules, _MODULE_SETTING.format(scope=SCOPE), checks)


def _start(
    servers: processes.Servers,
    name: str,
    upstream: int,
    modules: str = "",
    setting: str = "",
    checks: str = "",
) -> tuple[int, int]:
    nginx = binaries.find_nginx().binary
    port, folder = processes.free_port(), servers.folder / name
    folder.mkdir()
    path = folder / "nginx.conf"
    text = _CONFIGURATION.format(
        modules=modules,
        folder=folder,
        upstream=upstream,
        setting=setting,
        port=port,
        checks=checks,
    )
    # A worker of root becomes another user, who has no business in our folder.
    path.write_text(f"user root;\n{text}" if os.geteuid() == 0 else text)
    command = [str(nginx.path), "-p", str(folder), "-e", "stderr", "-c", str(path)]
    server = servers.start(name, command, processes.SERVER_CORE, nginx.environment, port)
    return port, server.process_id
