"""The wire: what is sent arrives, and nothing else is ever accepted."""

import contextlib
import json
import socket
import struct
import threading
import time

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from grader.errors import WireError
from grader.wire import ITEM_TYPES, MAGIC, PREFIX, Channel, Message, Opaque, Tensor, decode, encode

shapes = st.lists(st.integers(0, 3), max_size=4)


@st.composite
def tensors(draw):
    dtype, shape = draw(st.sampled_from(sorted(ITEM_TYPES))), tuple(draw(shapes))
    size = int(np.prod(shape)) * np.dtype(ITEM_TYPES[dtype]).itemsize
    return Tensor(dtype, shape, draw(st.binary(min_size=size, max_size=size)))


plain = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False) | st.text()
leaves = plain | tensors() | st.builds(Opaque, st.text(max_size=9))
keys = st.text().filter(lambda key: not key.startswith("$"))
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))


def split(frame: bytes) -> tuple[bytes, bytes]:
    _, header_size, _ = PREFIX.unpack(frame[: PREFIX.size])
    body = PREFIX.size + header_size
    return frame[PREFIX.size : body], frame[body:]


@given(st.dictionaries(keys, values, max_size=4), st.integers(0, 2**31))
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_round_trip(value, number):
    message = Message("answer", number, value)
    assert decode(*split(encode(message))) == message


@given(st.binary(max_size=300), st.binary(max_size=50))
@settings(max_examples=300, deadline=None, database=None, derandomize=True)
def test_garbage_is_refused(header, body):
    with pytest.raises(WireError):
        decode(header, body)


@given(st.data())
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_damaged_frames_are_refused_or_harmless(data):
    frame = bytearray(encode(Message("answer", 1, {"a": Tensor("float32", (2,), bytes(8)), "b": [1.5, None]})))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(PREFIX.size, len(frame) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(WireError):
        decode(*split(bytes(frame)))


@pytest.mark.parametrize(
    ("tensor_specs", "body"),
    [
        ([["float32", [-1]]], b""),
        ([["float32", [2**62, 2**62]]], b""),
        ([["float32", [0, 2**62]]], b""),
        ([["float32", [1] * 9]], bytes(4)),
        ([["float32", [True]]], bytes(4)),
        ([["float32", [1.0]]], bytes(4)),
        ([["float31", [1]]], bytes(4)),
        ([["float32", [2]]], bytes(4)),
        ([["float32", [1]]], bytes(5)),
        ([["float32"]], b""),
        ("float32", b""),
        ([["uint8", [0]]] * 2000, b""),
    ],
)
def test_absurd_tensors_are_refused(tensor_specs, body):
    header = {"kind": "answer", "number": 1, "value": {}, "tensors": tensor_specs}
    with pytest.raises(WireError):
        decode(json.dumps(header).encode(), body)


@pytest.mark.parametrize(
    "value",
    [
        '{"a": NaN}', '{"a": 1e999}', '{"a": {"$float": "1"}}', '{"a": {"$tensor": 0}}', '{"a": {"$tensor": true}}',
        '{"a": {"$other": 1}}', '{"a": ' + "9" * 6000 + "}", '{"a": 99999999999999999999}', "[]", "1",
        '{"a": ' + "[" * 40 + "]" * 40 + "}", '{"a": ' + "[" * 100000 + "]" * 100000 + "}",
        '{"a": {"$opaque": "x", "b": 1}}',
    ],
)  # fmt: skip
def test_absurd_values_are_refused(value):
    header = '{"kind": "answer", "number": 1, "tensors": [], "value": ' + value + "}"
    with pytest.raises(WireError):
        decode(header.encode(), b"")


@pytest.mark.parametrize(
    "fields", [{"kind": "pass"}, {"kind": ["answer"]}, {"number": "1"}, {"number": True}, {"verdict": "pass"}]
)
def test_unknown_fields_and_kinds_are_refused(fields):
    header = {"kind": "answer", "number": 1, "value": {}, "tensors": []} | fields
    with pytest.raises(WireError):
        decode(json.dumps(header).encode(), b"")


@pytest.mark.parametrize("value", [object(), {1: 2}, {"$x": 1}, 2**70, b"bytes"])
def test_what_cannot_travel_is_not_sent(value):
    with pytest.raises(WireError):
        encode(Message("answer", 1, {"a": value}))


def test_bfloat16_is_widened_exactly():
    one_and_minus_two = struct.pack("<HH", 0x3F80, 0xC000)
    assert Tensor("bfloat16", (2,), one_and_minus_two).values.tolist() == [1.0, -2.0]


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours), theirs


def soon() -> float:
    return time.monotonic() + 0.2


def test_bad_magic_is_refused(pair):
    channel, theirs = pair
    theirs.sendall(PREFIX.pack(b"EVIL", 0, 0))
    with pytest.raises(WireError, match="not a frame"):
        channel.receive(soon())


@pytest.mark.parametrize(("header", "body"), [(2**32 - 1, 0), (10, 2**60)])
def test_huge_frames_are_refused_before_they_are_read(pair, header, body):
    channel, theirs = pair
    theirs.sendall(PREFIX.pack(MAGIC, header, body))
    with pytest.raises(WireError, match="too large"):
        channel.receive(soon())


def test_half_a_frame_times_out(pair):
    channel, theirs = pair
    theirs.sendall(encode(Message("answer", 1, {}))[:-3])
    with pytest.raises(TimeoutError):
        channel.receive(soon())


def test_slow_bytes_share_one_deadline(pair):
    """A byte now and then must not renew the deadline."""
    channel, theirs = pair
    stop = threading.Event()

    def drip():
        for byte in encode(Message("answer", 1, {"text": "x" * 1000})):
            if stop.wait(0.05):
                return
            theirs.send(bytes([byte]))

    thread = threading.Thread(target=drip)
    thread.start()
    with pytest.raises(TimeoutError):
        channel.receive(soon())
    stop.set()
    thread.join()


def test_peer_that_does_not_read_times_out(pair):
    channel, _ = pair
    with pytest.raises(TimeoutError):
        channel.send(Message("ask", 1, {"x": Tensor("uint8", (10_000_000,), bytes(10_000_000))}), soon())


def test_closed_peer_is_the_end(pair):
    channel, theirs = pair
    theirs.close()
    with pytest.raises(EOFError):
        channel.receive(soon())
    with pytest.raises(EOFError):
        channel.send(Message("ask", 1, {}), soon())
