"""Traces of jobs, for a collector of OpenTelemetry: what took how long, and where."""
