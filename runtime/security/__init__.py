"""Who may connect, and whom the station takes them for."""
