"""The command `stationctl`: one file per group of commands."""
