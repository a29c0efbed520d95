"""Settings come from the environment; a wrong one is named, and its value is not repeated."""

import pytest

from gatewright.domain.errors import Invalid
from gatewright.main.up import read_settings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GATEWRIGHT_STS_PORT", "http"),
        ("GATEWRIGHT_STS_PORT", "0"),
        ("GATEWRIGHT_STS_WORKERS", "1000"),
        ("GATEWRIGHT_FETCH_PRIVATE_ADDRESSES", "perhaps"),
    ],
)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Invalid) as refused:
        read_settings()
    assert refused.value.field == variable
    assert "unset it" in str(refused.value)


def test_a_variable_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWRIGHT_CONTROL_PORT", "9000")
    settings = read_settings()
    assert (settings.control_port, settings.sts_port) == (9000, 8001)
