"""Whom the station takes a test for, and jobs of others."""

import os
import pwd

import msgspec

from stationd.proto.job import JobSpec
from stationd.runtime.api.people import Role
from tests.runtime.bench import Bench, null_spec

ME = pwd.getpwuid(os.getuid()).pw_name


def let_me_be(bench: Bench, role: Role) -> None:
    bench.api.parts.people.reload({ME: role, "max": "operator", "other": "submitter"})


def submitted_by(creator: str) -> JobSpec:
    return msgspec.structs.replace(null_spec(), creator=creator)
