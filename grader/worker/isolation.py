"""How well a worker is confined: what it says of itself before it has seen a submission, and the word for it."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from grader.errors import WireError
from grader.wire import Value


class Isolation(StrEnum):
    """How a report calls the confinement of the workers that it rests on."""

    FULL = "full"
    """nothing but itself exists for a worker: namespaces, Landlock and seccomp, each of which would hold alone"""
    STRONG = "strong"
    """a worker sees that others exist and reaches none: seccomp, with namespaces, Landlock or a user of its own"""
    NONE = "none"
    """a process with limits"""


STRONGEST_FIRST = tuple(Isolation)


@dataclass(frozen=True)
class Confinement:
    """What holds a worker, by its own account: believed, because it speaks before the submission is there."""

    layers: tuple[str, ...] = ()
    breaches: tuple[str, ...] = ()
    """what it could do in spite of them; completes "a worker can" """

    @classmethod
    def of(cls, value: dict[str, Value]) -> "Confinement":
        """The confinement that a worker's first message tells of; raises WireError for anything else."""
        match value:
            case {"layers": list(layers), "breaches": list(breaches), **rest} if not rest:
                return cls(tuple(map(str, layers)), tuple(map(str, breaches)))
        raise WireError("it does not say how it is confined")

    @property
    def why(self) -> str:
        """What a worker can do that it should not, as a clause."""
        if self.breaches:
            return f"a worker can {self.breaches[0]}"
        return "layers: " + (", ".join(self.layers) or "none")

    @property
    def isolation(self) -> Isolation:
        """The word for it: layers count only if nothing was found that they let through."""
        layers = set(self.layers)
        if self.breaches or "seccomp" not in layers:
            return Isolation.NONE
        if {"namespaces", "landlock"} <= layers:
            return Isolation.FULL
        return Isolation.STRONG if layers & {"namespaces", "landlock", "user"} else Isolation.NONE


def weakest(found: Iterable[Isolation]) -> Isolation:
    """What a report over several workers may claim; for none at all, nothing is at risk."""
    return functools.reduce(lambda a, b: max(a, b, key=STRONGEST_FIRST.index), found, Isolation.FULL)
