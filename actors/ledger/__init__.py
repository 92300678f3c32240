"""A controller's durable memory of its tickets."""
