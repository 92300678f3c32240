"""The questions that the reader answers: one class each, which knows its own SQL."""
