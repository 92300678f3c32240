"""Projects: what jobs are grouped by, and which one is meant."""
