"""What a controller calls to move hardware: one driver per file."""
