"""What preparing an installation leaves behind for the rest of the start."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatewright.crypto.secrets import SecretText


@dataclass(frozen=True)
class Prepared:
    """`sign_in_code` is there at the first start only; `counts` of apis and applications."""

    sign_in_code: SecretText | None
    sample: bool
    counts: Mapping[str, int]
