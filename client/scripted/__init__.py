"""A station without a daemon, for tests of whatever talks to one."""
