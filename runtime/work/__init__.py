"""The work between the rungs: stages, worker processes, what they leave."""
