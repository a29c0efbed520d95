"""The STS over HTTP: raw ASGI around the token service's functions."""
