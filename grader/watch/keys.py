"""What keys mean, as the terminal sends them."""

from collections.abc import Iterator
from enum import Enum


class Key(Enum):
    """What a reader may want."""

    HINT = "h"
    NEXT = "n"
    ALL = "a"
    LIST = "l"
    OPEN = "o"
    RESET = "r"
    QUIT = "q"
    YES = "y"
    UP = "up"
    DOWN = "down"
    PAGE_UP = "page up"
    PAGE_DOWN = "page down"
    OTHER = "other"


SEQUENCES = {
    b"\x1b[A": Key.UP,
    b"\x1bOA": Key.UP,
    b"\x1b[B": Key.DOWN,
    b"\x1bOB": Key.DOWN,
    b"\x1b[5~": Key.PAGE_UP,
    b"\x1b[6~": Key.PAGE_DOWN,
}
LETTERS = {key.value.encode(): key for key in Key if len(key.value) == 1} | {
    b"k": Key.UP,
    b"j": Key.DOWN,
    b"b": Key.PAGE_UP,
    b" ": Key.PAGE_DOWN,
    b"\x04": Key.QUIT,  # Ctrl-D
}


def keys_in(data: bytes) -> Iterator[Key]:
    """The keys in what was read from a terminal at once; what nobody asked for is OTHER."""
    while data:
        size, key = _first(data)
        yield key
        data = data[size:]


def _first(data: bytes) -> tuple[int, Key]:
    for sequence, key in SEQUENCES.items():
        if data.startswith(sequence):
            return len(sequence), key
    if data[:1] == b"\x1b":  # another sequence, which came whole
        return len(data), Key.OTHER
    return 1, LETTERS.get(data[:1].lower(), Key.OTHER)
