"""The daemon as a service: the watchdog that it feeds, and reloads while it runs."""
