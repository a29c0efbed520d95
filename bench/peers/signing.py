"""The raw signing rate: `cryptography` signing a token's bytes in a loop, and nothing else.

No token endpoint in Python can be faster than this on one core. Run as a program, it measures
itself and prints one line of JSON, so that it has a process and a core of its own.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from bench import processes, rounds
from bench.credentials import SigningKey

_BATCH = 50


def case(algorithm: str) -> rounds.Case:
    """The signing rate of one algorithm, as a case beside the token endpoints."""

    def take(seconds: int) -> rounds.Sample:
        command = ["taskset", "-c", str(processes.SERVER_CORE), sys.executable, "-m",
                   "bench.peers.signing", algorithm, str(seconds)]  # fmt: skip
        done = subprocess.run(
            command, cwd=processes.ROOT, capture_output=True, text=True, check=True
        )
        seen = json.loads(done.stdout)
        return rounds.Sample(
            rate=seen["signatures"] / seen["seconds"],
            cpu_microseconds=seen["cpu_seconds"] / seen["signatures"] * 1e6,
            cpu_share=seen["cpu_seconds"] / seen["seconds"],
        )

    return rounds.Case(f"raw signing {algorithm}", take)


def _signer(algorithm: str) -> Callable[[bytes], bytes]:
    private = SigningKey.generate(algorithm).pair.private_key
    if isinstance(private, rsa.RSAPrivateKey):
        rsa_padding, sha256 = padding.PKCS1v15(), hashes.SHA256()
        return lambda message: private.sign(message, rsa_padding, sha256)
    assert isinstance(private, ec.EllipticCurvePrivateKey)  # the only other kind we generate
    ecdsa = ec.ECDSA(hashes.SHA256())
    return lambda message: private.sign(message, ecdsa)


def main(algorithm: str, seconds: float) -> None:
    sign = _signer(algorithm)
    # As long as the signing input of one of our tokens.
    message = b"x" * 480
    count, started, cpu_started = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - started < seconds:
        for _ in range(_BATCH):
            sign(message)
        count += _BATCH
    seen = {
        "signatures": count,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu_started,
    }
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
