"""A signer for tests: holds keys in its memory and speaks the lines of the `command` backend.

`die-after N` ends it after N answers; `slow` answers nothing; `nonsense` answers with a poem.
Its keys outlive it in the folder that the first argument names.
"""

import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path

from gatewright.crypto import jwk
from gatewright.crypto.signing import raw_signer


def encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(word: str) -> bytes:
    return urlsafe_b64decode(word + "=" * (-len(word) % 4))


def answer(folder: Path, words: list[str]) -> str:
    if words[0] == "create":
        _, algorithm, kid = words
        key = jwk.generate(algorithm)
        (folder / f"{kid}.der").write_bytes(jwk.to_der(key))
        public = jwk.public_jwk(key, algorithm, kid).encode()
        return f"ok {encode(kid.encode())} {encode(public)}"
    _, algorithm, reference, signed = words
    key = jwk.from_der((folder / f"{decode(reference).decode()}.der").read_bytes())
    return f"ok {encode(raw_signer(key, algorithm)(decode(signed)))}"


def main(folder: Path, mode: str, left: int) -> None:
    (folder / "starts").open("a").write("x")
    for line in sys.stdin:
        if mode == "slow":
            continue
        if mode == "nonsense":
            sys.stdout.write("the rain it raineth every day\n")
        else:
            try:
                sys.stdout.write(answer(folder, line.split()) + "\n")
            except Exception:  # noqa: BLE001
                sys.stdout.write("error no such key\n")
        sys.stdout.flush()
        left -= 1
        if mode == "die-after" and left <= 0:
            return


if __name__ == "__main__":
    name = sys.argv[2] if len(sys.argv) > 2 else "steady"
    main(Path(sys.argv[1]), name, int(sys.argv[3]) if len(sys.argv) > 3 else 0)
