"""``python -m tests.simulation FIRST-LAST``: run seeds on both backends and report."""

import argparse
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulation.cuts import cut_at_every_sync
from tests.simulation.loops import BACKENDS, Backend
from tests.simulation.parts import Parts, named, parts_from
from tests.simulation.run import Result, simulate

Run = tuple[int, Backend, Parts | None, bool]
"""A seed, on which backend, with which parts, and whether messages are written down."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=seeds_of, help="FIRST-LAST, inclusive; or N for N fresh ones")
    parser.add_argument("--backend", choices=BACKENDS, action="append")
    parser.add_argument(
        "--parts", type=parts_from, help="joined with +, or base; else those that each seed has"
    )
    parser.add_argument("--verbose", action="store_true", help="print what happened")
    parser.add_argument("--seconds", type=float, help="stop after so many seconds")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    seeds: range = options.seeds
    print(f"from seed {seeds[0]} on", flush=True)
    whole = report_cuts(seeds[0])
    backends: tuple[Backend, ...] = tuple(options.backend or BACKENDS)
    verbose: bool = options.verbose
    parts: Parts | None = options.parts
    runs: list[Run] = [(seed, backend, parts, verbose) for seed in seeds for backend in backends]
    results = _results(runs, options.processes, options.seconds)
    return report(results, verbose=options.verbose) | (not whole)


def seeds_of(text: str) -> range:
    """Return the seeds that are meant.

    Raises:
        argparse.ArgumentTypeError: None are.
    """
    first, dash, last = text.partition("-")
    try:
        start = int(first) if dash else secrets.randbelow(10**9)
        seeds = range(start, int(last) + 1 if dash else start + int(first))
    except ValueError:
        seeds = range(0)
    if not seeds:
        raise argparse.ArgumentTypeError(f"{text!r} are no seeds: say FIRST-LAST, or how many")
    return seeds


def _results(runs: list[Run], processes: int, seconds: float | None) -> Iterable[Result]:
    end = None if seconds is None else time.monotonic() + seconds
    if processes <= 1:
        for run in runs:
            if end is None or time.monotonic() < end:
                yield _simulate(run)
        return
    with ProcessPoolExecutor(processes) as pool:
        for result in pool.map(_simulate, runs):
            yield result
            if end is not None and time.monotonic() > end:
                pool.shutdown(wait=False, cancel_futures=True)
                return


def _simulate(run: Run) -> Result:
    seed, backend, parts, detailed = run
    return simulate(seed, backend, parts, detailed=detailed)


def report_cuts(seed: int) -> bool:
    """Cut the real journal's files at every sync of a run, and return whether all was found."""
    with TemporaryDirectory() as directory:
        cuts, wrong = cut_at_every_sync(seed, Path(directory))
    print(f"{cuts} cuts of SQLite files, {len(wrong)} with violations", *wrong[:3], sep="\n    ")
    return not wrong


def report(results: Iterable[Result], *, verbose: bool) -> int:
    """Print what came of it; return how the process ends."""
    begun = time.monotonic()
    runs = lifecycles = broken = newest = 0
    faults: Counter[str] = Counter()
    for result in results:
        runs += 1
        newest = result.seed
        lifecycles += result.lifecycles
        faults += result.faults
        if verbose:
            print(*result.lines, sep="\n")
        if result.violations:
            broken += 1
            print(f"seed {result.seed} {result.backend} {named(result.parts)}", flush=True)
            for violation in result.violations[:3]:
                print("   ", violation[:2000], flush=True)
    seconds = time.monotonic() - begun
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(faults.items()))
    print(
        f"{runs} runs up to seed {newest}, {broken} with violations; {lifecycles} lifecycles in"
        f" {seconds:.1f} s, {lifecycles / seconds:.0f} per second; faults: {kinds or 'none'}"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
