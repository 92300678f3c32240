"""What commands draw: pure, from what was seen to what is shown."""
