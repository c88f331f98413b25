"""Makes the stub that students edit from the reference: each solution region becomes an open hole.

# TODO(exercise.1): scale and multiply (about 1 line)
### BEGIN SOLUTION                            # TODO(exercise.1): scale and multiply (about 1 line)
return alpha / A.shape[0] * (B @ A)    ->     raise NotImplementedError("exercise.1")
### END SOLUTION
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader.catalog import Exercise, Stub
from grader.errors import CatalogError, UsageError

BEGIN = re.compile(r"^(\s*)### BEGIN SOLUTION\s*$")
END = re.compile(r"^\s*### END SOLUTION\s*$")
TODO = re.compile(r"^\s*# TODO\((\w+\.\d+)\): \S")


@dataclass(frozen=True)
class Region:
    """A solution region: its task, the numbers of its first and last line, markers left out, and its indentation."""

    task: str
    first: int
    last: int
    indent: str


def regions_of(reference: str, name: str) -> list[Region]:
    """The solution regions in their order; raises CatalogError unless every one is closed and has its TODO."""
    lines = reference.splitlines()
    found: list[Region] = []
    begin: re.Match[str] | None = None
    start = 0
    for number, line in enumerate(lines, start=1):
        if opened := BEGIN.match(line):
            if begin:
                raise CatalogError(f"{name}:{number}: BEGIN SOLUTION inside the region that starts at line {start}")
            begin, start = opened, number
            task = _task_above(lines[: number - 1], name, number)
        elif END.match(line):
            if not begin:
                raise CatalogError(f"{name}:{number}: END SOLUTION without a BEGIN SOLUTION")
            found.append(Region(task, start + 1, number - 1, begin[1]))
            begin = None
    if begin:
        raise CatalogError(f"{name}:{start}: BEGIN SOLUTION is never closed by an END SOLUTION")
    return found


def make_stub(reference: str, name: str) -> str:
    """The stub's text; raises CatalogError (naming line and fault) unless every region is closed and has its TODO."""
    lines = reference.splitlines()
    for region in reversed(regions_of(reference, name)):
        hole = f'{region.indent}raise NotImplementedError("{region.task}")'
        lines[region.first - 2 : region.last + 1] = [hole]
    return "\n".join(lines) + "\n"


def _task_above(lines: list[str], name: str, number: int) -> str:
    """The task of the TODO comment that ends right above a region."""
    for line in reversed(lines):
        found = TODO.match(line)
        if found:
            return found[1]
        if END.match(line) or not line.lstrip().startswith("#"):
            break
    raise CatalogError(f"{name}:{number}: expected a comment `# TODO(task): ...` right above BEGIN SOLUTION")


def stub_of(reference: Path) -> str:
    """The stub that belongs to a reference file."""
    return make_stub(reference.read_text("utf-8"), reference.name)


def holes_in(definition: ast.AST) -> set[str]:
    """The tasks whose open holes are in a definition of a stub."""
    found = set()
    for node in ast.walk(definition):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id="NotImplementedError"), args=[ast.Constant(value=str(task))])):
                found.add(task)
    return found


def handed_out(exercise: Exercise) -> str:
    """The stub as it was handed out: of the reference where there is one, for the file may have been filled since."""
    return stub_of(exercise.reference) if exercise.reference.is_file() else exercise.stub.read_text("utf-8", "replace")


def stubs_of(exercises: Iterable[Exercise]) -> dict[str, Stub]:
    """The stub of each exercise, by its name."""
    return {exercise.name: Stub(exercise.stub, handed_out(exercise)) for exercise in exercises}


def is_stale(exercise: Exercise) -> bool:
    """Whether the stub on disk is not what the reference says; raises UsageError where there is no reference."""
    if not exercise.reference.is_file():
        raise UsageError(f"{exercise.reference}: is missing; stubs are generated from the references")
    return not exercise.stub.is_file() or exercise.stub.read_text("utf-8") != stub_of(exercise.reference)
