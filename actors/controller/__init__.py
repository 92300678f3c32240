"""The controller: its loop, its threads, and what it needs of its host."""
