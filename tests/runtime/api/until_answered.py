"""A request that is on its own: whatever it takes to answer it is committed."""

from anyio.lowlevel import checkpoint

from stationd.proto.codec import REPLIES
from stationd.proto.jobs_protocol import Reply, Request
from tests.runtime.bench import Bench, Peer, client_of


async def asked(bench: Bench, request: Request) -> Reply:
    """Ask, and commit until there is an answer."""
    with client_of(bench).socket as socket:
        await Peer(socket).say(request)
        while (found := socket.receive_nowait()) is None:
            bench.journal.commit()
            await checkpoint()
        return REPLIES.decode(found[0])
