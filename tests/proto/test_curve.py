"""Keys: what one is, and with which ZeroMQ."""

import pytest
import zmq

from stationd.proto.curve import check_libzmq, is_key, new_pair, pair_of
from stationd.proto.error import HostError


def test_a_secret_key_tells_the_public_one_and_is_not_shown() -> None:
    pair = new_pair()
    assert pair_of(pair.secret) == pair
    assert is_key(pair.public)
    assert pair.secret not in repr(pair)


@pytest.mark.parametrize("text", ["", "k" * 39, "k" * 41, "k" * 39 + "é", "k" * 39 + "'", "#" * 40])
def test_what_is_no_key_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError, match="40 characters of Z85"):
        pair_of(text)


def test_the_zeromq_that_is_installed_may_face_a_network() -> None:
    check_libzmq(zmq.zmq_version_info(), curve=zmq.has("curve"))


def test_an_old_zeromq_and_one_without_curve_may_not() -> None:
    with pytest.raises(HostError, match=r"libzmq 4\.3\.3 has known holes, 4\.3\.4 is the oldest"):
        check_libzmq((4, 3, 3), curve=True)
    with pytest.raises(HostError, match="without CURVE"):
        check_libzmq((4, 3, 4), curve=False)
