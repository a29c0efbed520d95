"""What `gatewright doctor` looks at: the machine, and the services."""
