"""Pictures of results and of jobs."""
