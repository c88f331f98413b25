"""What people decided about the findings of audits: `solutions/NAME/audit.toml`, committed beside the exercise.

    [[equivalent]]                       # changes that leave the meaning as it was
    mutants = ["0123456789ab"]
    reason = "..."

    [[insensitive]]                      # checks that are right not to look at some of the numbers
    change = "scaled replies"
    checks = ["exercise.1.law"]
    reason = "..."

The digest of a mutant follows from its region's code: whoever edits a region judges its mutants anew.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import msgspec

from grader.catalog import Exercise
from grader.errors import CatalogError
from grader.settings import convert, read_toml

NAME = "audit.toml"


class Equivalent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mutants that are no mistakes."""

    mutants: tuple[str, ...]
    reason: str


class Insensitive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Checks that may pass with replaced numbers."""

    change: str
    checks: tuple[str, ...]
    reason: str


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The keys of `audit.toml`."""

    equivalent: tuple[Equivalent, ...] = ()
    insensitive: tuple[Insensitive, ...] = ()


@dataclass(frozen=True)
class Records:
    """Reasons, by the digest of a mutant and by change and check."""

    mutants: dict[str, str]
    hollow: dict[tuple[str, str], str]

    def stale(self, survivors: Collection[str], hollow: Collection[tuple[str, str]]) -> Iterator[str]:
        """The entries that excuse nothing."""
        for digest in self.mutants:
            if digest not in survivors:
                yield f"no mutant {digest} survives"
        for change, check in self.hollow:
            if (change, check) not in hollow:
                yield f"{check} does not pass with {change}"


def read_records(exercise: Exercise) -> Records:
    """The record of an exercise, empty where there is none; raises CatalogError for what it cannot mean."""
    path = exercise.solutions / NAME
    if not path.is_file():
        return Records({}, {})
    where = path.relative_to(exercise.solutions.parents[1])
    file = convert(read_toml(path, where, CatalogError), File, where, CatalogError)
    reasons = [entry.reason for entry in file.equivalent] + [entry.reason for entry in file.insensitive]
    for reason in reasons:
        if not reason.strip():
            raise CatalogError(f"{where}: an entry has no reason; say why nothing is wrong")
    return Records(
        {digest: entry.reason for entry in file.equivalent for digest in entry.mutants},
        {(entry.change, check): entry.reason for entry in file.insensitive for check in entry.checks},
    )
