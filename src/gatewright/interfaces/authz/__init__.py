"""Envoy's external authorization (gRPC, v3): decides about tokens that are bound to a key."""
