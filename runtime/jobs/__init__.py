"""A job on its way: its events, effects, attempts and deadlines."""
