"""What the running parts tell: typed events, structured log lines, counters."""
