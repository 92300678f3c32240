"""Guards: readouts that must be within limits, lest nothing begins."""
