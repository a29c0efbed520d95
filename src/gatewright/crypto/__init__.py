"""Secrets, sealing, signatures and certificates, over `cryptography` and `joserfc`."""
