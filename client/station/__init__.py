"""What a station says of itself, its controllers and its calibration sets."""
