"""Pictures of results and of jobs: ``from stationd import plot``; needs ``stationd[plot]``."""

from stationd.client.pictures.plot import heat_map, histogram, sweep, timelines

__all__ = ["heat_map", "histogram", "sweep", "timelines"]
