"""The one language between the grader and a worker: a JSON header and raw array bytes on a socket.

A message holds observations and has no word for "pass". Never pickle: reading a frame builds plain values and
nothing else. Every length is checked against a cap before memory is taken for it.

Frame: 4 bytes magic, 4 bytes header length, 8 bytes body length (big-endian), header (UTF-8 JSON), body (the
tensors' bytes, in order, without gaps).
"""

import contextlib
import hashlib
import json
import math
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast

import numpy as np

from grader.errors import WireError

Plain: TypeAlias = None | bool | int | float | str
Value: TypeAlias = "Plain | Tensor | Opaque | list[Value] | dict[str, Value]"
Kind: TypeAlias = Literal["ready", "load", "ask", "answer", "raised"]

KINDS: Final = frozenset({"ready", "load", "ask", "answer", "raised"})
REPLIES: Final[tuple[Kind, ...]] = ("answer", "raised")
MAGIC: Final = b"FTG1"
PREFIX: Final = struct.Struct(">4sIQ")
FORBIDDEN_IMPORT: Final = "ForbiddenImport"
"""stands among the bases of an exception that an import of a forbidden module led to"""
CHUNK: Final = 64 * 1024
MAX_HEADER: Final = 256 * 1024
MAX_OPENING: Final = 64
"""bytes of a header up to and with the longest number"""
MAX_BODY: Final = 64 * 1024 * 1024
MAX_TENSORS: Final = 1024
MAX_DIMS: Final = 8
MAX_DEPTH: Final = 16
MAX_NAME: Final = 100
"""characters of the name of a type or a function; the rest is cut"""

# bfloat16 has no numpy type: its bits travel as uint16 and are widened to float32 for comparing.
ITEM_TYPES: Final[Mapping[str, str]] = {
    "float64": "<f8",
    "float32": "<f4",
    "float16": "<f2",
    "bfloat16": "<u2",
    "complex64": "<c8",
    "complex128": "<c16",
    "int64": "<i8",
    "int32": "<i4",
    "int16": "<i2",
    "int8": "|i1",
    "uint8": "|u1",
    "bool": "|u1",
}
ITEM_SIZES: Final = {name: np.dtype(item).itemsize for name, item in ITEM_TYPES.items()}
NAMES: Final = {np.dtype(item): name for name, item in ITEM_TYPES.items() if np.dtype(item).name == name} | {
    np.dtype(np.bool_): "bool"
}
"""of the numpy arrays whose bytes travel as they are"""


@dataclass(frozen=True)
class Tensor:
    """An array as it was seen: dtype by torch's name, shape, and the raw little-endian bytes in row-major order."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @classmethod
    def of(cls, array: np.ndarray) -> "Tensor":
        """The tensor that carries a numpy array; raises WireError for a dtype the wire does not know."""
        name = NAMES.get(array.dtype) or array.dtype.name
        if name not in ITEM_TYPES:
            raise WireError(f"arrays of dtype {name} cannot travel")
        if array.dtype not in NAMES:  # its bytes are in another order
            array = array.astype(ITEM_TYPES[name])
        return cls(name, array.shape, array.tobytes())

    @property
    def values(self) -> np.ndarray:
        """The numbers as a read-only numpy array; bfloat16 is widened to float32, which is exact."""
        array = np.frombuffer(self.data, ITEM_TYPES[self.dtype]).reshape(self.shape)
        if self.dtype == "bfloat16":
            return (array.astype(np.uint32) << 16).view(np.float32)
        return array.astype(np.bool_) if self.dtype == "bool" else array


@dataclass(frozen=True)
class Opaque:
    """Something that is neither an array nor a plain value; only the name of its type travels."""

    type_name: str


@dataclass(frozen=True)
class Message:
    """One frame. `number` pairs an answer with its question."""

    kind: Kind
    number: int
    value: dict[str, Value]


@dataclass(frozen=True)
class Sealed:
    """A message that is ready to travel, but for its number: what is said more than once is made once."""

    opening: bytes
    """the header up to its number"""
    rest: bytes
    """the header behind it"""
    body: bytes

    def frame(self, number: int) -> bytes:
        """The frame of this message with a number."""
        header = b"%b%d%b" % (self.opening, number, self.rest)
        return b"".join((PREFIX.pack(MAGIC, len(header), len(self.body)), header, self.body))


def seal(kind: Kind, value: dict[str, Value]) -> Sealed:
    """A message without its number; raises WireError if it does not fit the caps or holds what cannot travel."""
    tensors: list[Tensor] = []
    tree = _pack(value, tensors, 0)
    specs = [[tensor.dtype, list(tensor.shape)] for tensor in tensors]
    rest = b"," + ENCODER.encode({"value": tree, "tensors": specs}).encode()[1:]
    body_size = sum(len(tensor.data) for tensor in tensors)
    if len(rest) > MAX_HEADER - MAX_OPENING or body_size > MAX_BODY or len(tensors) > MAX_TENSORS:
        sizes = f"{len(rest)} bytes of text, {body_size} of arrays, {len(tensors)} arrays"
        raise WireError(f"message too large: {sizes}")
    return Sealed(_opening(kind), rest, b"".join(tensor.data for tensor in tensors))


def encode(message: Message) -> bytes:
    """The frame of a message; raises WireError as `seal` does."""
    return seal(message.kind, message.value).frame(message.number)


def _opening(kind: Kind) -> bytes:
    return b'{"kind":"%b","number":' % kind.encode()


def decode(header: bytes, body: bytes) -> Message:
    """The message of a frame's two parts; raises WireError unless every byte is accounted for."""
    try:
        fields = DECODER.decode(header.decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"header is not JSON: {type(error).__name__}") from None
    if not isinstance(fields, dict) or set(fields) != {"kind", "number", "value", "tensors"}:
        raise WireError("header has the wrong fields")
    kind, number, specs = fields["kind"], fields["number"], fields["tensors"]
    if not isinstance(kind, str) or kind not in KINDS or type(number) is not int or not isinstance(specs, list):
        raise WireError("header fields have the wrong types")
    value = _unpack(fields["value"], _split(specs, body), 0)
    if not isinstance(value, dict):
        raise WireError("value is not an object")
    return Message(cast(Kind, kind), number, value)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


