"""Waiting for jobs and listening to them."""
