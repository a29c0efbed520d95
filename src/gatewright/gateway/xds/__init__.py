"""Envoy's discovery protocol: its messages, its type names and the delta state machine; pure."""