# Made once: there are two for each of hundreds of questions.
ENCODER: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _split(specs: list[Any], body: bytes) -> list[Tensor]:
    """The body cut into tensors as the header's list of [dtype, shape] says."""
    if len(specs) > MAX_TENSORS:
        raise WireError("too many tensors")
    tensors, start = [], 0
    for spec in specs:
        if not (isinstance(spec, list) and len(spec) == 2 and isinstance(spec[0], str) and spec[0] in ITEM_TYPES):
            raise WireError("a tensor has no known dtype")
        dtype, shape = spec
        if not isinstance(shape, list) or len(shape) > MAX_DIMS or any(type(n) is not int or n < 0 for n in shape):
            raise WireError("a tensor has an impossible shape")
        # The product without zeros is capped too: (0, 2**62) would overflow numpy's own arithmetic.
        if math.prod(max(n, 1) for n in shape) > MAX_BODY:
            raise WireError("a tensor is too large")
        end = start + math.prod(shape) * ITEM_SIZES[dtype]
        if end > len(body):
            raise WireError("body is shorter than its tensors")
        tensors.append(Tensor(dtype, tuple(shape), body[start:end]))
        start = end
    if start != len(body):
        raise WireError("body is longer than its tensors")
    return tensors


def _pack(value: object, tensors: list[Tensor], depth: int) -> object:
    if depth > MAX_DEPTH:
        raise WireError("value is nested too deep")
    match value:  # what is most is asked for first
        case Tensor():
            tensors.append(value)
            return {"$tensor": len(tensors) - 1}
        case None | bool() | str():
            return value
        case int():
            # Integers beyond 64 bits only come from mischief, and printing them costs quadratic time.
            if value.bit_length() > 63:
                raise WireError("integer beyond 64 bits")
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
        case dict():
            packed: dict[str, object] = {}
            for key, item in value.items():
                if not isinstance(key, str) or key.startswith("$"):
                    raise WireError("keys must be text and not start with $")
                packed[str(key)] = _pack(item, tensors, depth + 1)
            return packed
        case list() | tuple():
            return [_pack(item, tensors, depth + 1) for item in value]
        case Opaque():
            return {"$opaque": value.type_name}
    raise WireError(f"{type(value).__name__} objects cannot travel")


