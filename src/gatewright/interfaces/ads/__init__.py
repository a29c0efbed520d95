"""Serves a gateway's snapshot to Envoys over delta ADS (gRPC), and runs the gateway process."""
