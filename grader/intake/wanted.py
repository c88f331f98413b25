"""What a hand-in is searched for, and what else the lesson has: a file of that is never taken for what is searched."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Wanted:
    """The exercises that are graded, and the others of the catalog."""

    exercises: Sequence[str]
    others: Sequence[str] = ()

    @property
    def known(self) -> frozenset[str]:
        """All exercises that there are."""
        return frozenset([*self.exercises, *self.others])

    @property
    def files(self) -> str:
        """The files to ask for, in words."""
        return " or ".join(f"{name}.py" for name in self.exercises)
