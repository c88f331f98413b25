"""What a hostile worker could send, swallowed as the grader does it: read, understood, compared, put into words."""

import contextlib
import socket

import numpy as np

from grader.checking import array, close, exactly, number, that
from grader.checking.finding import Failed, Situation, words
from grader.errors import WireError
from grader.wire import MAGIC, PREFIX, Channel, Message, Tensor, Value, decode, encode
from grader.worker.host import Answer, Raised, outcome_of

EXPECTED = (
    1.5,
    True,
    "text",
    [1, 2.0],
    np.arange(6.0).reshape(2, 3),
    Tensor.of(np.ones(2, np.float32)),
    Tensor("bfloat16", (1,), b"\x80\x3f"),
)


def frame_of(data: bytes) -> bytes:
    """Bytes as a frame. The first one chooses: as they are, or with a prefix that says where the header ends."""
    if not data or data[0] % 2:
        return data[1:]
    header, _, body = data[1:].partition(b"\n")
    return PREFIX.pack(MAGIC, len(header), len(body)) + header + body


def swallow(data: bytes) -> list[Message]:
    """All messages in a stream of bytes; anything but an orderly refusal of the rest is a fault of ours."""
    ours, theirs = socket.socketpair()
    messages = []
    with ours, theirs, contextlib.suppress(WireError, EOFError):
        theirs.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            theirs.sendall(frame_of(data))
        theirs.shutdown(socket.SHUT_WR)
        while True:
            message = Channel(ours).receive()
            messages.append(message)
            _understand(message)
    return messages


def _understand(message: Message) -> None:
    frame = encode(message)
    header = PREFIX.unpack(frame[: PREFIX.size])[1] + PREFIX.size
    again = decode(frame[PREFIX.size : header], frame[header:])
    assert encode(again) == frame, "a message that was accepted must travel unchanged"
    outcome = outcome_of(message, message.number)
    if isinstance(outcome, Raised):
        assert all(isinstance(frame.line, int) for frame in outcome.frames)
    if isinstance(outcome, Answer):
        values = outcome.value.values() if isinstance(outcome.value, dict) else [outcome.value]
        for value in values:
            _judge(value)


def _judge(value: Value) -> None:
    laws = [lambda: array(value), lambda: number(value), lambda: that(value == 1, expected="1", seen=repr(value)[:9])]
    for expected in EXPECTED:
        laws.append(lambda expected=expected: exactly(value, expected))
        if not isinstance(expected, str | list | bool):
            laws.append(lambda expected=expected: close(value, expected, rtol=1e-6))
            laws.append(lambda expected=expected: close(value, expected, rtol=1e-6, dtype="any"))
    for law in laws:
        try:
            law()
        except Failed as failed:
            text = words(failed.finding, Situation())
            assert text.isprintable() or "\n" in text
