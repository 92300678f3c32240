"""The connection to a station: where it leads, and what goes over it."""
