"""Facts are decoded when somebody looks at them, and what is wrong with one is said then."""

import msgspec
import pytest

from stationd.proto.arriving import EventList, reply_in
from stationd.proto.codec import REPLIES
from stationd.proto.error import ProtocolViolation
from stationd.proto.job import JobId, TimelineEntry
from stationd.proto.jobs_protocol import Events, FeedEvent, Pong, StreamBeat
from stationd.proto.status import JobExecutorStatus as S

JOB = JobId("00000000-0000-0000-0000-000000000001")


def event(seq: int, status: S = S.RECEIVED) -> FeedEvent:
    entry = TimelineEntry(seq=seq, ordinal=seq, attempt=1, status=status, time_unix_s=1.0)
    return FeedEvent(JOB, entry)


def events(*seqs: int) -> Events:
    return Events(7, tuple(event(seq) for seq in seqs))


def arrived(frame: bytes) -> EventList:
    reply = reply_in(frame)
    assert isinstance(reply, Events)
    assert isinstance(reply.events, EventList)
    return reply.events


@pytest.mark.parametrize("count", [0, 1, 3, 500])
def test_what_arrives_is_what_was_sent(count: int) -> None:
    sent = events(*range(count))
    assert reply_in(REPLIES.encode(sent)) == sent
    found = arrived(REPLIES.encode(sent))
    assert len(found) == count
    assert list(found) == list(sent.events)


def test_events_can_be_looked_at_one_by_one() -> None:
    found = arrived(REPLIES.encode(events(1, 2, 3, 4)))
    assert (found[0], found[-1]) == (event(1), event(4))
    assert found[0] is found[0]
    assert found[1:3] == (event(2), event(3))
    assert found != (event(1),)
    assert found != [event(1)]
    assert repr(found) == repr(tuple(found))
    with pytest.raises(IndexError):
        found[4]


def test_other_replies_are_read_as_ever() -> None:
    for reply in (StreamBeat(3), Pong(1, "lab", 2, "0.1", "ada", "operator")):
        assert reply_in(REPLIES.encode(reply)) == reply


def changed(old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    return REPLIES.encode(events(1, 2)).replace(old, new)


def test_a_status_of_a_newer_station_is_shown_as_it_came() -> None:
    found = arrived(changed(b"received", b"rebooted"))
    assert found[0].entry.status.value == "rebooted"


def test_an_event_that_makes_no_sense_is_told_when_it_is_looked_at() -> None:
    found = arrived(changed(b"ordinal", b"ordinary"[:7]))
    assert len(found) == 2
    with pytest.raises(ProtocolViolation, match="ordinal"):
        found[0]


def test_a_frame_that_makes_no_sense_is_told_at_once() -> None:
    frame = REPLIES.encode(events(1, 2))
    for bad in (frame[:-1], frame[:5] + msgspec.msgpack.encode((108, 7, "no events"))):
        with pytest.raises(ProtocolViolation):
            reply_in(bad)
