"""Makes the notebook of an exercise: its README to read, the library's way to run, the stub to fill, tasks to check.

Nothing in it is written by hand. A definition with a hole is a cell of its own, which nbgrader knows as a solution; a
task is checked below the last cell that it needs. The same exercise gives the same bytes, as nbformat would write them.
"""

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from grader.authoring.stubs import holes_in, stub_of
from grader.catalog import Exercise, Task
from grader.errors import UsageError

HOW_IT_WORKS = """\
This notebook is the whole exercise: text to read, the library's way to run, then your part. Where the text says
`{file}`, here are cells: fill those with a `TODO`, run them, and run the check below. It grades the definitions that
you ran so far, in a process of its own. `make check` and `make hint` are `g.check("{task}")` and `g.hint("{task}")`
here, and `{file}` stays as it is: hand in this notebook."""
YOUR_PART = "## Your part"
SETUP = "import grader.notebook as g"
TITLED_RULE = re.compile(r"^# -{8,} (\S.*)$")
"""parts of a stub are titled by these; a notebook has headings"""
DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Cell = dict[str, Any]


def make_notebook(exercise: Exercise, *, solved: bool = False) -> str:
    """The notebook's text, if asked with the solutions in their regions, as nbgrader wants it; raises UsageError."""
    if not exercise.reference.is_file():
        raise UsageError(f"{exercise.reference}: is missing; notebooks are generated from the references")
    stub = stub_of(exercise.reference)
    source = exercise.reference.read_text("utf-8") if solved else stub
    first = exercise.config.tasks[0].id
    cells = [
        _text("how-it-works", HOW_IT_WORKS.format(file=exercise.stub.name, task=first)),
        *_lesson(exercise),
        *_your_part(exercise, source, _holes(stub)),
    ]
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def is_stale(exercise: Exercise) -> bool:
    """Whether the notebook on disk is missing, or not what the exercise says."""
    return not exercise.notebook.is_file() or exercise.notebook.read_text("utf-8") != make_notebook(exercise)


def nbgrader_metadata(grade_id: str, **given: bool | float) -> dict[str, Any]:
    """What nbgrader must know of a cell: its name, and what of `grade`, `solution` and `locked` it is."""
    unless = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"schema_version": 3, "grade_id": grade_id, **unless, **given}


def _lesson(exercise: Exercise) -> Iterator[Cell]:
    """The README, a cell per section; what is Python in it becomes cells that run."""
    readme = exercise.folder / "README.md"
    text: list[str] = []
    fence = ""
    number = 0
    for line in readme.read_text("utf-8").splitlines() if readme.is_file() else []:
        starts = not fence and (line.startswith("## ") or line == "```python")
        ends = fence == "```python" and line == "```"
        if (starts or ends) and any(text):
            number += 1
            made = _code if ends else _text
            yield made(f"lesson-{number}", "\n".join(text))
            text = []
        if line.startswith("```"):
            fence = "" if fence else line
        if not (ends or line == "```python"):
            text.append(line)
    if any(text):
        yield _text(f"lesson-{number + 1}", "\n".join(text))


def _your_part(exercise: Exercise, source: str, holes: Mapping[str, set[str]]) -> Iterator[Cell]:
    """The statements of the stub in their order, and the check of a task below the last cell that it needs."""
    tree = ast.parse(source)
    yield _text("your-part", "\n\n".join(filter(None, (YOUR_PART, ast.get_docstring(tree)))))
    yield _code("setup", SETUP)
    needed = Counter(task for tasks in holes.values() for task in tasks)
    for number, (name, lines) in enumerate(_pieces(tree, source), start=1):
        for title in filter(None, map(TITLED_RULE.match, lines)):
            yield _text(f"part-{number}", f"### {title[1]}")
        text = "\n".join(line for line in lines if not TITLED_RULE.match(line))
        if name not in holes:
            yield _code(f"given-{number}", text)
            continue
        grade_id = f"{exercise.name}-{name}"
        cell = _code(grade_id, text)
        cell["metadata"]["nbgrader"] = nbgrader_metadata(grade_id, solution=True)
        yield cell
        for task in exercise.config.tasks:
            if task.id in holes[name]:
                needed[task.id] -= 1
                if not needed[task.id]:
                    yield _check(task)


def _check(task: Task) -> Cell:
    """The cell that checks a task: nbgrader reads the points that it has earned from what it says last."""
    grade_id = task.id.replace(".", "-")
    source = f'# {task.id} {task.title}: {task.points} points, about {task.minutes} minutes\ng.check("{task.id}")'
    cell = _code(grade_id, source)
    cell["metadata"]["nbgrader"] = nbgrader_metadata(grade_id, grade=True, locked=True, points=task.points)
    return cell


def _pieces(tree: ast.Module, source: str) -> Iterator[tuple[str, list[str]]]:
    """What the cells hold: each definition by its name, and the statements between two of them."""
    lines = source.splitlines()
    statements, done = tree.body, 0
    if ast.get_docstring(tree) is not None:
        done, statements = statements[0].end_lineno or 0, statements[1:]
    between: list[str] = []
    for statement in statements:
        end = _end(lines, statement)
        mine, done = lines[done:end], end
        if isinstance(statement, DEFINITION):
            if between:
                yield "", between
            yield statement.name, mine
            between = []
        else:
            between += mine
    if rest := between + lines[done:]:
        yield "", rest


def _end(lines: list[str], statement: ast.stmt) -> int:
    """The number of a statement's last line, with the comments in it that follow its code, such as an END SOLUTION."""
    end = after = statement.end_lineno or 0
    while after < len(lines) and lines[after].lstrip()[:1] in ("", "#"):
        after += 1
        if lines[after - 1].startswith((" ", "\t")):
            end = after
    return end


def _holes(stub: str) -> dict[str, set[str]]:
    """The tasks of the open holes in each definition that has any."""
    definitions = [statement for statement in ast.parse(stub).body if isinstance(statement, DEFINITION)]
    return {definition.name: holes for definition in definitions if (holes := holes_in(definition))}


def _text(cell_id: str, source: str) -> Cell:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": _lines(source)}


def _code(cell_id: str, source: str) -> Cell:
    cell = _text(cell_id, source)
    return cell | {"cell_type": "code", "execution_count": None, "outputs": []}


def _lines(source: str) -> list[str]:
    return source.strip("\n").splitlines(keepends=True)
