"""How older formats of the journal become newer ones; Alembic reads what is in `versions`."""
