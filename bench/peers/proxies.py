"""The proxies beside Gatewright: what each can do, started, and proven before it is timed.

One that cannot be had on this machine, or that does not start on it, is told with its reason and
left out. One that lets in or refuses what it must not ends the benchmark.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench import binaries, processes, report, seeding
from bench.credentials import ALGORITHMS, SigningKey, trials
from bench.peers import apache, caddy, envoy, haproxy, nginx, traefik

StartBare = Callable[[processes.Servers, int], tuple[int, int]]
StartVerifying = Callable[[processes.Servers, SigningKey, int], tuple[int, int]]
REFUSALS = (401, 403)


@dataclass(frozen=True)
class Proxy:
    """A peer, and how to start it without and with its checks."""

    name: str
    find: Callable[[], binaries.Binary]
    start_bare: StartBare | None = None
    start_verifying: StartVerifying | None = None
    way: str = "JWT"
    algorithms: Sequence[str] = ALGORITHMS
    tells_refusals_apart: bool = True


@dataclass(frozen=True)
class Standing:
    """A proxy that runs and does what it must: where it listens, and tokens that it lets in."""

    name: str
    url: str
    process_ids: Sequence[int]
    algorithm: str
    tokens: Sequence[str]
    secured: bool


@dataclass
class Line:
    """All that were started, with the versions, and the reasons of those that were not."""

    standing: list[Standing] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)


ENVOY = Proxy("Envoy", binaries.find_envoy, envoy.start_bare)
OTHERS = (
    Proxy("HAProxy", binaries.find_haproxy, haproxy.start_bare, haproxy.start_verifying),
    Proxy("nginx", lambda: binaries.find_nginx().binary, nginx.start_bare, nginx.start_lua,
          way="Lua JWT"),
    Proxy("nginx auth_jwt", nginx.find_module, None, nginx.start_module),
    Proxy("Apache httpd", lambda: binaries.find_apache().binary, apache.start_bare,
          apache.start_verifying, algorithms=("RS256",), tells_refusals_apart=False),
    Proxy("Traefik", binaries.find_traefik, traefik.start_bare),
    Proxy("Caddy", binaries.find_caddy, caddy.start_bare),
)  # fmt: skip


def start(servers: processes.Servers, upstream: int, path: str, tokens: int) -> Line:
    """Start and prove each, with so many tokens to call that path; the bare Envoy comes first.

    Raises WrongAnswerError where one answers a good or a bad token wrongly, and
    MissingBinaryError where Envoy, the baseline of all, cannot be had.
    """
    keys = [SigningKey.generate(algorithm) for algorithm in ALGORITHMS]
    signed = {key.algorithm: [key.sign() for _ in range(tokens)] for key in keys}
    line = Line()
    _start(line, ENVOY, servers, keys, signed, upstream, path)
    for proxy in OTHERS:
        try:
            _start(line, proxy, servers, keys, signed, upstream, path)
        except (binaries.MissingBinaryError, processes.ServerStartError) as error:
            line.absent[proxy.name] = " ".join(str(error).split())
            report.say(f"  without {proxy.name}: {line.absent[proxy.name]}")
    return line


def _start(
    line: Line,
    proxy: Proxy,
    servers: processes.Servers,
    keys: Sequence[SigningKey],
    signed: Mapping[str, Sequence[str]],
    upstream: int,
    path: str,
) -> None:
    """Nothing of a proxy is added unless all of it stands."""
    version, made = proxy.find().version, []
    if proxy.start_bare is not None:
        port, process_id = proxy.start_bare(servers, upstream)
        # The bare ones are sent the same requests, and pass the token on unread.
        made.append(_stand(f"{proxy.name}, bare", port, process_id, keys[0], signed, False))
        _expect(proxy, made[-1], path, "good token", signed[keys[0].algorithm][0], (200,))
    if proxy.start_verifying is not None:
        for key in [one for one in keys if one.algorithm in proxy.algorithms]:
            port, process_id = proxy.start_verifying(servers, key, upstream)
            name = f"{proxy.name}, {proxy.way} {key.algorithm} + scope"
            made.append(_stand(name, port, process_id, key, signed, True))
            _prove(proxy, made[-1], path, key)
    line.standing += made
    line.versions[proxy.name.lower()] = version


def _stand(
    name: str,
    port: int,
    process_id: int,
    key: SigningKey,
    signed: Mapping[str, Sequence[str]],
    secured: bool,
) -> Standing:
    return Standing(
        name=name,
        url=f"http://127.0.0.1:{port}",
        # nginx and httpd work in processes below the one that was started.
        process_ids=processes.descendants(process_id),
        algorithm=key.algorithm,
        tokens=signed[key.algorithm],
        secured=secured,
    )


def _prove(proxy: Proxy, standing: Standing, path: str, key: SigningKey) -> None:
    for trial in trials(key):
        alike = trial.status in REFUSALS and not proxy.tells_refusals_apart
        wanted = REFUSALS if alike else (trial.status,)
        _expect(proxy, standing, path, trial.name, trial.token, wanted)


def _expect(
    proxy: Proxy,
    standing: Standing,
    path: str,
    trial: str,
    token: str | None,
    wanted: Sequence[int],
) -> None:
    status = seeding.call(standing.url, "GET", path, token)
    if status not in wanted:
        one_of = " or ".join(str(one) for one in wanted)
        raise seeding.WrongAnswerError(f"{standing.name}, {trial}: {status}, not {one_of}")
