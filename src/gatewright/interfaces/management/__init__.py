"""The management REST API: it translates HTTP to control and back, and decides nothing."""
