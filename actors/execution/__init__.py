"""The daemon's side of a ticket: its controllers, from Arm to the last one at rest; pure."""
