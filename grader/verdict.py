"""The five things a check can say. There is no sixth, and no code compares verdict text."""

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
