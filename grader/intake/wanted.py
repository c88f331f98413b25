"""What a hand-in is searched for, and what else the lesson has: a file of that is never taken for what is searched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.catalog import Stub
from grader.submission import SUFFIXES


@dataclass(frozen=True)
class Wanted:
    """The exercises that are graded, and the others of the catalog."""

    exercises: Sequence[str]
    others: Sequence[str] = ()
    stubs: Mapping[str, Stub] = field(default_factory=dict)
    """the stubs of the exercises that are graded: without one, a notebook of an exercise is not looked for"""

    def suffixes(self, name: str) -> Sequence[str]:
        """How the files of an exercise may end, the first before the second."""
        return SUFFIXES if name in self.stubs else SUFFIXES[:1]

    @property
    def known(self) -> frozenset[str]:
        """All exercises that there are."""
        return frozenset([*self.exercises, *self.others])

    @property
    def files(self) -> str:
        """The files to ask for, in words."""
        return " or ".join(f"{name}.py" for name in self.exercises) + " (or .ipynb)" * bool(self.stubs)
