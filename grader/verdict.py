"""The five things a check can say, and how the kind of a failure is written.

There is no sixth, and no code compares verdict text.
"""

from enum import StrEnum


class Verdict(StrEnum):
    """What became of one check."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    TODO = "todo"
    """The hole is still open: nothing was tried, so nothing is wrong."""
    SKIPPED = "skipped"
    """Something this check builds on does not stand yet."""
    BROKEN = "broken"
    """Our fault. Its points are taken out of the sum, so that it costs nothing."""


LOADING = "load "
"""begins the kind of a failure that came up while the file was loaded, so that every check fails of it"""


def cause(kind: str) -> str:
    """The kind of a failure, whether it came up while loading or later."""
    return kind.removeprefix(LOADING)
