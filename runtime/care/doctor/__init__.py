"""What is wrong with a station and the machine that it is on, and what to do about it."""
