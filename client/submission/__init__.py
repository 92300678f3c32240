"""New jobs: from the arguments of a call to a job that the station has stored."""
