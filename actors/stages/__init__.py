"""The work between two rungs: one stage per file."""
