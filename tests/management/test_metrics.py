"""The numbers over the management API: who reads them, and whose clients they name."""

import pytest
from tests.management.installation import api, refused

from gatewright.observability.counters import Counter, Histogram
from gatewright.observability.metrics import CONTENT_TYPE, Totals

ISSUER = "http://127.0.0.1:8001/sts/{}/production"


@pytest.fixture
def numbers(installed):
    tokens = Counter("sts_tokens_issued_total", "issuer", "client", "grant")
    for handle in ("default", "other", "default2"):
        tokens.add(ISSUER.format(handle), f"client-of-{handle}", "client_credentials", by=3)
    requests = Counter("sts_requests_total", "endpoint", "outcome")
    requests.add("token", "ok", by=9)
    totals = Totals()
    for counter in (tokens, requests):
        totals.count(counter)
    totals.observe(Histogram("sts_request_seconds", (0.1,)))
    object.__setattr__(installed.deps, "metrics", lambda: totals)


@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_numbers_are_prometheus_text(installed, numbers, role):
    answer = installed.client(role).get(api("/metrics"))
    assert answer.status_code == 200 and answer.headers["content-type"] == CONTENT_TYPE
    assert 'gatewright_sts_requests_total{endpoint="token",outcome="ok"} 9\n' in answer.text
    assert 'client="client-of-default",grant="client_credentials"} 3\n' in answer.text
    assert 'gatewright_sts_request_seconds_bucket{le="+Inf"} 0\n' in answer.text


def test_clients_of_others_are_not_named(installed, numbers):
    text = installed.client("admin").get(api("/metrics")).text
    assert "client-of-other" not in text and "client-of-default2" not in text


@pytest.mark.parametrize("role", ["publisher", "developer", "consumer"])
def test_others_may_not(installed, numbers, role):
    refused(installed.client(role).get(api("/metrics")), 403, "denied")


def test_a_stranger_may_not(installed, numbers):
    refused(installed.client().get(api("/metrics")), 401)
