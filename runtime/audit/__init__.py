"""Who has changed what at the station, and who was refused."""
