"""Where a socket can be bound or connected, and what is said where it cannot."""

import os
import socket as plain_socket
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
import zmq

from stationd.proto.error import StationUnreachable
from stationd.proto.socket import Socket, bind, connect
from stationd.proto.transport import LONGEST_IPC_PATH
from tests.proto.sockets import exchange, introduce

pytestmark = pytest.mark.anyio


async def test_a_port_is_bound_once() -> None:
    with bind(zmq.ROUTER, "tcp://127.0.0.1:0") as first:
        assert not first.endpoint.endswith(":0")
        with pytest.raises(StationUnreachable, match=f"{first.endpoint}: another process listens"):
            bind(zmq.ROUTER, first.endpoint)


async def test_a_path_is_not_taken_from_whoever_listens_there(folder: Path) -> None:
    endpoint = f"ipc://{folder}/a.sock"
    with bind(zmq.ROUTER, endpoint) as first, anyio.fail_after(60):
        with pytest.raises(StationUnreachable, match=rf"{endpoint}: another process listens"):
            bind(zmq.ROUTER, endpoint)
        with connect(zmq.DEALER, endpoint) as dealer:
            await introduce(first, dealer)


async def test_what_a_dead_process_left_is_taken_over(folder: Path) -> None:
    endpoint = f"ipc://{folder}/a.sock"
    with plain_socket.socket(plain_socket.AF_UNIX) as dead:
        dead.bind(f"{folder}/a.sock")
    with anyio.fail_after(60):
        await exchange(endpoint)


async def test_a_path_is_free_again_after_closing(folder: Path) -> None:
    endpoint = f"ipc://{folder}/a.sock"
    bind(zmq.ROUTER, endpoint).close()
    with anyio.fail_after(60):
        while True:
            try:
                bind(zmq.ROUTER, endpoint).close()
                break
            except StationUnreachable:  # ZeroMQ closes in the background
                await anyio.lowlevel.checkpoint()


async def test_a_file_that_is_no_socket_is_not_overwritten(folder: Path) -> None:
    (folder / "notes").write_text("precious")
    with pytest.raises(StationUnreachable, match="notes is not a socket: move it away"):
        bind(zmq.ROUTER, f"ipc://{folder}/notes")
    assert (folder / "notes").read_text() == "precious"


async def test_a_missing_folder_is_named(folder: Path) -> None:
    with pytest.raises(StationUnreachable, match=f"the folder {folder}/no does not exist: create"):
        bind(zmq.ROUTER, f"ipc://{folder}/no/a.sock")


@pytest.mark.parametrize("opener", [bind, connect])
async def test_a_path_that_does_not_fit_is_refused_with_its_length(
    opener: Callable[[int, str], Socket], folder: Path
) -> None:
    longest = f"ipc://{folder}/".ljust(len("ipc://") + LONGEST_IPC_PATH, "x")
    opener(zmq.DEALER, longest).close()
    with pytest.raises(StationUnreachable, match=r"is 108 bytes long, at most 107 .*: choose"):
        opener(zmq.DEALER, longest + "x")
    with pytest.raises(StationUnreachable, match="is 109 bytes long"):
        opener(zmq.DEALER, longest + "é")


@pytest.mark.parametrize("opener", [bind, connect])
@pytest.mark.parametrize("endpoint", ["", "nonsense", "tcp://", "tcp://host", "http://localhost:1"])
async def test_a_malformed_endpoint_is_refused_with_an_example(
    opener: Callable[[int, str], Socket], endpoint: str
) -> None:
    with pytest.raises(StationUnreachable, match=r"tcp://HOST:PORT or ipc:///PATH"):
        opener(zmq.DEALER, endpoint)


async def test_an_address_of_another_host_cannot_be_bound() -> None:
    with pytest.raises(StationUnreachable, match=r"192\.0\.2\.1:5555: .*[Aa]ddress"):
        bind(zmq.ROUTER, "tcp://192.0.2.1:5555")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_may_not_be_written_is_refused(folder: Path) -> None:
    folder.chmod(0o500)  # noqa: ASYNC240 - one local call
    with pytest.raises(StationUnreachable, match=r"a\.sock: Permission denied"):
        bind(zmq.ROUTER, f"ipc://{folder}/a.sock")
