"""What the daemon and its controllers say of themselves, where it goes, and a job's part of it."""
