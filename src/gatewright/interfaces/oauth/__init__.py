"""The STS over HTTP: WSGI around the token service's functions, served by granian."""
