"""`python -m tests.attacks SESSIONS`: the fuzz campaign."""

import argparse
import secrets
import sys

from tests.attacks.campaign import run


def main() -> int:
    """Run a campaign; return 1 if it has found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("sessions", type=int, nargs="?", default=10**9, help="at most")
    parser.add_argument("--seconds", type=float, default=3600.0, help="about how long at most")
    parser.add_argument("--seed", type=int, help="decides what is sent; a fresh one if not given")
    given = parser.parse_args()
    seed = secrets.randbelow(10**9) if given.seed is None else given.seed
    tally = run(seed, given.sessions, given.seconds)
    sys.stdout.write("\n".join([*tally.finds, tally.text]) + "\n")
    return 1 if tally.finds else 0


if __name__ == "__main__":
    sys.exit(main())
