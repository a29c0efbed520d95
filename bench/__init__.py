"""The benchmarks: Gatewright measured beside its peers on the same machine in the same run."""
