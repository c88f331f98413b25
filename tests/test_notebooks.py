"""The notebook of an exercise: what the stub, the README and the tasks say, as cells; and what students get of it."""

import json
import zipfile

import nbformat
import pytest

from grader.authoring.leaks import leaks, secrets_of
from grader.catalog import read_catalog

README = """\
# Vectors

Numbers in a row.

## The library way

```python
import numpy
```

It prints

```text
## nothing
```

## Reading
"""
STUB = '''\
"""What to do.

    laid out

And how.
"""

import os

# ------------------------------------------------- vectors.1
LIMIT = 3


def given():
    return LIMIT


def scaled(x, factor):
    # TODO(vectors.1): multiply
    ### BEGIN SOLUTION
    return x * factor
    ### END SOLUTION


# --- not a title


@given
class Mean:
    def one(self):
        # TODO(vectors.1): one
        ### BEGIN SOLUTION
        return 1
        ### END SOLUTION

    def two(self):
        # TODO(vectors.2): two
        ### BEGIN SOLUTION
        return 2
        ### END SOLUTION


LAST = 1
# the end
'''


@pytest.fixture
def rich(lesson):
    """A lesson whose exercise has all that a notebook shows."""
    (lesson.root / "exercises/vectors/README.md").write_text(README)
    (lesson.root / "solutions/vectors/vectors.py").write_text(STUB)
    assert lesson.run("stubs").status == 0
    return lesson


def notebook(lesson):
    """The generated notebook; nbformat finds nothing wrong with it."""
    ran = lesson.run("notebooks")
    assert (ran.status, ran.out) == (0, "exercises/vectors/vectors.ipynb: written\n"), ran.talk
    text = (lesson.root / "exercises/vectors/vectors.ipynb").read_text()
    found = nbformat.reads(text, as_version=4)
    nbformat.validate(found)
    assert nbformat.writes(found) + "\n" == text
    return found


def test_holds_the_lesson_and_the_stub_as_cells(rich):
    cells = [(cell.cell_type, cell.id, cell.source) for cell in notebook(rich).cells]
    assert cells[0][:2] == ("markdown", "how-it-works")
    assert cells[1:] == [
        ("markdown", "lesson-1", "# Vectors\n\nNumbers in a row."),
        ("markdown", "lesson-2", "## The library way"),
        ("code", "lesson-3", "import numpy"),
        ("markdown", "lesson-4", "It prints\n\n```text\n## nothing\n```"),
        ("markdown", "lesson-5", "## Reading"),
        ("markdown", "your-part", "## Your part\n\nWhat to do.\n\n    laid out\n\nAnd how."),
        ("code", "setup", "import grader.notebook as g"),
        ("markdown", "part-1", "### vectors.1"),
        ("code", "given-1", "import os\n\nLIMIT = 3"),
        ("code", "given-2", "def given():\n    return LIMIT"),
        (
            "code",
            "vectors-scaled",
            'def scaled(x, factor):\n    # TODO(vectors.1): multiply\n    raise NotImplementedError("vectors.1")',
        ),
        (
            "code",
            "vectors-Mean",
            "# --- not a title\n\n\n@given\nclass Mean:\n    def one(self):\n        # TODO(vectors.1): one\n"
            '        raise NotImplementedError("vectors.1")\n\n    def two(self):\n        # TODO(vectors.2): two\n'
            '        raise NotImplementedError("vectors.2")',
        ),
        ("code", "vectors-1", '# vectors.1 scaled: 2 points, about 3 minutes\ng.check("vectors.1")'),
        ("code", "vectors-2", '# vectors.2 mean: 4 points, about 5 minutes\ng.check("vectors.2")'),
        ("code", "given-5", "LAST = 1\n# the end"),
    ]


def test_tells_nbgrader_what_is_solved_and_what_is_graded(rich):
    marked = [cell.metadata.nbgrader for cell in notebook(rich).cells if "nbgrader" in cell.metadata]
    solution = {"schema_version": 3, "grade": False, "solution": True, "locked": False, "task": False}
    graded = {"schema_version": 3, "grade": True, "solution": False, "locked": True, "task": False}
    assert marked == [
        solution | {"grade_id": "vectors-scaled"},
        solution | {"grade_id": "vectors-Mean"},
        graded | {"grade_id": "vectors-1", "points": 2},
        graded | {"grade_id": "vectors-2", "points": 4},
    ]


def test_fresh_ones_are_left_alone(rich):
    path = rich.root / "exercises/vectors/vectors.ipynb"
    assert rich.run("notebooks", "--check").talk.startswith("grader: some notebooks are not what their exercises say")
    assert rich.run("notebooks").out == "exercises/vectors/vectors.ipynb: written\n"
    assert [rich.run("notebooks", *more).status for more in ([], ["--check"])] == [0, 0]
    path.write_text(path.read_text().replace("Vectors", "Vector"))
    assert rich.run("notebooks", "--check").out == "exercises/vectors/vectors.ipynb: stale\n"


def release(lesson):
    (lesson.root / "docs").mkdir()
    for name in (".gitignore", "LICENSE", "Makefile", "constraints.txt", "pyproject.toml", "docs/student.md"):
        (lesson.root / name).write_text("")
    return lesson.run("release")


def test_students_get_it(rich):
    made = notebook(rich)
    (rich.root / "exercises/vectors/drafts.ipynb").write_text("{}")
    assert release(rich).status == 0
    with zipfile.ZipFile(rich.root / "student.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".ipynb")]
        assert names == ["lesson/exercises/vectors/vectors.ipynb"]
        assert nbformat.reads(archive.read(names[0]).decode(), as_version=4) == made


def test_stale_one_is_not_released(rich):
    notebook(rich)
    (rich.root / "exercises/vectors/README.md").write_text("# Other vectors\n")
    assert "vectors.ipynb: is not what its exercise says; run `grader notebooks`" in release(rich).talk


def test_solution_in_a_notebook_is_found_across_its_lines(rich):
    """In the file of a notebook no passage of two lines stands as it is: each is in quotation marks."""
    solution = "    first = 'a line of the solution'\n    return first + ' and another one'\n"
    reference = rich.root / "solutions/vectors/vectors.py"
    reference.write_text(STUB.replace("    return x * factor\n", solution))
    secrets = secrets_of(read_catalog(rich.root).exercises[0])
    cell = {"cell_type": "markdown", "id": "told", "metadata": {}, "source": solution.splitlines(keepends=True)}
    content = json.dumps({"cells": [cell]}, indent=1).encode()
    names = ["vectors.ipynb", "vectors.json"]
    assert [name for name, _ in leaks(secrets, dict.fromkeys(names, content))] == ["vectors.ipynb"]
