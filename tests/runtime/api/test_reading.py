"""Who may read which job: all roles, all owners, both settings; and every request is decided on."""

from itertools import product
from typing import get_args

import pytest

from stationd.proto.job import JobFilter
from stationd.proto.jobs_protocol import Cancel, Fetch, List, Ping, Request
from stationd.proto.queue_requests import Move
from stationd.runtime.api.people import Person, Role
from stationd.runtime.api.reading import (
    NAMING,
    SIFTED,
    SILENT,
    Readers,
    may_read,
    named_by,
    whose,
)
from tests.runtime.bench import job_id

ROLES: tuple[Role, ...] = get_args(Role)
READERS: tuple[Readers, ...] = get_args(Readers)
MAKERS = ("ada", "eve", "")
"""Of jobs; the last one stands for somebody whom nothing tells."""


@pytest.mark.parametrize(("role", "readers", "maker"), list(product(ROLES, READERS, MAKERS)))
@pytest.mark.parametrize("name", ["ada", ""])
def test_a_job_is_read_by_its_maker_by_those_who_run_the_station_or_by_everyone(
    role: Role, readers: Readers, maker: str, name: str
) -> None:
    decided = may_read(maker, whose(Person(name, role), readers))
    assert decided is (readers == "everyone" or role in {"operator", "admin"} or maker == name)


def test_every_request_of_the_protocol_is_decided_on_once() -> None:
    assert NAMING.keys() | SIFTED | SILENT == set(get_args(Request))
    assert len(NAMING) + len(SIFTED) + len(SILENT) == len(get_args(Request))


def test_every_request_that_has_a_field_for_a_job_names_it() -> None:
    having = {kind for kind in get_args(Request) if "job" in kind.__struct_fields__}
    submitting = {kind for kind in having if kind.__name__ == "Submit"}
    assert having - submitting <= NAMING.keys()


def test_a_request_names_all_the_jobs_that_it_is_about() -> None:
    assert named_by(Cancel(1, job_id(1))) == (job_id(1),)
    assert named_by(Move(1, job_id(1), job_id(2))) == (job_id(1), job_id(2))
    assert named_by(Fetch(1, f"{job_id(3)}/1/0")) == (job_id(3),)
    assert named_by(Fetch(1, f"{job_id(3)}/1/0@7-1")) == (job_id(3),)
    assert named_by(Ping(1, "")) == ()


def test_what_nobody_has_decided_on_is_not_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stationd.runtime.api.reading.SIFTED", SIFTED - {List})
    with pytest.raises(KeyError):
        named_by(List(1, JobFilter()))
