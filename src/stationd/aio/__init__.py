"""The client for asynchronous programs, on asyncio, uvloop and trio."""

from stationd.aio import jobs
from stationd.client.connection.endpoint import connect

__all__ = ["connect", "jobs"]
