"""What the configuration says of how much each user may take."""

import pytest

from stationd.runtime.limits.bounds import Bounds, bounds_of
from stationd.runtime.settings import Settings, SettingsError, parse


def settings(text: dict[str, object]) -> Settings:
    return parse(text, "station.toml")


SAID = settings(
    {
        "limits": {"jobs": 100, "burst": 7, "roles": {"operator": {"jobs": 0, "streams": 5}}},
        "users": {
            "ada": {"role": "operator", "limits": {"jobs": 3}},
            "max": {"limits": {"result_gib": 1.5}},
        },
    }
)


@pytest.mark.parametrize(
    ("user", "role", "bounds"),
    [
        ("eva", "submitter", Bounds(jobs=100, burst=7)),
        ("bob", "operator", Bounds(jobs=0, burst=7, streams=5)),
        ("ada", "operator", Bounds(jobs=3, burst=7, streams=5)),
        ("max", "submitter", Bounds(jobs=100, burst=7, result_gib=1.5)),
    ],
)
def test_what_is_said_of_a_user_precedes_what_is_said_of_the_role_and_of_all(
    user: str, role: str, bounds: Bounds
) -> None:
    own = SAID.users[user].limits if user in SAID.users else None
    assert bounds_of(SAID.limits, role, own) == bounds


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ({"limits": {"jbos": 1}}, "limits.jbos: there is no such key; did you mean 'jobs'?"),
        ({"limits": {"jobs": -1}}, "limits.jobs"),
        ({"limits": {"burst": 0}}, "limits.burst"),
        (
            {"limits": {"roles": {"king": {}}}},
            "limits.roles.king: there is no such key; known are admin",
        ),
        ({"users": {"ada": {"limits": {"jobs": -1}}}}, "users.ada.limits.jobs"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_key(text: dict[str, object], key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(text)
    assert key in str(caught.value)
