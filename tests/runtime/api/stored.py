"""What the sender of a new job is told."""

import os
import pwd

from stationd.proto.jobs_protocol import Submitted
from tests.runtime.bench import NOW, job_id


def stored(request: int, number: int) -> Submitted:
    """Return the answer to a job that is new, of whoever runs the tests, while the clock stands."""
    me = pwd.getpwuid(os.getuid()).pw_name
    return Submitted(request, job_id(number), number, created=True, created_unix_s=NOW, creator=me)
