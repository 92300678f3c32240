"""What becomes of jobs and targets, as people say: cancelled, retried, held, paused."""
