"""The status page: how the station is now, on one page for people, for reading alone."""
