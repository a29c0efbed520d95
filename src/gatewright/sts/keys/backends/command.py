"""Private keys behind a program of the operator's: it makes them and signs, line by line.

    create <algorithm> <kid>                 →  ok <reference> <public JWK>
    sign <algorithm> <reference> <input>     →  ok <signature>
                                             →  error <words>

Reference, JWK, input and signature are base64url; a signature has the form of RFC 7518 §3. One
program runs in each process, is asked one thing at a time, and is started again when it has ended.
"""

import json
import os
import select
import shlex
import subprocess
import threading
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import timedelta

import orjson

from gatewright.crypto import jwk
from gatewright.crypto.jose import verification_key
from gatewright.crypto.signing import RawSigner
from gatewright.domain.errors import Invalid, Unavailable
from gatewright.domain.token import SigningKey
from gatewright.domain.world import EPOCH, World
from gatewright.sts.keys.backend import Backend, Made
from gatewright.sts.keys.backends.surroundings import Surroundings

NAME = "command"
ANSWER_SECONDS_MAX = 5.0
ANSWER_BYTES_MAX = 65_536
RESTART_PAUSE = timedelta(seconds=1)
"""A program that keeps ending is started at most this often."""

_PUBLIC_MEMBERS = frozenset({"kty", "crv", "x", "y", "n", "e"})
_KINDS = {jwk.ES256: "EC", jwk.RS256: "RSA", jwk.PS256: "RSA", jwk.EDDSA: "OKP"}
_WAY_OUT = "See what GATEWRIGHT_SIGNER_COMMAND says when you run it by hand."


class Command:
    """The program and the talk with it."""

    def __init__(
        self, command: str, world: World, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command, self._world, self._environment = command, world, environment
        self._turn = threading.Lock()
        self._program: subprocess.Popen[bytes] | None = None
        self._started_at = EPOCH

    def create(self, algorithm: str, kid: str) -> Made:
        """A new key pair in the program. Raises Unavailable when it is away or answers nonsense."""
        answer = self._ask("create", algorithm, kid)
        try:
            reference, public = (_bytes(word) for word in answer)
            return Made(_public_jwk(json.loads(public), algorithm, kid), reference)
        except (ValueError, KeyError, TypeError):
            raise _unavailable("answered with no key.") from None

    def open(self, row: SigningKey) -> RawSigner:
        """What asks the program for each signature; it raises Unavailable when that is away."""
        reference = jwk.base64url(row.sealed_private_key)

        def raw(signed: bytes) -> bytes:
            answer = self._ask("sign", row.algorithm, reference, jwk.base64url(signed))
            try:
                (signature,) = (_bytes(word) for word in answer)
            except ValueError:
                raise _unavailable("answered with no signature.") from None
            return signature

        return raw

    def close(self) -> None:
        """End the program."""
        with self._turn:
            self._end()

    def _ask(self, *words: str) -> list[str]:
        """The words after `ok`. A program found dead is started again, once for each question."""
        line = " ".join(words).encode() + b"\n"
        with self._turn:
            for last in (False, True):
                fresh = self._program is None
                try:
                    answer = self._talk(line)
                except (OSError, EOFError):
                    self._end()
                    if fresh or last:
                        raise _unavailable("has ended.") from None
                    continue
                break
        outcome, *rest = answer.decode("ascii", "replace").split()[:4] or ["nothing"]
        if outcome != "ok":
            raise _unavailable("refused.")
        return rest

    def _talk(self, line: bytes) -> bytes:
        program = self._running()
        if program.stdin is None or program.stdout is None:
            raise EOFError
        program.stdin.write(line)
        program.stdin.flush()
        answer = b""
        deadline = self._world.now() + timedelta(seconds=ANSWER_SECONDS_MAX)
        while not answer.endswith(b"\n"):
            left = (deadline - self._world.now()).total_seconds()
            readable, _, _ = select.select([program.stdout], [], [], max(0.0, left))
            if not readable or len(answer) > ANSWER_BYTES_MAX:
                self._end()  # what it says later belongs to no question
                raise _unavailable(f"gave no answer within {ANSWER_SECONDS_MAX:.0f} seconds.")
            part = os.read(program.stdout.fileno(), ANSWER_BYTES_MAX)
            if not part:
                raise EOFError
            answer += part
        return answer

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._program is None:
            now = self._world.now()
            if now - self._started_at < RESTART_PAUSE:
                raise _unavailable("keeps ending.")
            self._started_at = now
            self._program = subprocess.Popen(  # noqa: S603 - the operator's own command
                shlex.split(self._command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                env=None if self._environment is None else dict(self._environment),
            )
        return self._program

    def _end(self) -> None:
        program, self._program = self._program, None
        if program is not None:
            program.kill()
            program.wait()
            for stream in (program.stdin, program.stdout):
                if stream is not None:
                    stream.close()


def make(around: Surroundings) -> Backend | None:
    """Only where a command is set."""
    command = around.signer_command
    return Command(command, around.world, around.environment) if command else None


def _public_jwk(members: dict[str, str], algorithm: str, kid: str) -> str:
    """Only the public members of what the program gave, under our own names for them."""
    if members["kty"] != _KINDS.get(algorithm):
        raise Invalid(f"{algorithm[:40]!r} is no signing algorithm.", "algorithm")
    public = {name: value for name, value in members.items() if name in _PUBLIC_MEMBERS}
    named = {"kid": kid, "use": "sig", "alg": algorithm} | public
    text = orjson.dumps(named, option=orjson.OPT_SORT_KEYS).decode()
    verification_key(text)
    return text


def _bytes(word: str) -> bytes:
    return urlsafe_b64decode(word + "=" * (-len(word) % 4))


def _unavailable(what: str) -> Unavailable:
    return Unavailable(f"the program that signs {what}", "GATEWRIGHT_SIGNER_COMMAND", _WAY_OUT)
