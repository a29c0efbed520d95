"""What preparing an installation leaves behind for the rest of the start."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatewright.crypto.secrets import SecretText


@dataclass(frozen=True)
class Prepared:
    """`sign_in_code` is there at the first start only; `counts` of apis and applications.
    `domains_key` opens the private keys of domains."""

    sign_in_code: SecretText | None
    sample: bool
    counts: Mapping[str, int]
    domains_key: bytes = field(default=b"", repr=False)
