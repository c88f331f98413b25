"""When to grade after a save: at once after a pause, and when it has become quiet after one of several in a row.

Whoever saves now and then waits for nothing; an editor that writes in steps, or a formatter that writes once more, does
not cause a run for each.
"""

import math

QUIET_S = 0.25


class Pace:
    """The times at which saves were seen, and what follows. Times are those of one clock, in seconds."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        self._quiet_s = quiet_s
        self._last = -math.inf
        self._due: float | None = None

    def saved(self, now: float) -> None:
        """A file was saved."""
        self._due = now if now - self._last >= self._quiet_s else now + self._quiet_s
        self._last = now

    def wait_s(self, now: float) -> float | None:
        """How long until it is time to grade; None if there is nothing to wait for."""
        return None if self._due is None else max(0.0, self._due - now)

    def take(self, now: float) -> bool:
        """Whether it is time to grade: once for all that was saved."""
        if self._due is None or now < self._due:
            return False
        self._due = None
        return True
