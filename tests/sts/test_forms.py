"""Forms that are kept: equal to what is parsed anew, bounded, and never holding a secret."""

import pytest

from gatewright.sts import request
from gatewright.sts.request import Forms, Request, parse

GRANT = b"grant_type=client_credentials"


@pytest.mark.parametrize("body", [
    pytest.param(GRANT, id="grant"),
    pytest.param(GRANT + b"&scope=a+b%20c", id="scope"),
    pytest.param(GRANT + b"&resource=https://a&resource=https://b", id="resources"),
    pytest.param(b"", id="nothing"),
])  # fmt: skip
def test_a_kept_form_is_the_same(body) -> None:
    forms, asked = Forms(), Request(body)
    assert forms.parse(asked) == forms.parse(asked) == parse(asked)


def test_what_differs_is_parsed_anew() -> None:
    forms = Forms()
    forms.parse(Request(GRANT))
    with pytest.raises(request.InvalidRequest):
        forms.parse(Request(GRANT, b"application/json"))
    with pytest.raises(request.InvalidRequest):
        forms.parse(Request(GRANT, query=b"scope=a"))
    assert forms.parse(Request(GRANT + b"&scope=x")).get("scope") == "x"


@pytest.mark.parametrize("body", [
    pytest.param(GRANT + b"&client_id=a&client_secret=hush", id="secret"),
    pytest.param(GRANT + b"&client_assertion=hush", id="assertion"),
    pytest.param(b"token=hush", id="token"),
    pytest.param(GRANT + b"&password=hush", id="unknown parameter"),
    pytest.param(GRANT + b"&scope=a&password=hush&scop=", id="unknown parameters"),
    pytest.param(GRANT + b"&audience=hush", id="audience"),
    pytest.param(GRANT + b"&scope=" + b"x" * 1024 + b"hush", id="long"),
])  # fmt: skip
def test_no_secret_is_kept(body) -> None:
    forms = Forms()
    forms.parse(Request(body))
    assert not forms._known


def test_what_a_kept_form_takes_is_bounded() -> None:
    forms, padded = Forms(), request._FORM_BYTES + b" ;" + b" " * 30_000 + b"charset=utf-8"
    assert forms.parse(Request(GRANT, padded)) == parse(Request(GRANT))
    assert not forms._known


def test_the_number_of_kept_forms_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(request, "FORMS_KEPT_MAX", 10)
    forms = Forms()
    for number in range(50):
        forms.parse(Request(GRANT + b"&scope=s%d" % number))
        assert len(forms._known) <= 10
