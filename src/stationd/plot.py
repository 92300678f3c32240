"""Pictures of results and of jobs: ``from stationd import plot``; needs ``stationd[plot]``.

Every function draws on the axes that it is given, or on new ones, and returns them.
"""

from stationd.client.pictures.counts import histogram
from stationd.client.pictures.sweeps import heat_map, sweep
from stationd.client.pictures.timelines import timelines

__all__ = ["heat_map", "histogram", "sweep", "timelines"]
