"""Where the lines of a module that was made of cells come from; it says so itself, in comments between its parts."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

HEAD = "# Made of the cells of a notebook; each part says where it stands there."
MARK = re.compile(r"# (cell \d+|the stub), line (-?\d+)")


def mark(place: str, line: int) -> str:
    """The comment right above a part whose first line is this one of its place."""
    return f"# {place}, line {line}"


def is_made(source: bytes) -> bool:
    """Whether this is such a module, and no file that somebody wrote."""
    return source.startswith(HEAD.encode() + b"\n")


def place_of(source: bytes, line: int) -> str:
    """Where a line of such a module comes from, as `cell 5, line 3`; empty if it does not say."""
    if not is_made(source):
        return ""
    lines = source.decode("utf-8", "replace").split("\n")
    for number in range(min(line, len(lines)), 0, -1):
        if match := MARK.fullmatch(lines[number - 1]):
            return f"{match[1]}, line {int(match[2]) + line - number - 1}"
    return ""


def in_words(cells: Iterable[str]) -> str:
    """Several cells: `cells 2-5, 7 and 12`."""
    numbers = sorted(int(cell.split()[1]) for cell in cells)
    breaks = [0, *(n for n, (a, b) in enumerate(pairwise(numbers), start=1) if b != a + 1), len(numbers)]
    spans = [numbers[start:end] for start, end in pairwise(breaks)]
    words = [word for span in spans for word in ([f"{span[0]}-{span[-1]}"] if len(span) > 2 else map(str, span))]
    return f"cell{'s' * (len(numbers) > 1)} {listed(words)}"


def listed(words: Sequence[str]) -> str:
    """Words in a row: `2-5, 7 and 12`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
