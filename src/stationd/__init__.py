"""stationd: the daemon that runs jobs on a quantum computer's control host."""

__all__ = ["__version__"]

__version__: str


def __getattr__(name: str) -> object:
    """Look the version up when it is asked for: reading metadata costs more than all else here."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  (the point of this function)

        globals()[name] = found = version("stationd")
        return found
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
