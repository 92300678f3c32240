"""What is set on sockets: every wait and every queue has a bound."""

import shutil
import tempfile
from pathlib import Path

import pytest
import zmq

from stationd.proto.codec import MAX_FRAME_BYTES
from stationd.proto.curve import Credentials, new_pair
from stationd.proto.error import StationUnreachable
from stationd.proto.transport import Guard, configured, dial, listen, shared_context

STATION, ADA = new_pair(), new_pair()
EVERYWHERE = {
    zmq.LINGER: 0,
    zmq.MAXMSGSIZE: MAX_FRAME_BYTES,
    zmq.HANDSHAKE_IVL: 2_000,
    zmq.CONNECT_TIMEOUT: 5_000,
    zmq.BACKLOG: 1_024,
    zmq.IMMEDIATE: 0,
}
OVER_TCP = {
    zmq.SNDHWM: 10_000,
    zmq.RCVHWM: 10_000,
    zmq.HEARTBEAT_IVL: 1_000,
    zmq.HEARTBEAT_TIMEOUT: 3_000,
    zmq.HEARTBEAT_TTL: 3_000,
    zmq.TCP_MAXRT: 30_000,
}
ON_A_PATH = {zmq.SNDHWM: 100_000, zmq.RCVHWM: 100_000, zmq.HEARTBEAT_IVL: 0}


def options(socket: zmq.Socket[bytes], wanted: dict[zmq.SocketOption, int]) -> dict[object, object]:
    return {option: socket.getsockopt(option) for option in wanted}


def test_every_socket_over_a_network_is_bounded() -> None:
    guard = Guard(shared_context(), "jobs", STATION)
    with configured(zmq.ROUTER, shared_context()) as router:
        listen(router, "tcp://127.0.0.1:*", guard)
        assert options(router, EVERYWHERE) == EVERYWHERE
        assert options(router, OVER_TCP) == OVER_TCP
        assert router.getsockopt(zmq.MECHANISM) == zmq.CURVE
        assert router.getsockopt(zmq.CURVE_SERVER)
        assert router.getsockopt_string(zmq.ZAP_DOMAIN) == "jobs"
        assert router.getsockopt(zmq.ZAP_ENFORCE_DOMAIN)
        with configured(zmq.DEALER, shared_context()) as dealer:
            dial(dealer, "tcp://127.0.0.1:1", Credentials(STATION.public, ADA))
            assert options(dealer, EVERYWHERE) == EVERYWHERE
            assert options(dealer, OVER_TCP) == OVER_TCP
            assert dealer.getsockopt(zmq.MECHANISM) == zmq.CURVE


def test_what_holds_over_a_network_does_not_hold_on_a_path_of_the_same_socket() -> None:
    folder = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    guard = Guard(shared_context(), "jobs", STATION)
    with configured(zmq.ROUTER, shared_context()) as router:
        listen(router, "tcp://[::1]:*", guard)
        assert router.getsockopt(zmq.IPV6)
        listen(router, f"ipc://{folder}/s", guard)
        assert options(router, ON_A_PATH) == ON_A_PATH
        assert router.getsockopt(zmq.MECHANISM) == zmq.NULL
        assert not router.getsockopt(zmq.IPV6)
        assert router.getsockopt(zmq.ZAP_ENFORCE_DOMAIN)
    shutil.rmtree(folder)


def test_an_interface_that_is_not_there_is_told() -> None:
    with (
        configured(zmq.ROUTER, shared_context()) as router,
        pytest.raises(StationUnreachable, match="no interface of this host has that name"),
    ):
        listen(router, "tcp://nothere0:7000", None)
