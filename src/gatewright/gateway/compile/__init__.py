"""From the IR to Envoy's resources, as JSON dictionaries; pure."""