def _unpack(tree: object, tensors: list[Tensor], depth: int) -> Value:
    if depth > MAX_DEPTH:
        raise WireError("value is nested too deep")
    if isinstance(tree, dict):
        if len(tree) == 1 and next(iter(tree)).startswith("$"):
            return _unmark(tree, tensors)
        value: dict[str, Value] = {}
        for key, item in tree.items():
            if key.startswith("$"):
                raise WireError("unknown mark in value")
            value[key] = _unpack(item, tensors, depth + 1)
        return value
    if tree is None or isinstance(tree, str | bool):
        return tree
    if isinstance(tree, list):
        return [_unpack(item, tensors, depth + 1) for item in tree]
    if isinstance(tree, int):
        if tree.bit_length() > 63:
            raise WireError("integer beyond 64 bits")
        return tree
    if isinstance(tree, float):
        if not math.isfinite(tree):  # 1e999 is valid JSON
            raise WireError("float out of range")
        return tree
    raise WireError(f"unexpected {type(tree).__name__} in value")


def _unmark(tree: dict[str, object], tensors: list[Tensor]) -> Value:
    """What stands for something that JSON has not."""
    match tree:
        case {"$tensor": int(index)} if type(index) is int and 0 <= index < len(tensors):
            return tensors[index]
        case {"$float": "nan" | "inf" | "-inf" as name}:
            return float(name)
        case {"$opaque": str(name)}:
            return Opaque(name[:MAX_NAME])
    raise WireError("unknown mark in value")


@dataclass(frozen=True)
class Received:
    """A frame as it came; nobody has looked into it yet."""

    header: bytes
    body: bytes

    @property
    def message(self) -> Message:
        """What it says; raises WireError if that is no message."""
        return decode(self.header, self.body)

    def is_numbered(self, number: int) -> bool:
        """Whether it is plain that it is a reply with this number: a frame of our own making begins with it."""
        return any(self.header.startswith(_numbered(kind, number)) for kind in REPLIES)

    def fingerprint(self, number: int) -> bytes:
        """The same for replies that say the same under other numbers; empty if it is not plain that it has this one."""
        for kind in REPLIES:
            opening = _numbered(kind, number)
            if self.header.startswith(opening):
                rest = self.header[len(opening) :]
                return hashlib.sha256(b"%b%d,%b%b" % (kind.encode(), len(rest), rest, self.body)).digest()
        return b""


def _numbered(kind: Kind, number: int) -> bytes:
    return b"%b%d," % (_opening(kind), number)


class Channel:
    """Messages over a connected stream socket, with one deadline for a whole frame (not per read)."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._received = bytearray()

    def send(self, message: Message, deadline: float | None = None) -> None:
        """Send one message; raises EOFError if the peer is gone and TimeoutError if it does not read in time."""
        self.send_frames(encode(message), deadline)

    def send_frames(self, frames: bytes, deadline: float | None = None) -> None:
        """Send what is a frame already, or several."""
        left = memoryview(frames)
        try:
            while left:
                self._wait_until(deadline)
                left = left[self._socket.send(left) :]
        except (BrokenPipeError, ConnectionResetError):
            raise EOFError("the peer closed the channel") from None

    def receive(self, deadline: float | None = None) -> Message:
        """The next message; raises EOFError, TimeoutError, or WireError if the bytes are no message."""
        return self.receive_frame(deadline).message

    def receive_frame(self, deadline: float | None = None) -> Received:
        """The next frame; raises WireError if it is none, but does not look at what it says."""
        magic, header_size, body_size = PREFIX.unpack(self._read(PREFIX.size, deadline))
        if magic != MAGIC:
            raise WireError("not a frame")
        if header_size > MAX_HEADER or body_size > MAX_BODY:
            raise WireError(f"frame too large: header {header_size}, body {body_size} bytes")
        return Received(self._read(header_size, deadline), self._read(body_size, deadline))

    def shut_down(self) -> None:
        """Make this and every later read on both ends find the end of the stream; safe from another thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    def _read(self, size: int, deadline: float | None) -> bytes:
        while (missing := size - len(self._received)) > 0:
            self._wait_until(deadline)
            try:
                # Most frames come whole: three system calls for each would cost more than what they say.
                chunk = self._socket.recv(max(missing, CHUNK))
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                raise EOFError("the peer closed the channel")
            self._received += chunk
        content = bytes(self._received[:size])
        del self._received[:size]
        return content

    def _wait_until(self, deadline: float | None) -> None:
        """Let the next system call wait for the peer no longer than that."""
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError("deadline passed")
        if left != self._socket.gettimeout():  # setting it is a system call, too
            self._socket.settimeout(left)
