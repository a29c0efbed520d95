"""The schema's history, one numbered file in `versions/` for each step, run by Alembic."""

NEWEST = 5
"""The schema this version reads and writes: the number of the last file in `versions/`."""
