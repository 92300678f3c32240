"""What runs the actors: daemon, journal, queue, buses, API, feed, metrics, settings, service."""
