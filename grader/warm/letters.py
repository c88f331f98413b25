"""What `grader check` and its helper say to each other: typed, with unknown fields refused, and a limit on its size."""

import socket
import struct
from typing import Literal

import msgspec

from grader.report import Report

MAX_LETTER = 64 * 1024 * 1024
LENGTH = struct.Struct(">I")


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A submission to be graded, and the state of engine, lesson and libraries that it is to be graded by."""

    fingerprint: str
    exercises: tuple[str, ...]
    sources: dict[str, bytes]
    seed: int
    version: Literal[1] = 1


class Alive(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """It goes on."""


class Graded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """The report, and what the user should know about how it was made."""

    report: Report
    notice: str


class Refused(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """No report: this helper is of another state, serves somebody else, or does not work."""

    why: Literal["stale", "busy", "broken"]


Reply = Alive | Graded | Refused


def send(connection: socket.socket, letter: msgspec.Struct) -> None:
    """Send a letter; raises OSError if nobody takes it."""
    content = msgspec.msgpack.encode(letter)
    connection.sendall(LENGTH.pack(len(content)) + content)


def receive_ask(connection: socket.socket) -> Ask:
    """What is asked; raises OSError, EOFError, or msgspec's ValidationError for what is no such letter."""
    return msgspec.msgpack.decode(_receive(connection), type=Ask)


def receive_reply(connection: socket.socket) -> Reply:
    """The next reply; raises as `receive_ask` does."""
    reply: Reply = msgspec.msgpack.decode(_receive(connection), type=Reply)
    return reply


def _receive(connection: socket.socket) -> bytes:
    (length,) = LENGTH.unpack(_read(connection, LENGTH.size))
    if length > MAX_LETTER:
        raise msgspec.DecodeError(f"a letter of {length} bytes")
    return _read(connection, length)


def _read(connection: socket.socket, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        chunk = connection.recv(size - len(content))
        if not chunk:
            raise EOFError("the other end is gone")
        content += chunk
    return bytes(content)
