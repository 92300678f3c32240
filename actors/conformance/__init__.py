"""What a driver is put through before it is trusted with an instrument."""
