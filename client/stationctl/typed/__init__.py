"""What people type: options, and the values that they take."""
