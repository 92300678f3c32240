"""What an operator does for a station: copies of it, checks of it, and what ran when."""
