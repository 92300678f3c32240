"""A client that submits jobs: ``python -m benchmarks.submitter ENDPOINT COUNT``."""

from __future__ import annotations

import sys

import anyio
from benchmarks.load import submit

import stationd
from stationd.aio import jobs


async def main(endpoint: str, count: int) -> None:
    """Say ``ready``, wait for a line, submit, say ``done``."""
    stationd.connect(endpoint)
    await jobs.ping()
    print("ready", flush=True)
    await anyio.to_thread.run_sync(sys.stdin.readline)
    await submit(count)
    print("done", flush=True)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]), backend_options={"use_uvloop": True})
