"""Results: fetched, as arrays, and as files."""
