"""The tickets that a controller holds, and the table of what becomes of each; pure."""
