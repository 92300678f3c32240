"""Pictures of results and of jobs: ``from stationd import plot``; needs ``stationd[plot]``."""

from stationd.client.plot import histogram, sweep, timelines

__all__ = ["histogram", "sweep", "timelines"]
