"""Where the lines of a module that was made of cells come from; it says so itself, in comments between its parts."""

import re

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
