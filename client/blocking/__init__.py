"""The jobs API for scripts and notebooks: the twins of the asynchronous calls."""
