"""Makes the stub that students edit from the reference: each solution region becomes an open hole.

# TODO(exercise.1): scale and multiply (about 1 line)
### BEGIN SOLUTION                            # TODO(exercise.1): scale and multiply (about 1 line)
return alpha / A.shape[0] * (B @ A)    ->     raise NotImplementedError("exercise.1")
### END SOLUTION
"""

import re
from pathlib import Path

from grader.errors import CatalogError

BEGIN = re.compile(r"^(\s*)### BEGIN SOLUTION\s*$")
END = re.compile(r"^\s*### END SOLUTION\s*$")
TODO = re.compile(r"^\s*# TODO\((\w+\.\d+)\): \S")


def make_stub(reference: str, name: str) -> str:
    """The stub's text; raises CatalogError (naming line and fault) unless every region is closed and has its TODO."""
    stub: list[str] = []
    hole: str | None = None
    start = 0
    for number, line in enumerate(reference.splitlines(), start=1):
        begin = BEGIN.match(line)
        if begin and hole is not None:
            raise CatalogError(f"{name}:{number}: BEGIN SOLUTION inside the region that starts at line {start}")
        if begin:
            hole, start = _task_above(stub, name, number), number
            stub.append(f'{begin[1]}raise NotImplementedError("{hole}")')
        elif END.match(line):
            if hole is None:
                raise CatalogError(f"{name}:{number}: END SOLUTION without a BEGIN SOLUTION")
            hole = None
        elif hole is None:
            stub.append(line)
    if hole is not None:
        raise CatalogError(f"{name}:{start}: BEGIN SOLUTION is never closed by an END SOLUTION")
    return "\n".join(stub) + "\n"


def _task_above(lines: list[str], name: str, number: int) -> str:
    """The task of the TODO comment that ends right above a region."""
    for line in reversed(lines):
        found = TODO.match(line)
        if found:
            return found[1]
        if not line.lstrip().startswith("#"):
            break
    raise CatalogError(f"{name}:{number}: expected a comment `# TODO(task): ...` right above BEGIN SOLUTION")


def stub_of(reference: Path) -> str:
    """The stub that belongs to a reference file."""
    return make_stub(reference.read_text("utf-8"), reference.name)
