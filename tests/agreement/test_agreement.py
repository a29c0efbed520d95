"""The STS and the gateway agree on every token of a large set that is generated.

Whatever the gateway lets in, introspection calls active; what introspection calls active and is
for the API that is called, the gateway does not refuse with 401; and what both accept, a strict
reader of RFC 9068 accepts. There are two reasons to differ, and a token must have one of them:

* Envoy forgives 5 s of difference between clocks (`in_the_skew`).
* Envoy does not look at everything. Each row of the tables says what that is (`unread`), and then
  two things must hold: a published key of the issuer really signed the token, so that nobody else
  can make it, and the STS calls active what it would have written itself to say the same (`twin`).
  A row that says so without need is an error.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from tests.agreement import claims, forms
from tests.agreement.crowd import ALGORITHMS, QUALIFIED, Crowd, brief, end, gather
from tests.agreement.judges import (
    Verdict,
    addressed,
    in_the_skew,
    introspect,
    judge,
    strictly_valid,
    truly_signed,
    twin,
)
from tests.agreement.signing import Token
from tests.agreement.site import KINDS, NEEDED, Site
from tests.journeys.conftest import start, upstream

pytestmark = pytest.mark.real
__all__ = ["upstream"]
SEED = int(os.environ.get("AGREEMENT_SEED", "20261124"))
OF_EACH = int(os.environ.get("AGREEMENT_OF_EACH", "12"))
ROWS = (*claims.ROWS, *forms.ROWS)
THREADS = 4
BRIEF_SECONDS, SKEW_SECONDS = 4, 6
YOUNG_SECONDS = 11
"""As long as a decision service that has just started wants a nonce with each proof."""

Judged = list[tuple[Token, Verdict]]


@dataclass
class Court:
    """The set before and after some of it was ended, and what both sides said to each token."""

    site: Site
    crowd: Crowd
    first: Judged = field(default_factory=list)
    second: Judged = field(default_factory=list)
    used: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory, upstream: str) -> Iterator[Court]:
    installation = start(tmp_path_factory.mktemp("agreement") / "data", "--ephemeral")
    ready = time.time() + YOUNG_SECONDS
    try:
        site = Site(installation, upstream)
        try:
            crowd = gather(site)
            time.sleep(max(0.0, ready - time.time()))
            yield _session(Court(site, crowd))
        finally:
            site.close()
    finally:
        installation.stop()


def _session(court: Court) -> Court:
    crowd, rng = court.crowd, Random(SEED)
    print(f"AGREEMENT_SEED={SEED} AGREEMENT_OF_EACH={OF_EACH}")  # noqa: T201
    good_until = int(time.time()) + BRIEF_SECONDS
    soon = brief(crowd, good_until)
    court.first = _judge(court.site, [*soon, *crowd.living, *crowd.ended])
    end(crowd)
    mutants = [
        replace(row.make(base, crowd, rng), name=row.name, unread=row.unread)
        for row in ROWS
        for base in _bases(crowd, rng)
    ]
    court.second = _judge(court.site, [*crowd.living, *crowd.ended, *mutants])
    time.sleep(max(0.0, good_until + SKEW_SECONDS - time.time()))
    court.second += _judge(court.site, soon)
    return court


def _bases(crowd: Crowd, rng: Random) -> list[Token]:
    """Different ones of every algorithm and kind, most of which may call."""
    sorted_out: dict[tuple[str, str], list[Token]] = defaultdict(list)
    for token in crowd.living:
        sorted_out[token.key.algorithm, token.kind].append(token)
    groups = [sorted_out[algorithm, kind] for kind in KINDS for algorithm in ALGORITHMS]
    return [rng.choice(groups[number % len(groups)]) for number in range(OF_EACH)]


def _judge(site: Site, tokens: Sequence[Token]) -> Judged:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(zip(tokens, pool.map(lambda token: judge(site, token), tokens), strict=True))


def _none(wrong: Judged) -> None:
    """Fails with each reason once."""
    lines = {
        f"{token.name} [{token.kind}, {token.key.algorithm}]: gateway {verdict.any}"
        f" {verdict.scoped} {verdict.unproven}, introspection {verdict.told}"
        for token, verdict in wrong
    }
    assert not wrong, "\n".join(sorted(lines))


def test_the_set_is_large_and_of_both_sorts(court: Court) -> None:
    assert len(court.second) > len(ROWS) * OF_EACH
    both = [token for token, verdict in court.second if verdict.let_in and verdict.active]
    neither = [token for token, verdict in court.second if not verdict.let_in | verdict.active]
    assert {(token.kind, token.key.algorithm) for token in both} == {
        (kind, algorithm) for kind in KINDS for algorithm in ALGORITHMS
    }
    assert min(len(both), len(neither)) > len(court.second) // 8


def test_what_was_issued_is_good(court: Court) -> None:
    wrong = [
        (token, verdict) for token, verdict in court.first
        if not verdict.active
        or (verdict.any != (403 if "outsider" in token.name else 200)
        and not token.name.startswith("narrowed to another"))
    ]  # fmt: skip
    _none(wrong)


def test_what_was_ended_is_good_no_more(court: Court) -> None:
    names = {token.name for token in (*court.crowd.ended, *court.crowd.brief)}
    ended = [(token, verdict) for token, verdict in court.second if token.name in names]
    assert len(ended) == len(court.crowd.ended) + len(court.crowd.brief)
    _none([(token, verdict) for token, verdict in ended if verdict.any == 200])
    _none([(token, verdict) for token, verdict in ended if verdict.active])


def test_what_the_gateway_lets_in_is_active(court: Court) -> None:
    wrong = [
        (token, verdict) for token, verdict in (*court.first, *court.second)
        if verdict.let_in and not verdict.active and not _excused(court, token, verdict)
    ]  # fmt: skip
    _none(wrong)
    needless = {row.name for row in ROWS if row.unread} - court.used.keys()
    assert not needless, "\n".join(sorted(needless))


def _excused(court: Court, token: Token, verdict: Verdict) -> bool:
    if not token.unread and not in_the_skew(token, verdict):
        return False
    other = twin(token, verdict) if truly_signed(token) else None
    if other is None or not introspect(court.site, token.kind, other.text)["active"]:
        return False
    if token.unread:
        court.used[token.name] += 1
    return True


def test_what_is_active_is_not_refused_where_it_is_for(court: Court) -> None:
    """But for a token that is bound to a certificate, as none is shown here."""
    wrong = [
        (token, verdict) for token, verdict in (*court.first, *court.second)
        if verdict.active
        and addressed(court.site, token, verdict.told)
        and verdict.any not in (200, 403)
        and "x5t#S256" not in verdict.told.get("cnf", {})
    ]  # fmt: skip
    _none(wrong)


def test_what_both_accept_is_an_access_token_by_the_letter(court: Court) -> None:
    published = court.site.published()
    wrong = [
        (token, verdict) for token, verdict in court.second
        if verdict.let_in and verdict.active
        and not strictly_valid(court.site, token, published, verdict.times[0])
    ]  # fmt: skip
    _none(wrong)


def test_scopes_are_the_same_on_both_sides(court: Court) -> None:
    """The gateway lets in where a scope is needed exactly who has it by introspection."""
    wrong: Judged = []
    for token, verdict in (*court.first, *court.second):
        said = (verdict.told if verdict.active else token.claims or {}).get("scope")
        has = isinstance(said, str) and bool({NEEDED, QUALIFIED} & set(said.split(" ")))
        if (verdict.scoped == 200) != (has and verdict.let_in):
            wrong.append((token, verdict))
    _none(wrong)


def test_a_bound_token_is_never_a_bearer_token(court: Court) -> None:
    wrong = [
        (token, verdict) for token, verdict in (*court.first, *court.second)
        if verdict.unproven == 200 and token.unread != claims.BOUND
    ]  # fmt: skip
    _none(wrong)


def test_nothing_breaks_either_side(court: Court) -> None:
    wrong = [
        (token, verdict) for token, verdict in (*court.first, *court.second)
        if max(verdict.any, verdict.scoped, verdict.told.get("status", 0)) >= 500
    ]  # fmt: skip
    _none(wrong)
