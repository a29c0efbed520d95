"""The STS and the gateway agree on every token of a large set that is generated."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from tests.agreement import claims, forms
from tests.agreement.crowd import Crowd, again, brief, end, gather
from tests.agreement.judges import (
    Verdict,
    addressed,
    introspect,
    judge,
    strictly_valid,
    truly_signed,
    twin,
)
from tests.agreement.signing import Token
from tests.agreement.site import Site
from tests.journeys.conftest import start, upstream

pytestmark = pytest.mark.real
SEED = int(os.environ.get("AGREEMENT_SEED", "20261124"))
OF_EACH = int(os.environ.get("AGREEMENT_OF_EACH", "8"))
ROWS = (*claims.ROWS, *forms.ROWS)


def main():
    pass
