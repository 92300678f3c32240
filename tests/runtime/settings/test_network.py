"""What is wrong with a configuration that opens a station to a network."""

from typing import Any

import pytest

from stationd.proto.curve import new_pair
from stationd.runtime.settings import SettingsError, parse
from stationd.runtime.settings.network import lonely_endpoints, without_operator

KEY = new_pair().public
NULL = {"driver": "null"}

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no key": ({"users": {"ada": {"keys": ["abc"]}}}, r"users\.ada\.keys: 'abc' is no public key"),
    "no key of a controller": (
        {"controllers": {"qpu": {**NULL, "keys": ["abc"]}}},
        r"controllers\.qpu\.keys: 'abc' is no public key",
    ),
    "no key of the station": (
        {"security": {"station_key": "abc"}},
        r"security\.station_key: 'abc' is no public key",
    ),
    "one key of two users": (
        {"users": {"ada": {"keys": [KEY]}, "eve": {"keys": [KEY]}}},
        r"users\.eve\.keys: .* is at users\.ada\.keys too",
    ),
    "a key of a user and a controller": (
        {"users": {"ada": {"keys": [KEY]}}, "controllers": {"qpu": {**NULL, "keys": [KEY]}}},
        r"controllers\.qpu\.keys: .* is at users\.ada\.keys too",
    ),
    "a key for everybody": (
        {"users": {"*": {"keys": [KEY]}}},
        r'users\."\*"\.keys: .* without a key of their own',
    ),
    "no port": ({"api": {"endpoints": ["tcp://10.0.0.5"]}}, r"nor tcp://ADDRESS:PORT"),
    "a high port": ({"instruments": {"listen": ["tcp://*:65536"]}}, r"nor tcp://ADDRESS:PORT"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_with_what_to_do(case: str) -> None:
    data, reason = WRONG[case]
    with pytest.raises(SettingsError, match=reason):
        parse(data, "x")


@pytest.mark.parametrize(
    "endpoint", ["tcp://10.0.0.5:7000", "tcp://*:*", "tcp://[fe80::1%eth0]:1", "tcp://eth1:65535"]
)
def test_a_station_may_listen_at_any_interface_if_somebody_has_a_key(endpoint: str) -> None:
    data = {"api": {"endpoints": [endpoint]}, "users": {"ada": {"keys": [KEY]}}}
    assert parse(data, "x").api_endpoints == (endpoint,)


def test_an_endpoint_where_nobody_has_a_key_is_told_and_no_mistake() -> None:
    data = {
        "api": {"endpoints": ["tcp://10.0.0.5:7000"]},
        "instruments": {"listen": ["tcp://*:7001"]},
        "controllers": {"qpu": NULL},
    }
    for_users, for_controllers = lonely_endpoints(parse(data, "x"))
    assert "no user has one: make it with `stationd keygen NAME`" in for_users
    assert "`stationd keygen NAME --for controller`" in for_controllers
    with_keys = {"users": {"ada": {"keys": [KEY]}}, "instruments": {}}
    assert lonely_endpoints(parse({**data, **with_keys}, "x")) == []


@pytest.mark.parametrize(
    ("users", "told"),
    [
        ({}, 0),
        ({"ada": {"role": "submitter"}, "*": {"role": "observer"}}, 1),
        ({"ada": {"role": "submitter"}, "root": {"role": "operator"}}, 0),
        ({"*": {"role": "admin"}}, 0),
    ],
)
def test_a_station_that_nobody_may_look_after_is_told(users: dict[str, object], told: int) -> None:
    assert len(without_operator(parse({"users": users}, "the.toml"))) == told
