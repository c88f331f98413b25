"""The wrong and accepted answers of an exercise, and the submissions they stand for.

An answer holds only what differs: it is appended to the reference, where later definitions win. Its first line
says what is special about it; a wrong one's second line names the checks that must fail:

    # Divides by n - 1, as for a variance.
    # fails: exercise.1.law exercise.2.law

`# standalone` on the line after that means that the file is a whole submission.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from grader.catalog import Exercise
from grader.errors import CatalogError

FAILS = re.compile(r"^# fails:((?: \w+\.\d+\.\w+)+)$")


@dataclass(frozen=True)
class Answer:
    """One file of `wrong/` or `accepted/`."""

    path: Path
    headline: str
    fails: frozenset[str]
    """ids of the checks whose verdict must be `fail`; none for an accepted answer"""
    source: bytes
    """the submission that it stands for"""


def read_answers(exercise: Exercise, kind: str) -> list[Answer]:
    """The answers of one kind, "wrong" or "accepted", in order of their names."""
    reference = exercise.reference.read_text("utf-8")
    return [read_answer(path, reference) for path in sorted((exercise.solutions / kind).glob("*.py"))]


def read_answer(path: Path, reference: str) -> Answer:
    """One answer; raises CatalogError if its first lines do not say what it must."""
    text = path.read_text("utf-8")
    headline, *rest = text.splitlines()
    if not headline.startswith("# ") or len(headline) < 10:
        raise CatalogError(f"{path}: line 1: expected a comment that says what is special about this answer")
    fails: frozenset[str] = frozenset()
    if path.parent.name == "wrong":
        found = FAILS.match(rest.pop(0) if rest else "")
        if not found:
            raise CatalogError(f"{path}: line 2: expected `# fails: ` and the ids of the checks that must fail")
        fails = frozenset(found[1].split())
    standalone = bool(rest) and rest[0] == "# standalone"
    source = text if standalone else f"{reference}\n\n{text}"
    return Answer(path, headline.removeprefix("# "), fails, source.encode())
