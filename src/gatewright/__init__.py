"""Gatewright: API management with a built-in Secure Token Service, on Envoy."""

__version__ = "0.1.0"
