"""What clients reach: requests checked, answered, and let in."""
