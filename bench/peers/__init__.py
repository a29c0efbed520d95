"""The peers, one file each: how to set one up to do the same job, and how to start it."""
