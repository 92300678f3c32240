"""For tests of what others write for stationd: is a driver what a controller relies on?"""

from stationd.actors.conformance.check_driver import check_driver
from stationd.actors.conformance.report import Finding, Report

__all__ = ["Finding", "Report", "check_driver"]
