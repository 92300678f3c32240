"""What people write into files, and other programs: sweeps, calibration sets, circuits."""
